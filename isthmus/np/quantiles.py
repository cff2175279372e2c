"""Medians and quantiles. q: a number or an array of shares; percentiles are shares of 100.

Results have the axes of q before those that are left of x.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.infer import DType, axes_of, mean_dtype, reduced_shape, reduction
from isthmus.graph.nodes import Type
from isthmus.trace.op import primitive

from . import host_only
from .comparisons import isnan, less, logical_and, logical_not
from .conversion import asarray, astype
from .creation import full
from .elementwise import abs, maximum, sign, subtract
from .manipulation import permute_dims, reshape
from .order import ranks
from .searching import where
from .statistical import sum

__all__ = [
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "percentile",
    "quantile",
]

# The gradient. An element's weight in a quantile is 1 - its distance, in ranks, to the place
# q * (n - 1) of the quantile, and 0 from a distance of 1 on.


def _lines(x: Any, axis: Any) -> tuple[Any, Callable[[Any], Any]]:
    """x with the reduced axes as one, the last; and the way back."""
    gone = axes_of(axis, x.ndim)
    order = (*(i for i in range(x.ndim) if i not in gone), *gone)
    sizes = tuple(x.shape[i] for i in order)
    line = reshape(permute_dims(x, order), (*sizes[: x.ndim - len(gone)], -1))
    back = tuple(order.index(i) for i in range(x.ndim))
    return line, lambda found: permute_dims(reshape(found, sizes), back)


def _shared(g: Any, x: Any, share: Any, axis: Any) -> tuple[Any, Any]:
    """The gradients by x and by the shares; elements that are NaN do not count."""
    line, back = _lines(x, axis)
    known = logical_not(isnan(line))
    last = subtract(sum(known, axis=-1, dtype=x.dtype, keepdims=True), 1)
    apart = subtract(ranks(line, -1), reshape(share, (-1, *(1,) * line.ndim)) * last)
    g = reshape(g, (-1, *line.shape[:-1], 1))
    near = maximum(subtract(1, abs(apart)), 0)
    slope = where(logical_and(known, less(abs(apart), 1)), sign(apart), 0)
    rise = sum(g * slope * where(known, line, 0) * last, axis=tuple(range(1, line.ndim + 1)))
    return back(sum(g * near, axis=0)), reshape(rise, share.shape)


def _gradient(whole: float) -> Callable[..., tuple[Any, Any]]:
    def vjp(
        g: Any, y: Any, x: Any, q: Any, at: Any, axis: Any, method: str, keepdims: bool
    ) -> tuple[Any, Any]:
        if method != "linear":
            raise UsageError(f"the gradient of quantiles by {method!r}; use method='linear'")
        share = full((), at, x.dtype) if q is None else astype(q, x.dtype)
        of_x, of_share = _shared(g, x, share / whole, axis)
        return of_x, None if q is None else of_share / whole

    return vjp


def _median_gradient(g: Any, y: Any, x: Any, axis: Any, **_: Any) -> tuple[Any]:
    return (_shared(g, x, full((), 0.5, x.dtype), axis)[0],)


@primitive(infer=reduction(mean_dtype), vjp=_median_gradient, host_only=host_only.SORTED)
def median(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The middle element when sorted, or the mean of the middle two; NaN if an element is.

    axis: an int, several or None for all. Result: the dtype of `mean`. Raises UsageError for an
    axis that x lacks; of a NumPy array NumPy's AxisError. As `numpy.median`.

    >>> from isthmus import np
    >>> np.median(np.asarray([[7, 1, 2], [6, 4, 5]]), axis=1)
    array([2., 5.])
    """
    return numpy.median(x, axis=axis, keepdims=keepdims)


