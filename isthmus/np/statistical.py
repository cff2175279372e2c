"""Reductions. axis: an int, several, or None for all of them.

dtype: what the elements are cast to before they are added or multiplied; by default NumPy's
choice, which is the elements' own, but int64 or uint64 for smaller integers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from isthmus.analysis import needs
from isthmus.graph.dims import Dim
from isthmus.graph.infer import (
    BOOL,
    DType,
    axes_of,
    mean_dtype,
    reduced_shape,
    reduction,
    sum_dtype,
)
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import product
from isthmus.trace.op import composite, primitive

from . import masks
from .comparisons import equal
from .conversion import asarray, astype
from .elementwise import divide, subtract
from .manipulation import broadcast_to, reshape
from .searching import where
from .staged_sums import added_over_axes, sum_in_stages
from .variances import divided, freedom, freedom_lost, root, squared

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "std",
    "sum",
    "var",
]


def accumulation(dtype_of: Callable[[DType], DType]) -> Callable[..., Type]:
    """A rule for reductions whose dtype is the one asked for, else `dtype_of` the operand's."""

    def infer(x: Type, axis: Any, dtype: Any, keepdims: bool) -> Type:
        found = dtype_of(x.dtype) if dtype is None else dtype
        return Type(found, reduced_shape(x.shape, axis, keepdims))

    return infer


def settled_dtype(x: Type, dtype: Any, **others: Any) -> dict[str, Any]:
    """The attributes with the dtype, where one is given, as NumPy's object."""
    return {**others, "dtype": None if dtype is None else numpy.dtype(dtype)}


def _kept(g: Any, x: Any, axis: Any) -> Any:
    """A reduced array with its axes back, of size 1."""
    return reshape(g, reduced_shape(x.shape, axis, keepdims=True))


def _sum_gradient(g: Any, y: Any, x: Any, axis: Any, **_: Any) -> tuple[Any]:
    return (broadcast_to(_kept(g, x, axis), x.shape),)


def _mean_gradient(g: Any, y: Any, x: Any, axis: Any, **_: Any) -> tuple[Any]:
    return (broadcast_to(_kept(g, x, axis) / elements(x, axis), x.shape),)


