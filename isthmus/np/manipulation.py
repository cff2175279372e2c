"""Functions that move elements without computing with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from isthmus.array import Array
from isthmus.dims import Dim, Shape, broadcast, equal, product, same, same_shape
from isthmus.errors import DimensionError, TraceError, UsageError
from isthmus.graph import Type
from isthmus.indexing import indexed_shape, plan, sliced_size
from isthmus.infer import axes_of, cast, one_axis, reshaped
from isthmus.np.creation import arange, full, zeros
from isthmus.np.elementwise import clip, less, logical_and
from isthmus.np.elementwise import equal as equals
from isthmus.np.searching import where
from isthmus.op import OPERATORS, Op, P, R, primitive


def _free(operands: Any, results: Any, attributes: Any) -> int:
    return 0


def _moved(infer: Any, **facts: Any) -> Callable[[Callable[P, R]], Op[P, R]]:
    """A primitive that costs no arithmetic."""
    return primitive(infer=infer, operations=_free, **facts)


def _cast_gradient(g: Any, y: Any, x: Any, dtype: Any) -> tuple[Any]:
    return (astype(g, x.dtype),)


@primitive(infer=cast, vjp=_cast_gradient)
def astype(x: Any, /, dtype: Any) -> Any:
    """x with another dtype; floats are truncated to ints, and ints wrap, as in NumPy."""
    return numpy.asarray(x).astype(dtype)


def _broadcast_type(x: Type, shape: Shape) -> Type:
    if not same_shape(broadcast(x.shape, tuple(shape)), tuple(shape)):
        raise DimensionError(f"{x.shape} does not broadcast to {tuple(shape)}")
    return Type(x.dtype, tuple(shape))


@_moved(_broadcast_type, view=True, vjp=lambda g, y, x, shape: (g,))
def broadcast_to(x: Any, /, shape: Any) -> Any:
    """x repeated along axes of size 1 and new leading axes, to the given shape."""
    return numpy.broadcast_to(x, shape)


def _concat_type(*types: Type, axis: int) -> Type:
    if not types:
        raise UsageError("np.concat needs at least one array")
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
        parts.append(getitem(g, (slice(None),) * along + (slice(start, stop),)))
        start = stop
    return tuple(parts)


@_moved(_concat_type, variadic=True, promote=_common_dtype, vjp=_split_gradient)
def concat(arrays: Sequence[Any], /, axis: int = 0) -> Any:
    """The arrays one after another along an axis they have."""
    return numpy.concatenate(arrays, axis=axis)


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Any:
    """The arrays side by side along a new axis."""
    return concat([expand_dims(array, axis=axis) for array in arrays], axis=axis)


def split(x: Any, sections: int, /, *, axis: int = 0) -> tuple[Any, ...]:
    """x cut into equal parts along an axis, as a tuple."""
    along = one_axis(axis, x.ndim)
    size = x.shape[along] // sections
    if not equal(size * sections, x.shape[along]):
        raise UsageError(f"np.split: {x.shape[along]} does not divide into {sections} equal parts")
    cuts = [slice(i * size, (i + 1) * size) for i in range(sections)]
    return tuple(getitem(x, (slice(None),) * along + (cut,)) for cut in cuts)


def _expanded_type(x: Type, axis: Any) -> Type:
    ndim = x.ndim + (1 if isinstance(axis, int) else len(axis))
    shape = list(x.shape)
    for one in axes_of(axis, ndim):
        shape.insert(one, 1)
    return Type(x.dtype, tuple(shape))


def _reshaped_gradient(g: Any, y: Any, x: Any, **_: Any) -> tuple[Any]:
    return (reshape(g, x.shape),)


@_moved(_expanded_type, view=True, vjp=_reshaped_gradient)
def expand_dims(x: Any, /, axis: Any = 0) -> Any:
    """x with new axes of size 1 at the given positions of the result."""
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


@_moved(_permuted_type, view=True, vjp=_unpermuted)
def permute_dims(x: Any, /, axes: Any = None) -> Any:
    """x with its axes in another order; reversed if none is given."""
    return numpy.transpose(x, axes)


def matrix_transpose(x: Any, /) -> Any:
    """x with its last two axes exchanged."""
    axes = tuple(range(x.ndim))
    return permute_dims(x, (*axes[:-2], axes[-1], axes[-2]))


def _reshaped_type(x: Type, shape: Any) -> Type:
    return Type(x.dtype, reshaped(x.shape, shape))


@_moved(_reshaped_type, view=True, vjp=_reshaped_gradient)
def reshape(x: Any, /, shape: Any) -> Any:
    """x with the same elements, last axis fastest, in another shape; one size may be -1."""
    return numpy.reshape(x, shape)


def _squeezed_type(x: Type, axis: Any) -> Type:
    gone = axes_of(axis, x.ndim)
    for one in gone:
        if not equal(x.shape[one], 1):
            raise UsageError(f"cannot squeeze axis {one} of size {x.shape[one]}")
    return Type(x.dtype, tuple(size for i, size in enumerate(x.shape) if i not in gone))


@_moved(_squeezed_type, view=True, vjp=_reshaped_gradient)
def squeeze(x: Any, /, axis: Any) -> Any:
    """x without the given axes, which have size 1."""
    return numpy.squeeze(x, axis)


def _taken_type(x: Type, indices: Type, axis: int | None) -> Type:
    if indices.dtype.kind not in "iu":
        raise UsageError(f"indices of dtype {indices.dtype}; give integers")
    if axis is None and x.ndim != 1:
        raise UsageError(f"np.take from {x.ndim} axes needs an axis")
    along = one_axis(axis or 0, x.ndim)
    return Type(x.dtype, (*x.shape[:along], *indices.shape, *x.shape[along + 1 :]))


def _take_gradient(g: Any, y: Any, x: Any, indices: Any, axis: int | None) -> tuple[Any, None]:
    """Each position of x sums what was taken from it: a matrix product with the one-hot indices."""
    along = one_axis(axis or 0, x.ndim)
    size = x.shape[along]
    flat = reshape(indices, (1, -1))
    hot = equals(arange(size).reshape((-1, 1)), where(less(flat, 0), flat + size, flat))
    lines = (product(x.shape[:along]), product(indices.shape), product(x.shape[along + 1 :]))
    return reshape(OPERATORS["np.matmul"](astype(hot, g.dtype), reshape(g, lines)), x.shape), None


@_moved(_taken_type, vjp=_take_gradient)
def take(x: Any, indices: Any, /, axis: int | None = None) -> Any:
    """The elements of x at the given positions of an axis; negative ones count from the end.

    Raises IndexError for a position outside, on every backend.
    """
    return numpy.take(x, indices, axis=axis)


def _item_type(x: Type, index: Any) -> Type:
    return Type(x.dtype, indexed_shape(x.shape, index))


def _item_gradient(g: Any, y: Any, x: Any, index: Any) -> tuple[Any]:
    """g at the positions of the index among zeros, put back one axis after the other."""
    parts = plan(index, x.ndim)
    if parts.added:
        g = squeeze(g, axis=parts.added)
    if parts.removed:
        g = expand_dims(g, axis=parts.removed)
    for axis, cut in parts.slices.items():
        g = _unsliced(g, axis, x.shape[axis], cut)
    return (g,)


def _unsliced(g: Any, axis: int, size: int | Dim, cut: slice) -> Any:
    """An array of zeros along an axis, but for g where the slice was taken."""
    count = g.shape[axis]
    if not isinstance(count, Dim) and count == 0:
        return zeros((*g.shape[:axis], size, *g.shape[axis + 1 :]), g.dtype)
    start, step = _ascending(size, cut, count)
    if cut.step is not None and cut.step < 0:
        g = getitem(g, (slice(None),) * axis + (slice(None, None, -1),))
    g = spaced(g, axis, step)
    return surrounded(g, axis, start, size - start - g.shape[axis])


def _ascending(size: int | Dim, cut: slice, count: int | Dim) -> tuple[int | Dim, int]:
    """The first position of a slice, counted upwards, and the distance to the next."""
    step = 1 if cut.step is None else cut.step
    if isinstance(size, int) and not isinstance(cut.start, Dim) and not isinstance(cut.stop, Dim):
        positions = range(*cut.indices(size))
        return min(positions[0], positions[-1]), abs(step)
    if step < 0:
        return size - 1 + (count - 1) * step, -step
    return _forward(size, cut)[0], step


def spaced(x: Any, axis: int, step: int) -> Any:
    """x with step - 1 zeros between neighbours along an axis."""
    if step == 1:
        return x
    count, rest = x.shape[axis], x.shape[axis + 1 :]
    wide = surrounded(expand_dims(x, axis=axis + 1), axis + 1, 0, step - 1)
    flat = reshape(wide, (*x.shape[:axis], count * step, *rest))
    return getitem(flat, (slice(None),) * axis + (slice(0, (count - 1) * step + 1),))


def surrounded(x: Any, axis: int, before: int | Dim, after: int | Dim, value: float = 0) -> Any:
    """x with elements of one value before and after along an axis."""

    def edge(width: int | Dim) -> list[Any]:
        shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
        return [] if same(width, 0) else [full(shape, value, x.dtype)]

    parts = [*edge(before), x, *edge(after)]
    return x if len(parts) == 1 else concat(parts, axis=axis)


@_moved(_item_type, view=True, vjp=_item_gradient)
def _getitem(x: Any, /, index: Any) -> Any:
    """x[index] with integers, slices, `...` and None."""
    return numpy.asarray(x)[index]


def getitem(x: Any, index: Any, /) -> Any:
    """x[index]: basic indexing, or one array of integers beside full slices."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [i for i, part in enumerate(parts) if isinstance(part, Array | numpy.ndarray | list)]
    if not arrays:
        return _getitem(x, parts)
    if not isinstance(x, Array) and not isinstance(parts[arrays[0]], Array):
        return x[index]
    return _take_item(x, parts, arrays)


