"""Arrays repeated, rolled and padded."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, equal, same
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import product
from isthmus.trace.array import Array
from isthmus.trace.op import composite

from . import host_only
from .advanced_indexing import ARRAY, scatter
from .conversion import asarray, copy
from .creation import arange, zeros_like
from .elementwise import remainder
from .indexing import getitem
from .lookups import take
from .manipulation import broadcast_to, concat, expand_dims, moved, ravel, reshape, sizes_of

__all__ = [
    "repeat",
    "resize",
    "roll",
    "tile",
]


# Each element several times


@composite
def _repeat(x: Any, /, repeats: int | Dim, axis: int) -> Any:
    """Each part of x along an axis as often as `repeats` says."""
    shape = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    wide = broadcast_to(expand_dims(x, axis=axis + 1), shape)
    return copy(reshape(wide, (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :])))


def _each_type(x: Type, repeats: Type, axis: int, size: Any) -> Type:
    return Type(x.dtype, (*x.shape[:axis], size, *x.shape[axis + 1 :]))


def _each_gradient(g: Any, y: Any, x: Any, repeats: Any, axis: int, size: Any) -> tuple[Any, None]:
    """The sum of what was made of an element."""
    source = _repeat_each(arange(x.shape[axis]), repeats, 0, size)
    return scatter([g, source], (slice(None),) * axis + (ARRAY,), x.shape), None


@moved(
    _each_type,
    vjp=_each_gradient,
    discovers=True,
    interval=intervals.some,
    host_only=host_only.CHOSEN,
)
def _repeat_each(x: Any, repeats: Any, /, axis: int, size: Any = None) -> Any:
    """Each part of x along an axis as often as its number in `repeats`."""
    return numpy.repeat(x, repeats, axis)


def repeat(a: Any, /, repeats: Any, axis: int | None = None) -> Any:
    """Each element of a several times: `repeats` is a number, or has one for each.

    axis: whose parts are repeated; None for the elements of a, flat. Result: a's dtype; of traced
    repeats its size depends on values. Raises UsageError for a negative number, or another number
    of repeats than the axis has parts. As `numpy.repeat`.

    >>> from isthmus import np
    >>> np.repeat(np.asarray([1, 2]), np.asarray([3, 1]))
    array([1, 1, 1, 2])
    """
    x = ravel(a) if axis is None else asarray(a)
    along = one_axis(axis or 0, x.ndim)
    if isinstance(repeats, Dim):
        return _repeat(x, repeats, along)
    counts = asarray(repeats)
    if isinstance(counts, Array):
        return _repeat_each(x, counts, along)
    if counts.size == 1 and counts.dtype.kind in "iub":
        return _repeat(x, _checked(counts.item()), along)
    if counts.ndim != 1 or not equal(x.shape[along], counts.size):
        raise UsageError(
            f"{counts.size} repeats for an axis of size {x.shape[along]}; give as many"
        )
    order = numpy.repeat(numpy.arange(counts.size, dtype=numpy.int32), counts)
    return take(x, order, axis=along)


def _checked(repeats: Any) -> int:
    if repeats < 0:
        raise UsageError(f"{repeats} repeats; give 0 or more")
    return int(repeats)


# The whole several times


@composite
def _tile(x: Any, /, reps: tuple[int, ...]) -> Any:
    """x as often along each axis as `reps` says; x has as many axes."""
    split: list[Any] = []
    wide: list[Any] = []
    for size, count in zip(x.shape, reps, strict=True):
        split += [size] if _is_one(count) else [1, size]
        wide += [size] if _is_one(count) else [count, size]
    whole = tuple(size * count for size, count in zip(x.shape, reps, strict=True))
    return copy(reshape(broadcast_to(reshape(x, tuple(split)), tuple(wide)), whole))


def _is_one(count: Any) -> bool:
    return not isinstance(count, Dim) and count == 1


def tile(x: Any, /, reps: Any) -> Any:
    """x as often along each axis as `reps` says, which starts from the last.

    reps: a number, or one an axis; where x has fewer axes it has leading ones of size 1. Result:
    x's dtype. As `numpy.tile`.

    >>> from isthmus import np
    >>> np.tile(np.asarray([1, 2]), (2, 2))
    array([[1, 2, 1, 2],
           [1, 2, 1, 2]])
    """
    x, counts = asarray(x), _sizes(reps)
    rank = max(x.ndim, len(counts))
    x = reshape(x, (1,) * (rank - x.ndim) + tuple(x.shape))
    return _tile(x, (1,) * (rank - len(counts)) + counts)


def _sizes(reps: Any) -> tuple[Any, ...]:
    """Numbers as a tuple, of which some may be named sizes."""
    if isinstance(reps, tuple | list | Dim):
        return sizes_of(reps)
    counts: tuple[Any, ...] = tuple(numpy.atleast_1d(reps).tolist())
    return counts


def resize(a: Any, /, new_shape: Any) -> Any:
    """The elements of a, flat and again from the start, as many as the new shape has.

    Result: a's dtype; zeros where a is empty. Raises UsageError for a negative size. As
    `numpy.resize`.

    >>> from isthmus import np
    >>> np.resize(np.asarray([1, 2, 3]), (2, 4))
    array([[1, 2, 3, 1],
           [2, 3, 1, 2]])
    """
    flat, shape = ravel(a), sizes_of(new_shape)
    total = product(shape)
    if not isinstance(total, Dim) and total < 0:
        raise UsageError(f"resize to {shape}: sizes are 0 or more")
    if isinstance(flat.size, int) and flat.size == 0:
        return zeros_like(flat, shape=shape)
    times = (total + flat.size - 1) // flat.size
    return reshape(getitem(tile(flat, (times,)), slice(0, total)), shape)


# Round and round


@composite
def _roll(x: Any, /, shifts: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """x moved along axes; what leaves it at an end comes in at the other."""
    for shift, axis in zip(shifts, axes, strict=True):
        x = _rolled(x, shift, axis)
    return copy(x)


def _rolled(x: Any, shift: Any, axis: int) -> Any:
    size = x.shape[axis]
    if same(shift, 0):
        return x
    if isinstance(size, Dim) or isinstance(shift, Dim):
        return take(x, remainder(arange(size, dtype=numpy.int32) - shift, size), axis=axis)
    cut = (-shift) % size if size else 0
    if not cut:
        return x
    before = (slice(None),) * axis
    parts = (slice(cut, None), slice(0, cut))
    return concat([getitem(x, (*before, part)) for part in parts], axis=axis)


def roll(x: Any, /, shift: Any, axis: Any = None) -> Any:
    """x moved by `shift` places; what leaves it at an end comes in at the other.

    axis: one or several, each with its shift or all with the one; None moves the elements, flat.
    Result: x's dtype and shape. Raises UsageError for an axis that x lacks, or as many shifts as do
    not fit the axes. As `numpy.roll`.

    >>> from isthmus import np
    >>> np.roll(np.asarray([1, 2, 3, 4]), 1)
    array([4, 1, 2, 3])
    """
    x, shifts = asarray(x), _sizes(shift)
    if axis is None:
        total = sum(shifts)
        return reshape(_roll(ravel(x), (total,), (0,)), x.shape)
    axes = [one_axis(one, x.ndim) for one in (axis if isinstance(axis, tuple | list) else (axis,))]
    if len(axes) != len(shifts) and 1 not in (len(axes), len(shifts)):
        raise UsageError(f"shifts {shift} for axes {axis}; give one each")
    by: dict[int, Any] = {}
    for i in range(max(len(axes), len(shifts)) if axes and shifts else 0):
        along = axes[i % len(axes)]
        by[along] = by.get(along, 0) + shifts[i % len(shifts)]
    return _roll(x, tuple(by.values()), tuple(by))