def _extreme_gradient(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    """Elements that share the extreme share the gradient."""
    chosen = astype(equal(x, _kept(y, x, axis)), x.dtype)
    return (_kept(g, x, axis) * chosen / sum(chosen, axis=axis, keepdims=True),)


def _prod_gradient(g: Any, y: Any, x: Any, axis: Any, **_: Any) -> tuple[Any]:
    """The product of the others; y / x except where x is the only 0 among them."""
    zero = equal(x, 0)
    filled = where(zero, 1, x)
    lone = equal(sum(astype(zero, x.dtype), axis=axis, keepdims=True), 1)
    others = where(lone, prod(filled, axis=axis, keepdims=True), 0)
    return (_kept(g, x, axis) * where(zero, others, _kept(y, x, axis) / filled),)


def _sum_in_stages(x: Any, axis: Any, dtype: Any, keepdims: bool) -> Any:
    return sum_in_stages(sum, x, axis, keepdims)


def mean_in_stages(x: Any, axis: Any, dtype: Any, keepdims: bool) -> Any:
    return divide(sum_in_stages(sum, x, axis, keepdims), elements(x, axis))


def elements(x: Any, axis: Any) -> int | Dim:
    """How many elements of x are reduced to one."""
    return product(x.shape[i] for i in axes_of(axis, x.ndim))


def _as_truth(_: Any) -> list[Any]:
    return [BOOL]


@primitive(
    infer=reduction(lambda _: BOOL), promote=_as_truth, may_raise=False, masked=masks.truth("all")
)
def all(x: Any, /, axis: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """Whether every element is true: not 0. True of none.

    axis: an int, several or None for all. where: a mask of the elements that count. Result: bool.
    Raises UsageError for an axis that x lacks; of a NumPy array NumPy's AxisError. As `numpy.all`.

    >>> from isthmus import np
    >>> np.all(np.asarray([[1, 0], [2, 3]]), axis=1)
    array([False,  True])
    """
    return numpy.all(x, axis=axis, keepdims=keepdims, **masks.given(where))


@primitive(
    infer=reduction(lambda _: BOOL), promote=_as_truth, may_raise=False, masked=masks.truth("any")
)
def any(x: Any, /, axis: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """Whether some element is true: not 0. False of none.

    axis: an int, several or None for all. where: a mask of the elements that count. Result: bool.
    Raises UsageError for an axis that x lacks; of a NumPy array NumPy's AxisError. As `numpy.any`.

    >>> from isthmus import np
    >>> np.any(np.asarray([[0, 0], [2, 0]]), axis=1)
    array([False,  True])
    """
    return numpy.any(x, axis=axis, keepdims=keepdims, **masks.given(where))


@primitive(
    infer=reduction(lambda dtype: dtype),
    vjp=_extreme_gradient,
    may_raise=False,
    needs=needs.not_empty,
    masked=masks.extreme("maximum"),
)
def max(
    x: Any,
    /,
    axis: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The largest element; NaN if one is.

    axis: an int, several or None for all. initial: one more element; where: a mask of the elements
    that count, which takes an initial. Result: x's dtype. Raises UsageError for an axis that x
    lacks; of a NumPy array NumPy's AxisError, and ValueError of no elements. As `numpy.max`.

    >>> from isthmus import np
    >>> np.max(np.asarray([[1, 5], [7, 2]]), axis=0)
    array([7, 5])
    """
    return numpy.max(x, axis=axis, keepdims=keepdims, **masks.given(where, initial))


@primitive(
    infer=reduction(lambda dtype: dtype),
    vjp=_extreme_gradient,
    may_raise=False,
    needs=needs.not_empty,
    masked=masks.extreme("minimum"),
)
def min(
    x: Any,
    /,
    axis: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The smallest element; NaN if one is.

    axis: an int, several or None for all. initial: one more element; where: a mask of the elements
    that count, which takes an initial. Result: x's dtype. Raises UsageError for an axis that x
    lacks; of a NumPy array NumPy's AxisError, and ValueError of no elements. As `numpy.min`.

    >>> from isthmus import np
    >>> np.min(np.asarray([[1, 5], [7, 2]]), axis=0)
    array([1, 2])
    """
    return numpy.min(x, axis=axis, keepdims=keepdims, **masks.given(where, initial))


amax, amin = max, min


@composite
def ptp(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """max(x) - min(x)

    The arguments, the result's dtype and the errors are those of `max`. As `numpy.ptp`.

    >>> from isthmus import np
    >>> np.ptp(np.asarray([[1, 5], [7, 2]]), axis=1)
    array([4, 5])
    """
    x = asarray(x)
    return subtract(max(x, axis, keepdims=keepdims), min(x, axis, keepdims=keepdims))


@primitive(
    infer=accumulation(mean_dtype),
    cast_to="dtype",
    settled=settled_dtype,
    vjp=_mean_gradient,
    may_raise=False,
    adds=added_over_axes,
    in_stages=mean_in_stages,
    masked=masks.mean,
)
def mean(
    x: Any,
    /,
    axis: Any = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    where: Any = True,
) -> Any:
    """The sum divided by the number of elements.

    axis: an int, several or None for all. where: a mask of the elements that count. Result:
    `dtype`, else x's floating dtype, float64 of integers. Raises UsageError for an axis that x
    lacks; of a NumPy array NumPy's AxisError. As `numpy.mean`.

    >>> from isthmus import np
    >>> np.mean(np.asarray([[1, 2], [3, 4]]), axis=0)
    array([2., 3.])
    """
    return numpy.mean(x, axis=axis, dtype=dtype, keepdims=keepdims, **masks.given(where))


@primitive(
    infer=accumulation(sum_dtype),
    cast_to="dtype",
    settled=settled_dtype,
    vjp=_prod_gradient,
    may_raise=False,
    masked=masks.sum_or_product(1, "multiply"),
)
def prod(
    x: Any,
    /,
    axis: Any = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The product of the elements; small ints are multiplied as int64. 1 of none.

    axis: an int, several or None for all. initial: one more factor; where: a mask of the elements
    that count. Result: `dtype`, else x's, but int64 or uint64 of smaller integers. Raises
    UsageError for an axis that x lacks; of a NumPy array NumPy's AxisError. As `numpy.prod`.

    >>> from isthmus import np
    >>> np.prod(np.asarray([[1, 2], [3, 4]]), axis=0)
    array([3, 8])
    """
    return numpy.prod(x, axis=axis, dtype=dtype, keepdims=keepdims, **masks.given(where, initial))


@primitive(
    infer=accumulation(sum_dtype),
    cast_to="dtype",
    settled=settled_dtype,
    vjp=_sum_gradient,
    may_raise=False,
    adds=added_over_axes,
    in_stages=_sum_in_stages,
    masked=masks.sum_or_product(0, "add"),
)
def sum(
    x: Any,
    /,
    axis: Any = None,
    dtype: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The sum of the elements; small ints are added as int64. 0 of none.

    axis: an int, several or None for all. initial: one more summand; where: a mask of the elements
    that count. Result: `dtype`, else x's, but int64 or uint64 of smaller integers. Raises
    UsageError for an axis that x lacks; of a NumPy array NumPy's AxisError. As `numpy.sum`.

    >>> from isthmus import np
    >>> np.sum(np.asarray([[1, 2], [3, 4]]), axis=0)
    array([4, 6])
    """
    return numpy.sum(x, axis=axis, dtype=dtype, keepdims=keepdims, **masks.given(where, initial))


@masks.masked(masks.std)
def std(
    x: Any,
    /,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    where: Any = True,
) -> Any:
    """sqrt(var(x)): the standard deviation.

    The arguments and the result's dtype are those of `var`. Raises UsageError for an integer dtype,
    and for ddof beside `correction`. As `numpy.std`.

    >>> from isthmus import np
    >>> np.std(np.asarray([[1.0, 4.0], [3.0, 8.0]]), axis=0)
    array([1., 2.])
    """
    return root(var(x, axis, dtype, ddof=ddof, keepdims=keepdims, correction=correction))


@masks.masked(masks.var)
def var(
    x: Any,
    /,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    correction: float | None = None,
    where: Any = True,
) -> Any:
    """sum(|x - mean(x)|**2) / max(n - ddof, 0), of n elements; `correction` also means ddof.

    axis: an int, several or None for all. where: a mask of the elements that count. Result:
    `dtype`, else x's floating dtype, real of a complex one and float64 of integers. Raises
    UsageError for ddof beside `correction`, and for an axis that x lacks (NumPy arrays: AxisError).
    As `numpy.var`.

    >>> from isthmus import np
    >>> np.var(np.asarray([[1.0, 4.0], [3.0, 8.0]]), axis=0, ddof=1)
    array([2., 8.])
    """
    x, lost = asarray(x), freedom_lost(ddof, correction)
    squares = squared(x - _center(x, axis, dtype))
    if lost == 0 and dtype is None and squares.dtype != numpy.float16:
        return mean(squares, axis=axis, keepdims=keepdims)
    total = sum(squares, axis, dtype, keepdims=keepdims)
    return divided(total, freedom(elements(x, axis), lost, total.dtype))


def _center(x: Any, axis: Any, dtype: Any) -> Any:
    """The mean as NumPy's variance takes it: float16 is added as it is."""
    if dtype is None and x.dtype != numpy.float16:
        return mean(x, axis=axis, keepdims=True)
    return divided(sum(x, axis, dtype, keepdims=True), elements(x, axis))