def _take_item(x: Any, parts: tuple[Any, ...], arrays: list[int]) -> Any:
    others = [part for i, part in enumerate(parts) if i not in arrays]
    if len(arrays) > 1 or any(part != slice(None) for part in others):
        raise TraceError(
            "x[...] with several arrays or with arrays beside other indices does not trace; "
            "use np.take(x, indices, axis=...) one axis at a time"
        )
    indices = parts[arrays[0]]
    if _is_mask(indices):
        raise TraceError(
            "x[mask] has a size that depends on values and does not trace; use np.where(mask, x, 0)"
        )
    return take(x, indices, axis=arrays[0])


def _is_mask(index: Any) -> bool:
    return getattr(index, "dtype", None) == numpy.bool_


def setitem(x: Any, value: Any, index: Any, /) -> Any:
    """A copy of x in which x[index] = value: basic indices, or a mask of x's leading axes."""
    if _is_mask(index):
        return where(_leading(index, x.ndim), astype(value, x.dtype), x)
    parts = plan(index, x.ndim)
    chosen: Any = True
    spread = _spread(value, x, index, parts)
    for axis, cut in parts.slices.items():
        inside, source = _positions(x.shape[axis], cut)
        line = (-1,) + (1,) * (x.ndim - axis - 1)
        chosen = logical_and(chosen, reshape(inside, line))
        if not isinstance(spread.shape[axis], int) or spread.shape[axis] > 1:
            spread = take(spread, source, axis=axis)
    return where(chosen, spread, x)


