"""Functions that pick elements by an index, as `x[index]` does."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy

from isthmus.analysis import intervals, needs, unchanged
from isthmus.graph.dims import Dim, Shape, same
from isthmus.graph.indexing import ascending, indexed_shape, plan
from isthmus.graph.nodes import Type
from isthmus.trace.array import Array
from isthmus.trace.op import NUMPY, kind_of

from .advanced_indexing import ARRAY, Index, check_mask, is_mask, lookup, taken_apart, written_out
from .conversion import asarray
from .creation import full, zeros
from .lookups import narrow, take
from .manipulation import concat, expand_dims, moved, permute_dims, reshape, squeeze

__all__ = [
    "getitem",
]


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
    start, _, step, backwards = ascending(size, cut)
    if backwards:
        g = getitem(g, (slice(None),) * axis + (slice(None, None, -1),))
    g = spaced(g, axis, step)
    return surrounded(g, axis, start, size - start - g.shape[axis])


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


@moved(
    _item_type,
    view=True,
    vjp=_item_gradient,
    may_raise=False,
    interval=intervals.some,
    needs=needs.slices_in_range,
    unchanged=unchanged.whole_slices,
)
def _getitem(x: Any, /, index: Any) -> Any:
    """x[index] with integers, slices, `...` and None."""
    return numpy.asarray(x)[index]


def getitem(x: Any, index: Any, /) -> Any:
    """x[index]: integers, slices, `...`, None, arrays of integers, and masks.

    The result has x's dtype; of a NumPy array it is a view for integers, slices, `...` and None.
    Raises IndexOutside for an index that does not fit x (NumPy's IndexError on NumPy arrays, and
    for a position of an array that is outside), DimensionError for arrays of positions that do not
    broadcast (IndexError on NumPy arrays).

    >>> from isthmus import np
    >>> np.getitem(np.asarray([[1, 2, 3], [4, 5, 6]]), (slice(None), [0, 2]))
    array([[1, 3],
           [4, 6]])
    """
    if kind_of((x, index)) == NUMPY:
        return numpy.asarray(x)[index]
    parts, arrays = taken_apart(index)
    return picked(asarray(x), parts, arrays)


def picked(x: Any, parts: Index, arrays: list[Any], size: Any = None) -> Any:
    """x[parts] with the arrays in their places; size: how many elements the masks choose."""
    if not arrays:
        return _getitem(x, parts)
    whole = written_out(parts, x.ndim, arrays)
    first, second, arrays = _in_two(x, whole, arrays)
    if len(arrays) == 1 and not is_mask(arrays[0]):
        return _taken(x, first, second, arrays[0])
    return lookup(_sliced(x, first), second, arrays, size)


def _sliced(x: Any, parts: Index) -> Any:
    whole = all(part is ... or (isinstance(part, slice) and part == slice(None)) for part in parts)
    return x if whole else _getitem(x, parts)


def _in_two(x: Any, parts: Index, arrays: list[Any]) -> tuple[Index, Index, list[Any]]:
    """The slices and new axes, which come first; then integers and arrays; and the arrays.

    Masks that are known become the positions they choose.
    """
    source = iter(arrays)
    first: list[Any] = []
    second: list[Any] = []
    found: list[Any] = []
    for part in parts:
        if part is None or isinstance(part, slice):
            first.append(part)
            second.append(slice(None))
        elif isinstance(part, EllipsisType):
            first.append(part)
            second.append(part)
        elif isinstance(part, str):
            axis = sum(not isinstance(done, EllipsisType | None) for done in first)
            before, positions = _positions(next(source), x.shape[axis:])
            first += before
            second += [ARRAY] * len(positions)
            found += positions
        else:
            first.append(slice(None))
            second.append(part)
    return tuple(first), tuple(second), found


def _positions(array: Any, sizes: Shape) -> tuple[list[Any], list[Any]]:
    """An array of an index as arrays that take the first of these axes: those axes, the arrays."""
    if not is_mask(array):
        return [slice(None)], [array]
    if not array.ndim:  # a new axis, of which the one element is chosen or not
        return [None], _positions(reshape(array, (1,)), (1,))[1]
    axes = [slice(None)] * array.ndim
    if isinstance(array, Array):
        return axes, [array]
    check_mask(array.shape, sizes)
    return axes, list(array.nonzero())


def _taken(x: Any, first: Index, second: Index, positions: Any) -> Any:
    """A lookup along one axis; integers that stand apart from it bring it to the front."""
    at = second.index(ARRAY)
    chosen = [i for i, part in enumerate(second) if not isinstance(part, slice | EllipsisType)]
    pairs = zip(first, second, strict=True)
    merged = (old if isinstance(new, slice | str | EllipsisType) else new for old, new in pairs)
    x = _sliced(x, tuple(merged))
    axis = sum(isinstance(part, slice) for part in second[:at])
    found = take(x, narrow(positions, x), axis=axis)
    if chosen[-1] - chosen[0] == len(chosen) - 1:
        return found
    moving = range(axis, axis + positions.ndim)
    others = [i for i in range(found.ndim) if i not in moving]
    return permute_dims(found, (*moving, *others))
