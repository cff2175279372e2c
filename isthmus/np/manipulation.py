"""Functions that move elements without computing with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from isthmus.analysis import intervals, unchanged
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, Shape, equal
from isthmus.graph.infer import axes_of, one_axis, reshaped
from isthmus.graph.nodes import Type
from isthmus.graph.operator import FOLLOWS
from isthmus.graph.shapes import broadcast, same_shape
from isthmus.graph.whole import wholes
from isthmus.trace.array import Array
from isthmus.trace.op import Op, P, R, primitive
from isthmus.trace.slots import np

from .conversion import asarray, astype

__all__ = [
    "astype",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "concat",
    "concatenate",
    "expand_dims",
    "matrix_transpose",
    "permute_dims",
    "ravel",
    "reshape",
    "squeeze",
    "stack",
    "transpose",
]


def free_of_arithmetic(operands: Any, results: Any, attributes: Any) -> int:
    return 0


def moved(infer: Any, **facts: Any) -> Callable[[Callable[P, R]], Op[P, R]]:
    """A primitive that costs no arithmetic, and follows its operands into half precision."""
    known = {"operations": free_of_arithmetic, "precision": FOLLOWS, **facts}
    return primitive(infer=infer, **known)


def sizes_of(shape: Any) -> Shape:
    """A shape as a tuple; a size alone is a shape of one axis."""
    return wholes(shape)


def broadcast_type(x: Type, shape: Shape) -> Type:
    if not same_shape(broadcast(x.shape, shape), shape):
        raise DimensionError(f"{x.shape} does not broadcast to {shape}")
    return Type(x.dtype, shape)


def _settled_sizes(x: Type, shape: Any) -> dict[str, Any]:
    return {"shape": sizes_of(shape)}


@moved(
    broadcast_type,
    view=True,
    vjp=lambda g, y, x, shape: (g,),
    settled=_settled_sizes,
    may_raise=False,
    interval=intervals.moved,
    unchanged=unchanged.of_one_type,
)
def broadcast_to(x: Any, /, shape: Any) -> Any:
    """x repeated along axes of size 1 and new leading axes, to the given shape.

    shape: sizes, or one size. Result: x's dtype. Raises DimensionError if x does not broadcast to
    the shape; of a NumPy array NumPy's ValueError. As `numpy.broadcast_to`.

    >>> from isthmus import np
    >>> np.broadcast_to(np.asarray([1, 2]), (2, 2))
    array([[1, 2],
           [1, 2]])
    """
    return numpy.broadcast_to(x, shape)


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that arrays of these shapes broadcast to; a size alone is a shape of one axis.

    Raises DimensionError if they do not broadcast. As `numpy.broadcast_shapes`.

    >>> from isthmus import np
    >>> np.broadcast_shapes((3, 1), (4,), 1)
    (3, 4)
    """
    return broadcast(*map(sizes_of, shapes))


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """The arrays broadcast against each other: a tuple of arrays of one shape, of their dtypes.

    Raises DimensionError if they do not broadcast. As `numpy.broadcast_arrays`.

    >>> from isthmus import np
    >>> np.broadcast_arrays(np.asarray([1, 2]), np.asarray([[3], [4]]))
    (array([[1, 2],
           [1, 2]]), array([[3, 3],
           [4, 4]]))
    """
    known = [asarray(array) for array in arrays]
    shape = broadcast(*(array.shape for array in known))
    return tuple(broadcast_to(array, shape) for array in known)


def _concat_type(*types: Type, axis: int) -> Type:
    along = one_axis(axis, types[0].ndim)
    total: int | Dim = 0
    for t in types:
        if t.ndim != types[0].ndim or t.dtype != types[0].dtype:
            raise UsageError(f"{t} beside {types[0]}: the number of axes differs")
        others = zip(t.shape, types[0].shape, strict=True)
        if not all(i == along or equal(a, b) for i, (a, b) in enumerate(others)):
            raise DimensionError(f"{t.shape} beside {types[0].shape}: only axis {along} may differ")
        total = t.shape[along] + total
    first = types[0]
    return Type(first.dtype, (*first.shape[:along], total, *first.shape[along + 1 :]))


def _common_dtype(*operands: Any) -> list[numpy.dtype[Any]]:
    return [numpy.result_type(*operands)] * len(operands)


def _split_gradient(g: Any, y: Any, *arrays: Any, axis: int) -> tuple[Any, ...]:
    parts, start = [], 0
    for array in arrays:
        along = one_axis(axis, array.ndim)
        stop = start + array.shape[along]
        parts.append(np.getitem(g, (slice(None),) * along + (slice(start, stop),)))
        start = stop
    return tuple(parts)