def _leading(mask: Any, ndim: int) -> Any:
    return reshape(mask, (*mask.shape, *(1,) * (ndim - mask.ndim)))


def _spread(value: Any, x: Any, index: Any, parts: Any) -> Any:
    """The value with one axis for each axis of x: size 1 where an integer removes one."""
    array = astype(value, x.dtype)
    wanted = indexed_shape(x.shape, index)
    _broadcast_type(Type(array.dtype, array.shape), wanted)
    missing = len(wanted) - array.ndim
    array = reshape(array, (1,) * missing + tuple(array.shape))
    if parts.added:
        array = squeeze(array, axis=parts.added)
    return expand_dims(array, axis=parts.removed) if parts.removed else array


def _positions(size: int | Dim, part: slice) -> tuple[Any, Any]:
    """For each position of an axis: is it in the slice, and which element of the slice it is."""
    start, stop, step = _forward(size, part)
    offset = arange(size) - start
    inside = _between(start, stop, size)
    last = sliced_size(size, part) - 1
    return logical_and(inside, offset % step == 0), clip(offset // step, 0, last)


def _between(start: Any, stop: Any, size: int | Dim) -> Any:
    """Truth from start to stop; of named sizes, parts whose lengths are checked at every call."""
    if not isinstance(stop - start, Dim):
        stop = start + max(stop - start, 0)
    lengths = zip((start, stop - start, size - stop), (False, True, False), strict=True)
    return concat([full((length,), inside, numpy.bool_) for length, inside in lengths])


def _forward(size: int | Dim, part: slice) -> tuple[Any, Any, int]:
    if isinstance(size, int) and not isinstance(part.start, Dim) and not isinstance(part.stop, Dim):
        start, stop, step = part.indices(size)
        if step < 0:
            raise TraceError("x[::-1] = v does not trace; assign np.flip(v) with a positive step")
        return start, stop, step
    ends = [
        end if end is None or isinstance(end, Dim) or end >= 0 else size + end
        for end in (part.start, part.stop)
    ]
    start = 0 if ends[0] is None else ends[0]
    return start, size if ends[1] is None else ends[1], part.step or 1
