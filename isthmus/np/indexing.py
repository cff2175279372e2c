"""Functions that pick elements: indexing, lookups, and assignment as a function."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.array import Array
from isthmus.dims import Dim, equal, product, same
from isthmus.errors import TraceError, UsageError
from isthmus.graph import Type
from isthmus.indexing import indexed_shape, plan, sliced_size
from isthmus.infer import one_axis
from isthmus.np.creation import arange, full, zeros
from isthmus.np.elementwise import clip, less, logical_and
from isthmus.np.elementwise import equal as equals
from isthmus.np.manipulation import (
    astype,
    broadcast_type,
    concat,
    expand_dims,
    moved,
    reshape,
    squeeze,
)
from isthmus.np.searching import where
from isthmus.op import OPERATORS

__all__ = [
    "getitem",
    "setitem",
    "split",
    "take",
]


def split(x: Any, sections: int, /, *, axis: int = 0) -> tuple[Any, ...]:
    """x cut into equal parts along an axis, as a tuple."""
    along = one_axis(axis, x.ndim)
    size = x.shape[along] // sections
    if not equal(size * sections, x.shape[along]):
        raise UsageError(f"np.split: {x.shape[along]} does not divide into {sections} equal parts")
    cuts = [slice(i * size, (i + 1) * size) for i in range(sections)]
    return tuple(getitem(x, (slice(None),) * along + (cut,)) for cut in cuts)


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


@moved(_taken_type, vjp=_take_gradient)
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


@moved(_item_type, view=True, vjp=_item_gradient)
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
    broadcast_type(Type(array.dtype, array.shape), wanted)
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
