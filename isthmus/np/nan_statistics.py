"""Statistics of the elements that are not NaN. Arrays of integers have no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from isthmus.errors import WrongKind
from isthmus.graph.infer import INT64, reduction
from isthmus.trace.op import composite, primitive

from . import host_only
from .comparisons import isnan, less_equal, logical_not
from .complex_numbers import conj, real
from .conversion import asarray, astype
from .cumulative import cumprod, cumsum
from .elementwise import multiply, subtract
from .exponents import square
from .searching import where
from .statistical import all, max, mean, min, prod, sum, var
from .variances import divided, freedom_lost, root

__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def _has_nan(x: Any) -> bool:
    """Whether x is of a dtype that has NaN."""
    return x.dtype.kind in "fc"


def _without(x: Any, filler: Any) -> Any:
    """x with the filler in place of each NaN."""
    x = asarray(x)
    return where(isnan(x), filler, x) if _has_nan(x) else x


@composite
def nansum(x: Any, /, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The sum of the elements that are not NaN; 0 of none.

    axis, dtype and keepdims as of `sum`, and so the result's dtype. As `numpy.nansum`.

    >>> from isthmus import np
    >>> np.nansum(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=0)
    array([4., 4.])
    """
    return sum(_without(x, 0), axis, dtype, keepdims=keepdims)


