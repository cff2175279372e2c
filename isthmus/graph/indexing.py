"""Basic indexing, taken apart once for type inference and for every backend.

`x[2:, None, 0]` is: slices of axes, then integers that remove axes, then new axes.
A named size is assumed to be large enough for the index; what that assumes comes out
of `requirements` and is checked at every call, because NumPy would clip or raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from types import EllipsisType
from typing import Any

from isthmus.errors import IndexOutside, UsageError

from .dims import Dim, Shape

__all__ = ["Plan", "ascending", "indexed_shape", "plan", "requirements", "sliced_size"]

Bound = int | Dim | None


@dataclass(frozen=True)
class Plan:
    """Which axes are sliced, which are taken at one position, and where new ones appear."""

    slices: Mapping[int, slice]  # axis of x -> slice, integers included as slices of length 1
    removed: tuple[int, ...]  # axes of x that an integer removes
    added: tuple[int, ...]  # axes of the result that are new


def plan(index: Any, ndim: int) -> Plan:
    """The parts of a basic index of an array with `ndim` axes."""
    parts = _filled(index if isinstance(index, tuple) else (index,), ndim)
    slices: dict[int, slice] = {}
    removed, added = [], []
    axis = result_axis = 0
    for part in parts:
        if part is None:
            added.append(result_axis)
            result_axis += 1
            continue
        if isinstance(part, slice):
            result_axis += 1
        else:
            removed.append(axis)
        if part != slice(None):
            slices[axis] = part if isinstance(part, slice) else _single(part)
        axis += 1
    return Plan(slices, tuple(removed), tuple(added))


def _single(position: int | Dim) -> slice:
    if not isinstance(position, Dim) and position == -1:
        return slice(-1, None)
    return slice(position, position + 1)


def _filled(parts: tuple[Any, ...], ndim: int) -> list[Any]:
    """The parts with `...` written out as full slices."""
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if len(_identities(parts)) > 1:
        raise IndexOutside("an index with several '...'; give one")
    if used > ndim:
        raise IndexOutside(f"{used} indices for an array with {ndim} axes; remove {used - ndim}")
    filled: list[Any] = []
    for part in (*parts, ...) if Ellipsis not in _identities(parts) else parts:
        if isinstance(part, EllipsisType):
            filled += [slice(None)] * (ndim - used)
        else:
            filled.append(_checked(part))
    return filled


def _checked(part: Any) -> Any:
    allowed = part is None or isinstance(part, slice | Integral | Dim)
    if allowed and type(part) is not bool:  # which is an int to Python, and a mask to NumPy
        return part
    raise IndexOutside(f"index {part!r}; give integers, slices, ..., None, or an array of integers")


def _identities(parts: tuple[Any, ...]) -> list[Any]:
    return [part for part in parts if isinstance(part, EllipsisType)]


def indexed_shape(shape: Shape, index: Any) -> Shape:
    """The shape of `x[index]`."""
    parts = plan(index, len(shape))
    sizes: list[int | Dim] = []
    for axis, size in enumerate(shape):
        if axis in parts.removed:
            _check_position(parts.slices[axis].start, size)
        else:
            sizes.append(sliced_size(size, parts.slices.get(axis, slice(None))))
    for axis in parts.added:
        sizes.insert(axis, 1)
    return tuple(sizes)


def _check_position(position: Any, size: int | Dim) -> None:
    if isinstance(position, int) and isinstance(size, int) and not -size <= position < size:
        raise IndexOutside(f"index {position} is out of bounds for an axis of size {size}")


def sliced_size(size: int | Dim, part: slice) -> int | Dim:
    """The length of a slice of an axis; named sizes are assumed to be large enough."""
    if not any(isinstance(bound, Dim) for bound in (size, part.start, part.stop)):
        return len(range(*part.indices(size)))
    start, stop, step = _positions(size, part)
    length = stop - start if step > 0 else start - stop
    if not isinstance(length, Dim) and length <= 0:
        return 0
    return (length + abs(step) - 1) // abs(step)


def _positions(size: int | Dim, part: slice) -> tuple[int | Dim, int | Dim, int]:
    """Where a slice starts, before which position it ends (downwards perhaps -1), and its step."""
    step = 1 if part.step is None else part.step
    if step == 0:
        raise UsageError(f"{part}: a step of 0; give another")
    if step > 0:
        return _end(size, part.start, 0), _end(size, part.stop, size), step
    last = size - 1
    start, stop = _end(size, part.start, last), _end(size, part.stop, -1)
    return _at_most(start, last), _at_most(stop, last), step


def _at_most(position: int | Dim, last: int | Dim) -> int | Dim:
    """The last position instead of one that is surely behind it, as NumPy clips it."""
    behind = position - last
    return last if not isinstance(behind, Dim) and behind > 0 else position


def _end(size: int | Dim, bound: Bound, default: int | Dim) -> int | Dim:
    if bound is None:
        return default
    negative = not isinstance(bound, Dim) and bound < 0
    return size + bound if negative else bound


def ascending(size: int | Dim, part: slice) -> tuple[int | Dim, int | Dim, int, bool]:
    """The positions of a slice counted upwards: from, below, the distance; and if it runs down."""
    step = 1 if part.step is None else part.step
    if not any(isinstance(bound, Dim) for bound in (size, part.start, part.stop)):
        positions = range(*part.indices(size))
        ends = sorted((positions[0], positions[-1])) if positions else (0, -1)
        return ends[0], ends[1] + 1, abs(step), step < 0
    start, stop, step = _positions(size, part)
    if step < 0:
        return start + (sliced_size(size, part) - 1) * step, start + 1, -step, True
    reversed_ = not isinstance(stop - start, Dim) and stop < start
    return start, start if reversed_ else stop, step, False


def requirements(shape: Shape, index: Any) -> list[tuple[int | Dim, str]]:
    """Sizes that must not be negative for `x[index]` to be what was inferred, with the reason."""
    needed: list[tuple[int | Dim, str]] = []
    for axis, part in plan(index, len(shape)).slices.items():
        size, down = shape[axis], part.step is not None and part.step < 0
        for bound in (part.start, part.stop):
            if bound is not None:
                end = (
                    _at_most(_end(size, bound, size), size - 1) if down else _end(size, bound, size)
                )
                last = size - 1 if down else size
                needed += [(end, f"axis {axis} is sliced at {end}")]
                needed += [(last - end, f"axis {axis} of size {size} is sliced at {end}")]
    return [(size, reason) for size, reason in needed if isinstance(size, Dim)]
