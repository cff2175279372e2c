"""Sliding windows along one, two or three axes: sizes, padding and the views that convolution and
pooling share. x is [N, C, *sizes]."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError, WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.whole import is_whole, whole, wholes

__all__ = [
    "AXES",
    "Padding",
    "Pair",
    "Steps",
    "along",
    "output_size",
    "padded",
    "padding_of",
    "span_of",
    "steps_of",
    "taps",
]

Pair = tuple[int, int]
Steps = tuple[int, ...]  # a number for each axis
Padding = tuple[Pair, ...]  # before and after each axis, as (top, bottom), (left, right)

# How many axes windows have, and what the numbers for each are called.
AXES = {1: "(width,)", 2: "(height, width)", 3: "(depth, height, width)"}


def along(value: int | Sequence[int], name: str, axes: int) -> Steps:
    """One number for all axes, or one for each; UsageError for anything else."""
    try:
        each = (whole(value),) * axes if is_whole(value) else wholes(value)
    except WrongKind:
        raise WrongKind(f"{name}={value!r}: give an int or {AXES[axes]}") from None
    if len(each) != axes:
        raise UsageError(f"{name}={value!r}: give an int or {AXES[axes]}")
    return each


def padding_of(value: Any, axes: int) -> Padding:
    """What is added along each axis: an int for all, or for each axis an int or (before, after)."""
    each = (value,) * axes if is_whole(value) else tuple(value)
    if len(each) != axes:
        raise UsageError(f"padding={value!r}: give an int or {AXES[axes]}")
    sides = tuple(_sides(one) for one in each)
    if min(map(min, sides)) < 0:
        raise UsageError(f"padding={value!r} is negative; crop with x[:, :, a:b, c:d] instead")
    return sides


def _sides(value: Any) -> Pair:
    before, after = along(value, "padding", 2)
    return before, after


def steps_of(value: int | Sequence[int], name: str, axes: int) -> Steps:
    """As `along`, of numbers from 1: a stride, a dilation or the size of a window."""
    each = along(value, name, axes)
    if min(each) < 1:
        raise UsageError(f"{name}={value!r}: give numbers from 1")
    return each


def span_of(size: int | Dim, window: int, padding: Pair, dilation: int = 1) -> int | Dim:
    """How far the window can move over the padded image; it fits where this is not negative."""
    return size + sum(padding) - ((window - 1) * dilation + 1)


def output_size(
    size: int | Dim, window: int, stride: int, padding: Pair, dilation: int = 1
) -> int | Dim:
    """floor(span / stride) + 1; DimensionError where the window is larger than the image."""
    span = span_of(size, window, padding, dilation)
    if isinstance(span, int) and span < 0:
        raise DimensionError(
            f"a window of {window} (dilation {dilation}) does not fit {size} "
            f"with padding {padding}; give a larger image or more padding"
        )
    return span // stride + 1


def padded(x: Any, padding: Padding, value: float) -> Any:
    """x with elements of one value around."""
    if not any(map(any, padding)):
        return x
    return numpy.pad(x, ((0, 0), (0, 0), *padding), constant_values=value)


def taps(x: Any, window: Steps, strides: Steps, dilation: Steps | None = None) -> list[Any]:
    """For each position in the window, row by row, the view of x that it sees: [N, C, *sizes']."""
    gaps = (1,) * len(window) if dilation is None else dilation
    reach = [(w - 1) * d for w, d in zip(window, gaps, strict=True)]
    last = [size - r for size, r in zip(x.shape[2:], reach, strict=True)]
    starts = itertools.product(*(range(0, w * d, d) for w, d in zip(window, gaps, strict=True)))
    return [x[(slice(None), slice(None), *map(_view, start, last, strides))] for start in starts]


def _view(start: int, last: Any, stride: int) -> slice:
    return slice(start, start + last, stride)
