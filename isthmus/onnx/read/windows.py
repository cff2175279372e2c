"""ONNX's convolution and pooling, in all the ways it pads. Images are [N, C, H, W]."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.windows import Padding, Pair, taps

__all__ = ["average_pool", "convolution", "max_pool"]

Attributes = Mapping[str, Any]

UNPADDED: Padding = ((0, 0), (0, 0))


@dataclass(frozen=True)
class Windows:
    """Where windows lie on an image.

    extra: rows below and columns at the right that `ceil_mode` lets the last windows cover.
    """

    size: Pair
    strides: Pair
    dilations: Pair
    padding: Padding
    extra: Pair

    @property
    def plain(self) -> bool:
        """Whether `npx` pools so: without gaps, and with no window outside of the image."""
        widest = [
            max(sides) <= size // 2 for sides, size in zip(self.padding, self.size, strict=True)
        ]
        return self.dilations == (1, 1) and self.extra == (0, 0) and all(widest)

    def views(self, x: Any) -> list[Any]:
        """For each position in the window what it sees of the padded x."""
        return taps(x, self.size, self.strides, self.dilations)

    def surrounded(self, x: Any, value: float) -> Any:
        """x with all its padding, the extra one too."""
        sides = [(a, b + more) for (a, b), more in zip(self.padding, self.extra, strict=True)]
        return np.pad(x, ((0, 0), (0, 0), *sides), constant_values=value)


def windows_of(attributes: Attributes, x: Any, size: Any) -> Windows:
    """The windows that the attributes of Conv, MaxPool or AveragePool describe."""
    if x.ndim != 4 or len(size) != 2:
        raise UsageError(f"{x.ndim} axes; only images [N, C, H, W] are known")
    strides = _pair(attributes.get("strides", (1, 1)))
    dilations = _pair(attributes.get("dilations", (1, 1)))
    reach = _pair([(s - 1) * d + 1 for s, d in zip(size, dilations, strict=True)])
    padding = _padding(attributes, x.shape[2:], reach, strides)
    extra = (0, 0)
    if attributes.get("ceil_mode", 0):
        facts = zip(x.shape[2:], padding, reach, strides, strict=True)
        extra = _pair([_extra(*fact) for fact in facts])
    return Windows(_pair(size), strides, dilations, padding, extra)


def _padding(attributes: Attributes, sizes: Any, reach: Pair, strides: Pair) -> Padding:
    how = attributes.get("auto_pad", "NOTSET")
    if how == "VALID":
        return UNPADDED
    if how == "NOTSET":
        top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
        return (top, bottom), (left, right)
    sides = []
    for size, reached, stride in zip(sizes, reach, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + reached - size, 0)
        less, more = total // 2, total - total // 2
        sides.append((less, more) if how == "SAME_UPPER" else (more, less))
    return sides[0], sides[1]


def _extra(size: int, padding: Pair, reach: int, stride: int) -> int:
    """What the last window covers beyond the padding; none begins there (ONNX since opset 19)."""
    whole = size + sum(padding)
    count = -(-(whole - reach) // stride) + 1
    if (count - 1) * stride >= size + padding[0]:
        count -= 1
    return max((count - 1) * stride + reach - whole, 0)


def convolution(attributes: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
    windows = windows_of(attributes, x, weight.shape[2:])
    y = npx.convolution(
        x,
        weight,
        strides=windows.strides,
        padding=windows.padding,
        dilation=windows.dilations,
        groups=attributes.get("group", 1),
    )
    return y if bias is None else y + np.reshape(bias, (-1, 1, 1))


def max_pool(attributes: Attributes, x: Any) -> Any:
    windows = windows_of(attributes, x, attributes["kernel_shape"])
    if windows.plain:
        return npx.max_pool(
            x, window=windows.size, strides=windows.strides, padding=windows.padding
        )
    return functools.reduce(np.maximum, windows.views(windows.surrounded(x, -numpy.inf)))


def average_pool(attributes: Attributes, x: Any) -> Any:
    windows = windows_of(attributes, x, attributes["kernel_shape"])
    counts_padding = bool(attributes.get("count_include_pad", 0))
    if windows.plain:
        return npx.average_pool(
            x,
            window=windows.size,
            strides=windows.strides,
            padding=windows.padding,
            count_padding=counts_padding,
        )
    total = functools.reduce(np.add, windows.views(windows.surrounded(x, 0)))
    return total / _counts(windows, x, counts_padding)


def _counts(windows: Windows, x: Any, counts_padding: bool) -> Any:
    """How many elements each window averages: of what `ceil_mode` adds none counts."""
    inside = numpy.ones((1, 1, *x.shape[2:]), x.dtype)
    around = ((0, 0), (0, 0), *windows.padding)
    counted = numpy.pad(inside, around, constant_values=float(counts_padding))
    extra = ((0, 0), (0, 0), *((0, more) for more in windows.extra))
    return sum(windows.views(numpy.pad(counted, extra)))


def _pair(values: Any) -> Pair:
    height, width = values
    return int(height), int(width)
