"""Rules that give a result's type from the operands' types, named once and shared by operators.

A rule is called as `infer(*types, **attributes)`. The elementwise ones also carry
`promote`, which says to which dtypes the operands are cast before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy

from isthmus.errors import DimensionError, IndexOutside, UsageError, WrongKind

from .dims import Dim, Shape, equal
from .nodes import Type
from .shapes import broadcast, product
from .whole import whole, wholes

__all__ = [
    "BOOL",
    "FLOAT64",
    "INT64",
    "DType",
    "Elementwise",
    "as_numpy",
    "axes_of",
    "cast",
    "comparison",
    "elementwise",
    "floating",
    "logical",
    "matrix_product",
    "mean_dtype",
    "one_axis",
    "quotient",
    "reduced_shape",
    "reduction",
    "reshaped",
    "selection",
    "sum_dtype",
]

DType = numpy.dtype[Any]
BOOL = numpy.dtype(bool)
INT64 = numpy.dtype(numpy.int64)
FLOAT64 = numpy.dtype(numpy.float64)


class Elementwise:
    """Broadcast shapes; the dtype is what the function `result` makes of the operands' dtype.

    `common` says how operands are cast first: to NumPy's common dtype, to bool, or not.

    >>> import isthmus as im
    >>> from isthmus.extend import Elementwise
    >>> doubled = Elementwise(lambda dtype: dtype)
    >>> doubled(im.spec("float32", ["n", 1]), im.spec("float32", [3]))
    float32[n, 3]
    """

    def __init__(self, result: Callable[[DType], DType], common: str = "numpy") -> None:
        self.result = result
        self.common = common

    def promote(self, *operands: Any) -> list[DType]:
        if self.common == "bool":
            return [BOOL] * len(operands)
        dtype = numpy.result_type(*operands)
        return [dtype if self.common == "same" else _computed(self.result, dtype)] * len(operands)

    def __call__(self, *types: Type, **_: Any) -> Type:
        dtype = self.result(types[0].dtype)
        return Type(dtype, broadcast(*(t.shape for t in types)))


def _computed(result: Callable[[DType], DType], dtype: DType) -> DType:
    """The dtype in which NumPy computes: the result's, unless that is a truth value."""
    found = result(dtype)
    return dtype if found == BOOL else found


@cache
def _float_of(dtype: DType) -> DType:
    """The dtype of NumPy's exp of this dtype."""
    if dtype.kind in "fc":
        return dtype
    found: DType = numpy.exp(numpy.empty(0, dtype)).dtype
    return found


@cache
def _float_quotient(dtype: DType) -> DType:
    """The dtype of NumPy's true division of this dtype."""
    found: DType = numpy.divide(numpy.empty(0, dtype), numpy.empty(0, dtype)).dtype
    return found


def as_numpy(function: Callable[..., Any], common: str = "numpy") -> Elementwise:
    """The rule of an elementwise function whose dtype is the one that NumPy's function gives.

    common: "numpy" computes in the result's dtype; "same" in the operands' common dtype, as
    for a complex operand with a real result.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus.extend import as_numpy
    >>> as_numpy(numpy.isnan, "same")(im.spec("complex64", ["n"]))
    bool[n]
    """

    @cache
    def result(dtype: DType) -> DType:
        operands = [numpy.ones(1, dtype)] * getattr(function, "nin", 1)
        try:
            with numpy.errstate(all="ignore"):
                found = function(*operands)
        except TypeError:
            name = getattr(function, "__name__", "the function")
            raise WrongKind(f"{name} does not take {dtype}; cast it first") from None
        found_dtype: DType = (found[0] if isinstance(found, tuple) else found).dtype
        return found_dtype

    return Elementwise(result, common)


elementwise = Elementwise(lambda dtype: dtype)
floating = Elementwise(_float_of)
quotient = Elementwise(_float_quotient)
comparison = Elementwise(lambda _: BOOL)
logical = Elementwise(lambda _: BOOL, common="bool")


def selection(condition: Type, x: Type, y: Type) -> Type:
    """`where(condition, x, y)`: the dtype of x and y, all three broadcast.

    >>> import isthmus as im
    >>> from isthmus.extend import selection
    >>> selection(im.spec("bool", ["n"]), im.spec("int32"), im.spec("int32", [2, 1]))
    int32[2, n]
    """
    return Type(x.dtype, broadcast(condition.shape, x.shape, y.shape))


def _promote_selection(_: Any, x: Any, y: Any) -> list[DType]:
    dtype = numpy.result_type(x, y)
    return [BOOL, dtype, dtype]


selection.promote = _promote_selection  # type: ignore[attr-defined]


def cast(x: Type, dtype: Any, **_: Any) -> Type:
    """The same shape, another dtype.

    >>> import isthmus as im
    >>> from isthmus.extend import cast
    >>> cast(im.spec("int32", ["n"]), "float32")
    float32[n]
    """
    return Type(numpy.dtype(dtype), x.shape)


