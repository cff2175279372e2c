"""Sliding windows over images: sizes, padding and the views that convolution and pooling share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError, WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.whole import is_whole, whole, wholes

__all__ = ["Padding", "Pair", "output_size", "padded", "padding_of", "pair", "taps"]

Pair = tuple[int, int]
Padding = tuple[tuple[int, int], tuple[int, int]]  # (top, bottom), (left, right)


def pair(value: int | Sequence[int], name: str) -> Pair:
    """One number for both axes of an image, or two; UsageError for anything else."""
    try:
        both = (whole(value),) * 2 if is_whole(value) else wholes(value)
    except WrongKind:
        raise WrongKind(f"{name}={value!r}: give an int or (height, width)") from None
    if len(both) != 2:
        raise UsageError(f"{name}={value!r}: give an int or (height, width)")
    return both[0], both[1]


def padding_of(value: Any) -> Padding:
    """Rows and columns added: an int, (height, width), or ((top, bottom), (left, right))."""
    height, width = (value, value) if is_whole(value) else tuple(value)
    (top, bottom), (left, right) = pair(height, "padding"), pair(width, "padding")
    if min(top, bottom, left, right) < 0:
        raise UsageError(f"padding={value!r} is negative; crop with x[:, :, a:b, c:d] instead")
    return (top, bottom), (left, right)


def output_size(
    size: int | Dim, window: int, stride: int, padding: Pair, dilation: int = 1
) -> int | Dim:
    """floor((size + padding - reach) / stride) + 1, where reach is the window's extent."""
    span = size + sum(padding) - ((window - 1) * dilation + 1)
    if isinstance(span, int) and span < 0:
        raise DimensionError(
            f"a window of {window} (dilation {dilation}) does not fit {size} "
            f"with padding {padding}; give a larger image or more padding"
        )
    return span // stride + 1


def padded(x: Any, padding: Padding, value: float) -> Any:
    """x: [N, C, H, W] with rows and columns of one value around."""
    if padding == ((0, 0), (0, 0)):
        return x
    return numpy.pad(x, ((0, 0), (0, 0), *padding), constant_values=value)


def taps(x: Any, window: Pair, strides: Pair, dilation: Pair = (1, 1)) -> list[Any]:
    """For each position in the window, row by row, the view of x: [N, C, H', W'] it sees."""
    reach = [(w - 1) * d for w, d in zip(window, dilation, strict=True)]
    last = [size - r for size, r in zip(x.shape[2:], reach, strict=True)]
    return [
        x[:, :, i : i + last[0] : strides[0], j : j + last[1] : strides[1]]
        for i in range(0, window[0] * dilation[0], dilation[0])
        for j in range(0, window[1] * dilation[1], dilation[1])
    ]