@composite
def nanprod(x: Any, /, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The product of the elements that are not NaN; 1 of none.

    axis, dtype and keepdims as of `prod`, and so the result's dtype. As `numpy.nanprod`.

    >>> from isthmus import np
    >>> np.nanprod(np.asarray([[2.0, np.nan], [3.0, 4.0]]), axis=0)
    array([6., 4.])
    """
    return prod(_without(x, 1), axis, dtype, keepdims=keepdims)


@composite
def nancumsum(x: Any, /, axis: int | None = None, dtype: Any = None) -> Any:
    """cumsum with 0 for each NaN: y[i] = x[0] + ... + x[i] along an axis, or of x flat for None.

    Result: the dtype of `cumsum`. As `numpy.nancumsum`.

    >>> from isthmus import np
    >>> np.nancumsum(np.asarray([1.0, np.nan, 3.0]))
    array([1., 1., 4.])
    """
    return cumsum(_without(x, 0), axis, dtype)


@composite
def nancumprod(x: Any, /, axis: int | None = None, dtype: Any = None) -> Any:
    """cumprod with 1 for each NaN: y[i] = x[0] * ... * x[i] along an axis, or of x flat for None.

    Result: the dtype of `cumprod`. As `numpy.nancumprod`.

    >>> from isthmus import np
    >>> np.nancumprod(np.asarray([2.0, np.nan, 3.0]))
    array([2., 2., 6.])
    """
    return cumprod(_without(x, 1), axis, dtype)


@composite
def nanmax(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The largest of the elements that are not NaN; NaN of none.

    axis: an int, several or None for all. Result: x's dtype. As `numpy.nanmax`, without its
    warnings.

    >>> from isthmus import np
    >>> np.nanmax(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=1)
    array([1., 4.])
    """
    return _extreme(max, asarray(x), -numpy.inf, axis, keepdims)


@composite
def nanmin(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The smallest of the elements that are not NaN; NaN of none.

    axis: an int, several or None for all. Result: x's dtype. As `numpy.nanmin`, without its
    warnings.

    >>> from isthmus import np
    >>> np.nanmin(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=0)
    array([1., 4.])
    """
    return _extreme(min, asarray(x), numpy.inf, axis, keepdims)


def _extreme(function: Callable[..., Any], x: Any, last: float, axis: Any, keepdims: bool) -> Any:
    if not _has_nan(x):
        return function(x, axis, keepdims=keepdims)
    filler = complex(last, last) if x.dtype.kind == "c" else last
    found = function(_without(x, filler), axis, keepdims=keepdims)
    return _number(where(all(isnan(x), axis, keepdims=keepdims), numpy.nan, found))


def _number(found: Any) -> Any:
    """Of no axes NumPy's scalar, as its reductions give it; `where` gives an array."""
    return found[()] if isinstance(found, numpy.ndarray) and not found.ndim else found


@composite
def nanmean(x: Any, /, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The mean of the elements that are not NaN; NaN of none.

    axis, dtype and keepdims as of `mean`, and so the result's dtype. Raises UsageError for floats
    with an integer dtype. As `numpy.nanmean`.

    >>> from isthmus import np
    >>> np.nanmean(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=0)
    array([2., 4.])
    """
    x = asarray(x)
    if not _has_nan(x):
        return mean(x, axis, dtype, keepdims=keepdims)
    total = sum(_without(x, 0), axis, dtype, keepdims=keepdims)
    return divided(total, _count(x, total.dtype, axis, keepdims))


def _count(x: Any, dtype: Any, axis: Any, keepdims: bool) -> Any:
    """How many elements are not NaN, in the floats that NumPy's quotient by it is rounded from."""
    if dtype.kind not in "fc":
        raise WrongKind(f"dtype {dtype} of {x.dtype} elements; give a floating one")
    wide = numpy.float32 if dtype in (numpy.float16, numpy.float32) else numpy.float64
    return sum(logical_not(isnan(x)), axis, wide, keepdims=keepdims)


@composite
def nanvar(
    x: Any,
    /,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Any:
    """The variance of the elements that are not NaN; NaN where they are no more than ddof.

    The arguments are those of `var`, and so is the result's dtype. Raises UsageError for floats
    with an integer dtype, and for ddof beside `correction`. As `numpy.nanvar`.

    >>> from isthmus import np
    >>> np.nanvar(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=0)
    array([1., 0.])
    """
    x, lost = asarray(x), freedom_lost(ddof, correction)
    if not _has_nan(x):
        return var(x, axis, dtype, ddof=lost, keepdims=keepdims)
    total = sum(_without(x, 0), axis, dtype, keepdims=True)
    middle = divided(total, _count(x, total.dtype, axis, True))
    apart = where(isnan(x), 0, astype(subtract(x, middle), x.dtype))
    squares = square(apart) if x.dtype.kind == "f" else real(multiply(apart, conj(apart)))
    total = sum(squares, axis, dtype, keepdims=keepdims)
    left = subtract(_count(x, total.dtype, axis, keepdims), lost)
    return _number(where(less_equal(left, 0), numpy.nan, divided(total, left)))


@composite
def nanstd(
    x: Any,
    /,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
) -> Any:
    """sqrt(nanvar(x)): the standard deviation of the elements that are not NaN.

    The arguments are those of `std`, and so is the result's dtype. Raises UsageError for an integer
    dtype, and for ddof beside `correction`. As `numpy.nanstd`.

    >>> from isthmus import np
    >>> np.nanstd(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=0)
    array([1., 0.])
    """
    return root(nanvar(x, axis, dtype, ddof=ddof, keepdims=keepdims, correction=correction))


@primitive(infer=reduction(lambda _: INT64), host_only=host_only.SEARCHED)
def nanargmax(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """The position of the largest element that is not NaN, the first of several, as int64.

    axis: an int, or None for the position in x flat. Raises ValueError where all elements are NaN.
    As `numpy.nanargmax`.

    >>> from isthmus import np
    >>> np.nanargmax(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=1)
    array([0, 1])
    """
    return numpy.nanargmax(x, axis=axis, keepdims=keepdims)


@primitive(infer=reduction(lambda _: INT64), host_only=host_only.SEARCHED)
def nanargmin(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """The position of the smallest element that is not NaN, the first of several, as int64.

    axis: an int, or None for the position in x flat. Raises ValueError where all elements are NaN.
    As `numpy.nanargmin`.

    >>> from isthmus import np
    >>> np.nanargmin(np.asarray([[1.0, np.nan], [3.0, 4.0]]), axis=1)
    array([0, 0])
    """
    return numpy.nanargmin(x, axis=axis, keepdims=keepdims)