def axes_of(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes as non-negative ints, ascending; all of them for None. UsageError for one twice.

    >>> from isthmus.extend import axes_of
    >>> axes_of((-1, 0), 3), axes_of(None, 2)
    ((0, 2), (0, 1))
    """
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(sorted(one_axis(a, ndim) for a in wholes(axis)))
    if len(set(axes)) < len(axes):
        raise UsageError(f"axes {axis}: one is given twice; give each once")
    return axes


def one_axis(axis: int, ndim: int) -> int:
    """An axis as a non-negative int; IndexOutside, a UsageError, if the array has no such axis.

    >>> from isthmus.extend import one_axis
    >>> one_axis(-1, 3)
    2
    """
    axis = whole(axis)
    if not -ndim <= axis < ndim:
        raise IndexOutside(
            f"axis {axis} of an array with {ndim} axes; give one in {-ndim}..{ndim - 1}"
        )
    return axis % ndim


def reduced_shape(shape: Shape, axis: Any, keepdims: bool) -> Shape:
    """The shape after a reduction over axis.

    >>> from isthmus.extend import reduced_shape
    >>> reduced_shape((2, 3, 4), axis=1, keepdims=True)
    (2, 1, 4)
    """
    gone = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if i in gone else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def reduction(dtype_of: Callable[[DType], DType]) -> Callable[..., Type]:
    """A rule for reductions over `axis`, whose dtype is `dtype_of` the operand's.

    >>> import isthmus as im
    >>> from isthmus.extend import reduction, sum_dtype
    >>> reduction(sum_dtype)(im.spec("int32", ["n", 3]), axis=1)
    int64[n]
    """

    def infer(x: Type, axis: Any = None, keepdims: bool = False, **_: Any) -> Type:
        return Type(dtype_of(x.dtype), reduced_shape(x.shape, axis, keepdims))

    return infer


@cache
def sum_dtype(dtype: DType) -> DType:
    """The dtype NumPy sums this dtype in (int32 sums to int64).

    >>> import numpy
    >>> from isthmus.extend import sum_dtype
    >>> sum_dtype(numpy.dtype("int32")), sum_dtype(numpy.dtype("float32"))
    (dtype('int64'), dtype('float32'))
    """
    found: DType = numpy.sum(numpy.empty(0, dtype)).dtype
    return found


@cache
def mean_dtype(dtype: DType) -> DType:
    """The dtype of NumPy's mean of this dtype.

    >>> import numpy
    >>> from isthmus.extend import mean_dtype
    >>> mean_dtype(numpy.dtype("int32"))
    dtype('float64')
    """
    return dtype if dtype.kind in "fc" else FLOAT64


def matrix_product(x: Type, y: Type) -> Type:
    """x: [..., M, K], y: [..., K, N] -> [..., M, N]; 1-d operands as in NumPy.

    >>> import isthmus as im
    >>> from isthmus.extend import matrix_product
    >>> matrix_product(im.spec("float32", ["n", 2, 3]), im.spec("float32", [3, 4]))
    float32[n, 2, 4]
    """
    if not x.ndim or not y.ndim:
        raise UsageError("matmul needs at least one axis on each side; use * for scalars")
    left = x.shape if x.ndim > 1 else (1, *x.shape)
    right = y.shape if y.ndim > 1 else (*y.shape, 1)
    if not equal(left[-1], right[-2]):
        raise DimensionError(f"inner sizes {left[-1]} and {right[-2]} differ")
    rows = left[-2:-1] if x.ndim > 1 else ()
    columns = right[-1:] if y.ndim > 1 else ()
    return Type(x.dtype, (*broadcast(left[:-2], right[:-2]), *rows, *columns))


matrix_product.promote = elementwise.promote  # type: ignore[attr-defined]


def reshaped(shape: Shape, wanted: Sequence[int | Dim] | int | Dim) -> Shape:
    """The shape NumPy's reshape gives, with one -1 solved for."""
    sizes = wholes(wanted)
    free = [i for i, size in enumerate(sizes) if not isinstance(size, Dim) and size == -1]
    total = product(shape)
    if len(free) > 1:
        raise UsageError(f"reshape to {sizes}: only one size may be -1")
    if free:
        rest = product(size for i, size in enumerate(sizes) if i != free[0])
        sizes = (*sizes[: free[0]], _quotient(total, rest, sizes), *sizes[free[0] + 1 :])
    if not equal(product(sizes), total):
        raise DimensionError(f"cannot reshape {total} elements {shape} into {sizes}")
    return sizes


def _quotient(total: int | Dim, rest: int | Dim, sizes: Shape) -> int | Dim:
    if not isinstance(rest, Dim) and rest == 0:
        raise DimensionError(f"reshape to {sizes}: -1 is undecided beside a size of 0")
    found = total // rest if isinstance(total, Dim) else _int_quotient(total, rest)
    if not equal(found * rest, total):
        raise DimensionError(f"reshape of {total} elements to {sizes}: not divisible by {rest}")
    return found


def _int_quotient(total: int, rest: int | Dim) -> int | Dim:
    if isinstance(rest, Dim):
        raise DimensionError(f"{total} elements do not divide by the unknown size {rest}")
    return total // rest
