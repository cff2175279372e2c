"""Where the windows of ONNX's convolution and pooling lie, in all the ways it pads.

x is [N, C, *sizes] with one axis of sizes, two or three, some of which may have names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, same
from isthmus.npx.windows import AXES, taps

from ..facts import Facts

__all__ = ["Windows", "checked", "pads_of", "steps", "windows_of"]

Sides = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Windows:
    """Windows along each axis of sizes.

    padding: before and after, as the attributes have it; counts: how many windows there are, the
    last of which may exceed the padding (`ceil_mode`). Both may be of named sizes.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: Sides
    counts: tuple[Any, ...]
    rounds_up: bool

    @property
    def reach(self) -> tuple[int, ...]:
        """From the first element that a window sees to the last, both counted."""
        return tuple((s - 1) * d + 1 for s, d in zip(self.size, self.dilations, strict=True))

    @property
    def is_known(self) -> bool:
        """Whether the padding is of numbers alone."""
        return not any(isinstance(n, Dim) for side in self.padding for n in side)

    @property
    def is_plain(self) -> bool:
        """Whether `npx` pools so: without gaps, and no window outside of the image."""
        if self.rounds_up or not self.is_known or any(d != 1 for d in self.dilations):
            return False
        return all(max(p) <= s // 2 for p, s in zip(self.padding, self.size, strict=True))

    def surrounded(self, x: Any, value: float) -> Any:
        """x with the padding in it, and at least what the last windows exceed it by."""
        widths = [(0, 0), (0, 0)]
        for axis, (before, after) in enumerate(self.padding):
            if isinstance(before, Dim) or isinstance(after, Dim):
                x = self._placed(x, axis, value)
                before, after = 0, 0
            elif self.rounds_up:
                after += self._excess(x, axis)
            widths.append((before, after))
        if not any(before or after for before, after in widths):
            return x
        return np.pad(x, widths, constant_values=value)

    def _excess(self, x: Any, axis: int) -> int:
        """What the last window exceeds the padding by; where that is not known the most it may."""
        size, stride = x.shape[axis + 2], self.strides[axis]
        if isinstance(size, Dim):
            return stride - 1
        whole = size + sum(self.padding[axis])
        return max((self.counts[axis] - 1) * stride + self.reach[axis] - whole, 0)

    def _placed(self, x: Any, axis: int, value: float) -> Any:
        """x with padding of a named size along an axis: cut out of one with too much."""
        before, after = self.padding[axis]
        most, size = self.reach[axis], x.shape[axis + 2]
        whole = [(0, 0)] * x.ndim
        whole[axis + 2] = (most, most)
        kept = slice(most - before, most + size + after)
        wide = np.pad(x, whole, constant_values=value)
        return np.getitem(wide, (slice(None),) * (axis + 2) + (kept,))

    def fitted(self, y: Any) -> Any:
        """y without windows that begin beyond the image, which padding for named sizes adds."""
        sizes = zip(y.shape[2:], self.counts, strict=True)
        if not self.rounds_up or all(same(size, count) for size, count in sizes):
            return y
        return np.getitem(y, (..., *(slice(0, count) for count in self.counts)))

    def views(self, x: Any) -> list[Any]:
        """For each position in the window what it sees of x that is surrounded."""
        return [self.fitted(view) for view in taps(x, self.size, self.strides, self.dilations)]


def checked(x: Any, size: Sequence[int]) -> tuple[int, ...]:
    """The window; UsageError unless x has its axes."""
    if x.ndim - 2 not in AXES or len(size) != x.ndim - 2:
        raise UsageError(f"a window of {tuple(size)} along an array of {x.ndim} axes")
    return tuple(int(n) for n in size)


def steps(facts: Facts, name: str, axes: int) -> tuple[int, ...]:
    """An attribute that is a number for each axis, ones where it is left out."""
    found = tuple(facts.get(name) or (1,) * axes)
    if len(found) != axes or min(found) < 1:
        raise UsageError(f"{name}={list(found)} for {axes} axes")
    return found


def pads_of(facts: Facts, axes: int) -> Sides:
    """The attribute `pads`, by axis."""
    found = facts.get("pads") or (0,) * (2 * axes)
    if len(found) != 2 * axes or min(found) < 0:
        raise UsageError(f"pads={list(found)} for {axes} axes")
    return tuple(zip(found[:axes], found[axes:], strict=True))


def windows_of(facts: Facts, x: Any, size: Sequence[int]) -> Windows:
    """The windows that the attributes describe."""
    window = checked(x, size)
    strides, dilations = (steps(facts, n, len(window)) for n in ("strides", "dilations"))
    how = facts.get("auto_pad", "NOTSET") or "NOTSET"
    rounds_up = bool(facts.get("ceil_mode", 0)) and how == "NOTSET"
    lines = list(zip(x.shape[2:], window, strides, dilations, strict=True))
    padding = _padding(facts, how, lines)
    counts = tuple(
        _count(size, (w - 1) * d + 1, s, sides, rounds_up)
        for (size, w, s, d), sides in zip(lines, padding, strict=True)
    )
    return Windows(window, strides, dilations, padding, counts, rounds_up)


def _padding(facts: Facts, how: str, lines: Sequence[tuple[Any, int, int, int]]) -> Sides:
    if how == "NOTSET":
        return pads_of(facts, len(lines))
    if how == "VALID":
        return ((0, 0),) * len(lines)
    if how not in ("SAME_LOWER", "SAME_UPPER"):
        raise UsageError(f"auto_pad={how!r} is not known")
    return tuple(_same(facts, how, line) for line in lines)


def _same(facts: Facts, how: str, line: tuple[Any, int, int, int]) -> tuple[Any, Any]:
    """Padding by which there are ceil(size / stride) windows.

    Where windows leave elements between them that would be negative. Convolutions begin with the
    first element then; of pooling that leaves out more than one runtimes differ.
    """
    size, window, stride, dilation = line
    reach = (window - 1) * dilation + 1
    convolves = "Conv" in facts.op
    if reach == 1 and (convolves or stride <= 2):
        return 0, 0
    total = ((size + stride - 1) // stride - 1) * stride + reach - size
    unknown = isinstance(total, Dim) and reach < stride
    if unknown or (not isinstance(total, Dim) and total < -1 and not convolves):
        raise UsageError(
            f"auto_pad={how!r} of {size} elements, a window of {reach} and stride {stride}, which "
            "leaves elements out; give pads"
        )
    total = total if isinstance(total, Dim) else max(total, 0)
    less = total // 2
    return (less, total - less) if how == "SAME_UPPER" else (total - less, less)


def _count(size: Any, reach: int, stride: int, sides: Any, rounds_up: bool) -> Any:
    """How many windows there are; none begins after the image (ONNX since opset 19)."""
    before, after = sides
    span = size + before + after - reach
    if isinstance(span, int) and span < (1 - stride if rounds_up else 0):
        raise UsageError(f"a window of {reach} does not fit {size} elements with padding {sides}")
    if not rounds_up:
        return span // stride + 1
    return (size + before - 1 + min(after + stride - reach, 0)) // stride + 1
