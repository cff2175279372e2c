"""Assignment as a function: `x[index] = value` in a copy of x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, fresh, same
from isthmus.graph.indexing import ascending, indexed_shape, plan, sliced_size
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import product
from isthmus.trace.op import TRACED, kind_of

from . import host_only
from .advanced_indexing import Index, check_mask, is_mask, picked_shape, put_together, taken_apart
from .comparisons import equal as equals
from .comparisons import logical_and
from .conversion import asarray, astype
from .creation import arange, full
from .elementwise import clip
from .indexing import picked
from .lookups import narrow, take
from .manipulation import broadcast_type, concat, expand_dims, moved, reshape, squeeze
from .searching import where

__all__ = [
    "setitem",
]


def setitem(x: Any, value: Any, index: Any, /) -> Any:
    """A copy of x in which x[index] = value; of what goes to one place the last remains.

    index: integers, slices, `...`, None, arrays of integers and masks, as `x[index]` takes them.
    value: of a shape that broadcasts to x[index]; it is cast to x's dtype, which the result has.
    Raises IndexOutside for an index that does not fit x (NumPy's IndexError on NumPy arrays),
    DimensionError for a value that does not (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.setitem(np.asarray([1, 2, 3]), 0, slice(1, None))
    array([1, 0, 0])
    """
    parts, arrays = taken_apart(index)
    x = asarray(x)
    value = astype(value, x.dtype) if hasattr(value, "dtype") else asarray(value, x.dtype)
    if kind_of((x, value, *arrays, parts)) != TRACED:
        return _assign([x, value, *arrays], parts)
    if not arrays:
        return _assigned(x, value, parts)
    if len(parts) == 1 and is_mask(arrays[0]) and _goes_everywhere(arrays[0], value, x):
        return where(_leading(arrays[0], x.ndim), value, x)
    return _assign([x, value, *arrays], parts)


# Where masks or arrays choose


def _goes_everywhere(mask: Any, value: Any, x: Any) -> bool:
    """Whether a value is the same for every element that a mask of x's leading axes chooses."""
    check_mask(mask.shape, x.shape)
    rest = x.shape[mask.ndim :]
    if value.ndim > len(rest) or any(same(size, 0) for size in mask.shape):
        return False
    broadcast_type(Type(value.dtype, value.shape), rest)
    return True


def _leading(mask: Any, ndim: int) -> Any:
    return reshape(mask, (*mask.shape, *(1,) * (ndim - mask.ndim)))


def _assigned_type(x: Type, value: Type, *arrays: Type, index: Index) -> Type:
    if x.is_static and not any(map(is_mask, arrays)):
        shape = picked_shape(x, index, arrays, None)
        broadcast_type(Type(value.dtype, value.shape[max(value.ndim - len(shape), 0) :]), shape)
    return x


def _assign_gradient(
    g: Any, y: Any, x: Any, value: Any, *arrays: Any, index: Index
) -> tuple[Any, ...]:
    """x has none where the value went; the value that of each place it was the last to go to."""
    of_x = _assign([g, numpy.zeros((), g.dtype), *arrays], index)
    found = picked(g, index, list(arrays), _count(x, value, arrays, index))
    if not all(map(is_mask, arrays)):  # only masks never choose an element twice
        order = reshape(arange(product(found.shape)), found.shape)
        marks = _assign([full(x.shape, -1, numpy.int64), order, *arrays], index)
        last = picked(marks, index, list(arrays), _count(x, value, arrays, index))
        found = where(equals(last, order), found, numpy.zeros((), g.dtype))
    return of_x, found, *(None for _ in arrays)


def _count(x: Any, value: Any, arrays: Sequence[Any], index: Index) -> Any:
    """How many elements masks choose, where the shape of what was assigned shows it."""
    unknown = fresh("chosen")
    shape = picked_shape(x, index, arrays, unknown)
    missing = len(shape) - value.ndim
    for axis, size in enumerate(shape):
        if same(size, unknown) and axis >= missing and not same(value.shape[axis - missing], 1):
            return value.shape[axis - missing]
    return None


@moved(_assigned_type, variadic=True, vjp=_assign_gradient, host_only=host_only.PLACED)
def _assign(operands: Sequence[Any], /, index: Index) -> Any:
    """A copy of x in which x[index] = value, with arrays and masks in the index."""
    x, value, *arrays = operands
    found = numpy.array(x)
    found[put_together(index, arrays)] = value
    return found


# Where integers and slices choose: what a runtime can do by itself


def _assigned(x: Any, value: Any, index: Index) -> Any:
    parts = plan(index, x.ndim)
    wanted = indexed_shape(x.shape, index)
    if value.ndim and len(index) == len(parts.removed) == x.ndim:
        raise UsageError(f"an array of {value.shape} for one element; give a number")
    spread = _spread(value, wanted, parts)
    if any(isinstance(size, int) and size == 0 for size in wanted):
        return +x
    chosen: Any = True
    for axis, cut in parts.slices.items():
        inside, source = _positions(x.shape[axis], cut)
        chosen = logical_and(chosen, reshape(inside, (-1,) + (1,) * (x.ndim - axis - 1)))
        if not isinstance(spread.shape[axis], int) or spread.shape[axis] > 1:
            spread = take(spread, narrow(source, x), axis=axis)
    return where(chosen, spread, x)


def _spread(value: Any, wanted: Any, parts: Any) -> Any:
    """The value with one axis for each axis of x: size 1 where an integer removes one."""
    extra = value.ndim - len(wanted)
    if extra > 0 and all(same(size, 1) for size in value.shape[:extra]):
        value = reshape(value, value.shape[extra:])
    broadcast_type(Type(value.dtype, value.shape), wanted)
    array = reshape(value, (1,) * (len(wanted) - value.ndim) + tuple(value.shape))
    if parts.added:
        array = squeeze(array, axis=parts.added)
    return expand_dims(array, axis=parts.removed) if parts.removed else array


def _positions(size: int | Dim, part: slice) -> tuple[Any, Any]:
    """For each position of an axis: is it in the slice, and which element of the slice it is."""
    start, stop, step, backwards = ascending(size, part)
    inside = _between(start, stop, size)
    offset = arange(size, dtype=numpy.int32) - start
    if step > 1:
        inside = logical_and(inside, equals(offset % step, 0))
        offset = offset // step
    last = sliced_size(size, part) - 1
    return inside, clip(last - offset if backwards else offset, 0, last)


def _between(start: Any, stop: Any, size: int | Dim) -> Any:
    """Truth from start to stop; of named sizes, parts whose lengths are checked at every call."""
    lengths = zip((start, stop - start, size - stop), (False, True, False), strict=True)
    return concat([full((length,), inside, numpy.bool_) for length, inside in lengths])
