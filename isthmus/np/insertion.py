"""Elements put into an array, and taken out of it, at positions that are known."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import IndexOutside, UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.infer import one_axis
from isthmus.graph.whole import is_whole, whole
from isthmus.trace.array import Array
from isthmus.trace.attributes import plain

from .axes import moveaxis
from .conversion import array, asarray, astype
from .indexing import getitem
from .lookups import take
from .manipulation import broadcast_to, concat, ravel

__all__ = [
    "delete",
    "insert",
]


def _along(arr: Any, axis: int | None) -> tuple[Any, int]:
    """arr, flat if no axis is given, and the axis."""
    if axis is None:
        return ravel(arr), 0
    known = asarray(arr)
    return known, one_axis(axis, known.ndim)


def _known(obj: Any) -> Any:
    """The positions as NumPy takes them; UsageError for those that are not known."""
    if isinstance(obj, Array):
        raise UsageError("positions that are traced; give constants, or use a mask: x[keep]")
    if isinstance(obj, slice):
        return plain(obj)
    if type(obj) is not bool and is_whole(obj):
        return whole(obj)
    known = numpy.asarray(obj)
    return known.astype(numpy.intp) if not known.size and isinstance(obj, list | tuple) else known


def delete(arr: Any, /, obj: Any, axis: int | None = None) -> Any:
    """arr without the parts at some positions of an axis: integers, a slice or a mask.

    arr is flattened for None. The result has arr's dtype. Positions are constants: UsageError for
    traced ones, and of an axis with a named size for more than one. Raises UsageError for an axis
    that is not there, IndexError for a position outside, ValueError for a mask of another size.

    >>> from isthmus import np
    >>> np.delete([10, 20, 30], 1)
    array([10, 30])
    """
    arr, along = _along(arr, axis)
    size, gone = arr.shape[along], _known(obj)
    if isinstance(size, Dim):
        return _delete_one(arr, gone, along)
    kept = numpy.delete(numpy.arange(size, dtype=numpy.int32), gone)
    return take(arr, kept, axis=along)


def _delete_one(arr: Any, position: Any, along: int) -> Any:
    """arr without one part of an axis whose size is a name."""
    if not is_whole(position):
        raise UsageError(f"of the named size '{arr.shape[along]}' one part is deleted at a time")
    before = (slice(None),) * along
    cuts = [slice(0, position)] + ([slice(position + 1, None)] if position != -1 else [])
    return concat([getitem(arr, (*before, cut)) for cut in cuts], axis=along)


def insert(arr: Any, /, obj: Any, values: Any, axis: int | None = None) -> Any:
    """arr with values before some positions of an axis: integers, a slice or a mask.

    arr is flattened for None. The values are cast to arr's dtype. Positions are constants:
    UsageError for traced ones, and of an axis with a named size for more than one. Raises
    UsageError for an axis that is not there, IndexError for a position outside, DimensionError for
    values that do not broadcast (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.insert([10, 20, 30], 1, 15)
    array([10, 15, 20, 30])
    """
    arr, along = _along(arr, axis)
    places = _known(obj)
    new = astype(asarray(values), arr.dtype, copy=False)
    if isinstance(arr.shape[along], Dim):
        return _insert_at(arr, places, new, along)
    size = arr.shape[along]
    if isinstance(places, slice):
        places = numpy.arange(size)[places]
    elif getattr(places, "dtype", None) == numpy.bool_:
        places = places.nonzero()[0]
    if numpy.size(places) == 1:
        first = numpy.asarray(places).item()
        if not -size <= first <= size:
            raise IndexOutside(f"index {first} is out of bounds for axis {along} of size {size}")
        return _inserted(arr, int(first), new, along, numpy.ndim(places) == 0)
    return _inserted_apart(arr, places, new, along)


def _insert_at(arr: Any, place: Any, new: Any, along: int) -> Any:
    if not is_whole(place):
        raise UsageError(f"into the named size '{arr.shape[along]}' at one position at a time")
    return _inserted(arr, int(place), new, along, True)


def _inserted(arr: Any, place: int, new: Any, along: int, alone: bool) -> Any:
    """All values before one position; of a position alone the first axis of values is the axis."""
    new = array(new, copy=None, ndmin=arr.ndim)
    new = moveaxis(new, 0, along) if alone else new
    shape = (*arr.shape[:along], new.shape[along], *arr.shape[along + 1 :])
    before = (slice(None),) * along
    first, last = (getitem(arr, (*before, cut)) for cut in (slice(0, place), slice(place, None)))
    return concat([first, broadcast_to(new, shape), last], axis=along)


def _inserted_apart(arr: Any, places: Any, new: Any, along: int) -> Any:
    """A value before each position: everything one after another, then put in order."""
    size, count = arr.shape[along], len(places)
    shape = (*arr.shape[:along], count, *arr.shape[along + 1 :])
    whole = concat([arr, broadcast_to(new, shape)], axis=along)
    numbers = numpy.arange(size, dtype=numpy.int32), numpy.arange(size, size + count)
    return take(whole, numpy.insert(numbers[0], places, numbers[1]), axis=along)