@moved(
    _concat_type,
    variadic=True,
    promote=_common_dtype,
    vjp=_split_gradient,
    may_raise=False,
    interval=intervals.joined,
    unchanged=unchanged.only_part,
)
def _concat(arrays: Sequence[Any], /, axis: int = 0) -> Any:
    """The arrays one after another along an axis they have."""
    return numpy.concatenate(arrays, axis=axis)


def concat(
    arrays: Sequence[Any], /, axis: int | None = 0, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """The arrays one after another along an axis they have; flat ones if axis is None.

    arrays: a sequence, of equal sizes but for that axis. Result: their common dtype, or `dtype`,
    cast by the rule `casting`; TypeError if the rule forbids it. Raises ValueError for no arrays,
    UsageError for different numbers of axes and DimensionError if other sizes differ; of NumPy
    arrays NumPy's ValueError. As `numpy.concat`.

    >>> from isthmus import np
    >>> np.concat([np.asarray([[1, 2]]), np.asarray([[3, 4]])])
    array([[1, 2],
           [3, 4]])
    """
    parts = _some(arrays)
    if dtype is not None:
        parts = [_cast(part, numpy.dtype(dtype), casting) for part in parts]
    if axis is None:
        return _concat([reshape(part, (-1,)) for part in parts], axis=0)
    return _concat(parts, axis=axis)


concatenate = concat


def _some(arrays: Sequence[Any]) -> list[Any]:
    """What is to be joined, as arrays."""
    parts = [asarray(array) for array in arrays]
    if not parts:
        raise UsageError("no arrays to join; give at least one")
    return parts


def _cast(array: Any, dtype: numpy.dtype[Any], casting: Any) -> Any:
    if not numpy.can_cast(array.dtype, dtype, casting):
        raise TypeError(f"cannot cast {array.dtype} to {dtype} by the rule {casting!r}")
    return astype(array, dtype, copy=False)


def stack(
    arrays: Sequence[Any], /, axis: int = 0, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """The arrays, all of one shape, side by side along a new axis.

    axis: the new one's place in the result. Result: the common dtype, or `dtype`, cast by the rule
    `casting`; TypeError if the rule forbids it. Raises DimensionError if the shapes differ. As
    `numpy.stack`.

    >>> from isthmus import np
    >>> np.stack([np.asarray([1, 2]), np.asarray([3, 4])], axis=1)
    array([[1, 3],
           [2, 4]])
    """
    parts = _some(arrays)
    for part in parts[1:]:
        if not all(map(equal, part.shape, parts[0].shape)) or part.ndim != parts[0].ndim:
            raise DimensionError(
                f"stack of shapes {parts[0].shape} and {part.shape}; give equal ones"
            )
    wide = [expand_dims(part, axis=axis) for part in parts]
    return concat(wide, axis=axis, dtype=dtype, casting=casting)


def _expanded_type(x: Type, axis: Any) -> Type:
    ndim = x.ndim + len(wholes(axis))
    shape = list(x.shape)
    for one in axes_of(axis, ndim):
        shape.insert(one, 1)
    return Type(x.dtype, tuple(shape))


def _reshaped_gradient(g: Any, y: Any, x: Any, **_: Any) -> tuple[Any]:
    return (reshape(g, x.shape),)


@moved(
    _expanded_type,
    view=True,
    vjp=_reshaped_gradient,
    may_raise=False,
    interval=intervals.moved,
    unchanged=unchanged.of_one_type,
)
def expand_dims(x: Any, /, axis: Any = 0) -> Any:
    """x with new axes of size 1 at the given positions of the result.

    axis: an int, or several. Result: x's dtype. Raises UsageError for a position that the result
    lacks; of a NumPy array NumPy's AxisError. As `numpy.expand_dims`.

    >>> from isthmus import np
    >>> np.expand_dims(np.asarray([1, 2]), axis=1)
    array([[1],
           [2]])
    """
    return numpy.expand_dims(x, axis)


def _permuted_type(x: Type, axes: Any) -> Type:
    order = permutation(axes, x.ndim)
    return Type(x.dtype, tuple(x.shape[axis] for axis in order))


def permutation(axes: Any, ndim: int) -> tuple[int, ...]:
    """The order of axes as non-negative ints; reversed for None."""
    order = tuple(reversed(range(ndim))) if axes is None else tuple(one_axis(a, ndim) for a in axes)
    if sorted(order) != list(range(ndim)):
        raise UsageError(f"axes {axes} are no permutation of the {ndim} axes")
    return order


def _unpermuted(g: Any, y: Any, x: Any, axes: Any) -> tuple[Any]:
    order = permutation(axes, x.ndim)
    return (permute_dims(g, tuple(order.index(axis) for axis in range(x.ndim))),)


@moved(
    _permuted_type,
    view=True,
    vjp=_unpermuted,
    may_raise=False,
    interval=intervals.moved,
    unchanged=unchanged.in_order,
)
def permute_dims(x: Any, /, axes: Any = None) -> Any:
    """x with its axes in another order; reversed if none is given.

    axes: which axis of x each axis of the result is. Result: x's dtype. Raises UsageError if they
    are no permutation; of a NumPy array NumPy's ValueError. As `numpy.permute_dims`.

    >>> from isthmus import np
    >>> np.permute_dims(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return numpy.transpose(x, axes)


transpose = permute_dims


def matrix_transpose(x: Any, /) -> Any:
    """x with its last two axes exchanged. x: [..., M, N] -> [..., N, M], of x's dtype.

    Raises UsageError for less than two axes. As `numpy.matrix_transpose`.

    >>> from isthmus import np
    >>> np.matrix_transpose(np.asarray([[1, 2], [3, 4]]))
    array([[1, 3],
           [2, 4]])
    """
    x = asarray(x)
    if x.ndim < 2:
        raise UsageError(f"matrix_transpose of {x.ndim} axes; give at least 2")
    axes = tuple(range(x.ndim))
    return permute_dims(x, (*axes[:-2], axes[-1], axes[-2]))


def _reshaped_type(x: Type, shape: Any) -> Type:
    return Type(x.dtype, reshaped(x.shape, shape))


def _settled_shape(x: Type, shape: Any) -> dict[str, Any]:
    """The shape with its -1 solved, which an empty array at run time could not tell."""
    return {"shape": reshaped(x.shape, shape)}


@moved(
    _reshaped_type,
    view=True,
    vjp=_reshaped_gradient,
    settled=_settled_shape,
    may_raise=False,
    interval=intervals.moved,
    unchanged=unchanged.of_one_type,
)
def _reshape(x: Any, /, shape: Any) -> Any:
    """x with the same elements, last axis fastest, in another shape; one size may be -1."""
    return numpy.reshape(x, shape)


def reshape(x: Any, /, shape: Any, order: Any = "C", *, copy: bool | None = None) -> Any:
    """x with the same elements in another shape; one size may be -1.

    order: "C" for the last axis fastest, "F" for the first. copy=True gives a new array. Result:
    x's dtype. Raises UsageError for another order or two sizes of -1, DimensionError if the
    elements do not fill the shape; of a NumPy array NumPy's ValueError. As `numpy.reshape`.

    >>> from isthmus import np
    >>> np.reshape(np.arange(6), (2, -1))
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    if order not in ("C", "F"):
        raise UsageError(f"order={order!r}: give 'C' or 'F'")
    if copy is False and not isinstance(x, Array):  # whose memory knows whether it can
        return numpy.reshape(x, shape, order=order, copy=False)
    if copy:
        x = asarray(x, copy=True)
    if order == "C":
        return _reshape(x, shape)
    return permute_dims(_reshape(permute_dims(x), sizes_of(shape)[::-1]))


def ravel(a: Any, /, order: str = "C") -> Any:
    """a with one axis: `reshape(a, (-1,), order)`.

    order: "C" for the last axis fastest, "F" for the first; UsageError for others. As
    `numpy.ravel`.

    >>> from isthmus import np
    >>> np.ravel(np.asarray([[1, 2], [3, 4]]), order="F")
    array([1, 3, 2, 4])
    """
    return reshape(a, (-1,), order)


def _squeezed_type(x: Type, axis: Any) -> Type:
    gone = axes_of(axis, x.ndim)
    for one in gone:
        if not equal(x.shape[one], 1):
            raise UsageError(f"cannot squeeze axis {one} of size {x.shape[one]}")
    return Type(x.dtype, tuple(size for i, size in enumerate(x.shape) if i not in gone))


def _settled_axes(x: Type, axis: Any) -> dict[str, Any]:
    """The axes that are left out; without a choice those of size 1, as the names decide."""
    if axis is None:
        return {"axis": tuple(i for i, size in enumerate(x.shape) if equal(size, 1))}
    return {"axis": axis}


@moved(
    _squeezed_type,
    view=True,
    vjp=_reshaped_gradient,
    settled=_settled_axes,
    may_raise=False,
    interval=intervals.moved,
    unchanged=unchanged.of_one_type,
)
def squeeze(x: Any, /, axis: Any = None) -> Any:
    """x without the given axes, which have size 1; without all that have if none is given.

    axis: an int, several or None. Result: x's dtype. Raises UsageError for an axis of another size;
    of a NumPy array NumPy's ValueError. As `numpy.squeeze`.

    >>> from isthmus import np
    >>> np.squeeze(np.ones((1, 3, 1)), axis=0).shape
    (3, 1)
    """
    return numpy.squeeze(x, axis)