@primitive(infer=reduction(mean_dtype), vjp=_median_gradient, host_only=host_only.SORTED)
def nanmedian(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The median of the elements that are not NaN; NaN if there are none.

    The arguments, the result's dtype and the errors are those of `median`. As `numpy.nanmedian`.

    >>> from isthmus import np
    >>> np.nanmedian(np.asarray([7.0, np.nan, 1.0, 2.0]))
    np.float64(2.0)
    """
    return numpy.nanmedian(x, axis=axis, keepdims=keepdims)


@lru_cache(typed=True)
def _dtype(function: Any, x: DType, q: DType | None, at: Any, method: Any) -> DType:
    """NumPy's dtype of quantiles: that of x where q is a Python number, as a rule."""
    share = at if q is None else numpy.zeros((), q)
    found: DType = function(numpy.ones(1, x), share, method=method).dtype
    return found


def _type_of(function: Any) -> Callable[..., Type]:
    def infer(x: Type, q: Type | None, at: Any, axis: Any, method: str, keepdims: bool) -> Type:
        dtype = _dtype(function, x.dtype, q and q.dtype, at, method)
        before = () if q is None else q.shape
        return Type(dtype, (*before, *reduced_shape(x.shape, axis, keepdims)))

    return infer


@primitive(infer=_type_of(numpy.quantile), vjp=_gradient(1), host_only=host_only.SORTED)
def _quantile(x: Any, q: Any, /, at: Any, axis: Any, method: Any, keepdims: bool) -> Any:
    share = at if q is None else q
    return numpy.quantile(x, share, axis=axis, method=method, keepdims=keepdims)


@primitive(infer=_type_of(numpy.percentile), vjp=_gradient(100), host_only=host_only.SORTED)
def _percentile(x: Any, q: Any, /, at: Any, axis: Any, method: Any, keepdims: bool) -> Any:
    share = at if q is None else q
    return numpy.percentile(x, share, axis=axis, method=method, keepdims=keepdims)


@primitive(infer=_type_of(numpy.nanquantile), vjp=_gradient(1), host_only=host_only.SORTED)
def _nanquantile(x: Any, q: Any, /, at: Any, axis: Any, method: Any, keepdims: bool) -> Any:
    share = at if q is None else q
    return numpy.nanquantile(x, share, axis=axis, method=method, keepdims=keepdims)


@primitive(infer=_type_of(numpy.nanpercentile), vjp=_gradient(100), host_only=host_only.SORTED)
def _nanpercentile(x: Any, q: Any, /, at: Any, axis: Any, method: Any, keepdims: bool) -> Any:
    share = at if q is None else q
    return numpy.nanpercentile(x, share, axis=axis, method=method, keepdims=keepdims)


def _asked(op: Any, x: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Any:
    """The call with a Python number, which does not widen the dtype, apart from other shares."""
    weak = type(q) in (int, float)
    given, at = (None, q) if weak else (asarray(q), None)
    return op(x, given, at=at, axis=axis, method=method, keepdims=keepdims)


def quantile(
    x: Any, /, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """The value that the share q of the elements is not above, by `method`.

    q: 0 to 1, a number or an array, whose axes come first in the result. method: one of NumPy's;
    "linear" takes the place q * (n - 1) of the sorted elements, and is the only one with a gradient
    (else UsageError). Result: x's floating dtype, float64 of integers, common with that of q if q
    is an array. Raises ValueError for a q outside, UsageError for an axis that x lacks (NumPy
    arrays: AxisError). As `numpy.quantile`.

    >>> from isthmus import np
    >>> np.quantile(np.asarray([1.0, 2.0, 4.0]), np.asarray([0.25, 0.5]))
    array([1.5, 2. ])
    """
    return _asked(_quantile, x, q, axis, method, keepdims)


def percentile(
    x: Any, /, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """quantile(x, q / 100), with q from 0 to 100.

    The arguments, the result's dtype and the errors are those of `quantile`. As `numpy.percentile`.

    >>> from isthmus import np
    >>> np.percentile(np.asarray([1.0, 2.0, 4.0]), 25)
    np.float64(1.5)
    """
    return _asked(_percentile, x, q, axis, method, keepdims)


def nanquantile(
    x: Any, /, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """The quantile of the elements that are not NaN; NaN if there are none.

    The arguments, the result's dtype and the errors are those of `quantile`. As
    `numpy.nanquantile`.

    >>> from isthmus import np
    >>> np.nanquantile(np.asarray([1.0, np.nan, 2.0, 4.0]), 0.25)
    np.float64(1.5)
    """
    return _asked(_nanquantile, x, q, axis, method, keepdims)


def nanpercentile(
    x: Any, /, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """nanquantile(x, q / 100), with q from 0 to 100.

    The arguments, the result's dtype and the errors are those of `quantile`. As
    `numpy.nanpercentile`.

    >>> from isthmus import np
    >>> np.nanpercentile(np.asarray([1.0, np.nan, 2.0, 4.0]), 25)
    np.float64(1.5)
    """
    return _asked(_nanpercentile, x, q, axis, method, keepdims)
