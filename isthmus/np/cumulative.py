"""Running sums and products along an axis."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import scaled_intervals
from isthmus.errors import UsageError
from isthmus.graph.infer import one_axis, sum_dtype
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import product
from isthmus.trace.op import composite, primitive

from . import host_only
from .comparisons import equal, logical_and
from .conversion import asarray, astype
from .creation import full
from .manipulation import concat, reshape
from .searching import where
from .statistical import settled_dtype

__all__ = [
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
]


def _running_type(x: Type, axis: int | None, dtype: Any) -> Type:
    found = sum_dtype(x.dtype) if dtype is None else dtype
    if axis is None:
        return Type(found, (product(x.shape),))
    one_axis(axis, x.ndim)
    return Type(found, x.shape)


def _reversed(x: Any, axis: int) -> Any:
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


def _from_the_end(x: Any, axis: int) -> Any:
    """For each position the sum from it to the end of the axis."""
    return _reversed(cumsum(_reversed(x, axis), axis), axis)


def _lined(x: Any, axis: int | None) -> tuple[Any, int]:
    """x and the axis along which it is summed: all of x as one axis for None."""
    return (reshape(x, (-1,)), 0) if axis is None else (x, one_axis(axis, x.ndim))


def _cumsum_gradient(g: Any, y: Any, x: Any, axis: int | None, dtype: Any) -> tuple[Any]:
    return (reshape(_from_the_end(g, _lined(x, axis)[1]), x.shape),)


@primitive(
    infer=_running_type,
    cast_to="dtype",
    settled=settled_dtype,
    vjp=_cumsum_gradient,
    may_raise=False,
    interval=scaled_intervals.summed,
)
def cumsum(x: Any, /, axis: int | None = None, dtype: Any = None) -> Any:
    """x[0], x[0] + x[1], ... along an axis; of the flattened x for None.

    The result has x's shape, [size] for None. Integers narrower than 64 bits and truth values are
    summed in int64, unsigned ones in uint64, unless a dtype is given; other dtypes stay. Raises
    UsageError for an axis that is not there (AxisError on NumPy arrays).

    >>> from isthmus import np
    >>> np.cumsum([[1, 2], [3, 4]], axis=0)
    array([[1, 2],
           [4, 6]])
    """
    return numpy.cumsum(x, axis=axis, dtype=dtype)


def _cumprod_gradient(g: Any, y: Any, x: Any, axis: int | None, dtype: Any) -> tuple[Any]:
    """Sums of g * y / x from each position on; at the first 0 of the products without it."""
    line, along = _lined(x, axis)
    zero = equal(line, 0)
    zeros = cumsum(astype(zero, x.dtype), along)
    first = logical_and(zero, equal(zeros, 1))
    smooth = _from_the_end(g * y, along) / where(zero, 1, line)
    others = _from_the_end(g * cumprod(where(first, 1, line), along), along)
    return (reshape(where(equal(zeros, 0), smooth, where(first, others, 0)), x.shape),)


@primitive(
    infer=_running_type,
    cast_to="dtype",
    settled=settled_dtype,
    vjp=_cumprod_gradient,
    host_only=host_only.RUNNING,
)
def cumprod(x: Any, /, axis: int | None = None, dtype: Any = None) -> Any:
    """x[0], x[0] * x[1], ... along an axis; of the flattened x for None.

    The result has x's shape, [size] for None. Integers narrower than 64 bits and truth values are
    multiplied in int64, unsigned ones in uint64, unless a dtype is given; other dtypes stay. Raises
    UsageError for an axis that is not there (AxisError on NumPy arrays).

    >>> from isthmus import np
    >>> np.cumprod([1, 2, 3, 4])
    array([ 1,  2,  6, 24])
    """
    return numpy.cumprod(x, axis=axis, dtype=dtype)


@composite
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """cumsum along an axis, which may be left out for one axis; with a 0 before if wanted.

    include_initial: the axis is one longer. The dtype is that of `cumsum`. Raises UsageError for an
    axis that is not there, and where one of several is not given.

    >>> from isthmus import np
    >>> np.cumulative_sum([1, 2, 3], include_initial=True)
    array([0, 1, 3, 6])
    """
    x, axis = _with_axis(asarray(x), axis)
    return _begun(cumsum(x, axis, dtype), axis, 0, include_initial)


@composite
def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """cumprod along an axis, which may be left out for one axis; with a 1 before if wanted.

    include_initial: the axis is one longer. The dtype is that of `cumprod`. Raises UsageError for
    an axis that is not there, and where one of several is not given.

    >>> from isthmus import np
    >>> np.cumulative_prod([1, 2, 3], include_initial=True)
    array([1, 1, 2, 6])
    """
    x, axis = _with_axis(asarray(x), axis)
    return _begun(cumprod(x, axis, dtype), axis, 1, include_initial)


def _with_axis(x: Any, axis: int | None) -> tuple[Any, int]:
    """x with at least one axis, and the one that is meant."""
    x = x if x.ndim else reshape(x, (1,))
    if axis is None and x.ndim > 1:
        raise UsageError(f"{x.ndim} axes; give the one to go along as axis=")
    return x, one_axis(axis or 0, x.ndim)


def _begun(x: Any, axis: int, initial: int, wanted: bool) -> Any:
    if not wanted:
        return x
    first = full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), initial, x.dtype)
    return concat([first, x], axis=axis)
