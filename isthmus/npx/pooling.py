"""Pooling over windows of images. x: [N, C, H, W]; on NaN as runtimes do, see `activation`."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.dims import product
from isthmus.errors import UsageError
from isthmus.graph import Type
from isthmus.npx.windows import output_size, padded, padding_of, pair, taps
from isthmus.op import composite, primitive


def _type(x: Type, window: Any, strides: Any, padding: Any, **_: Any) -> Type:
    if x.ndim != 4 or x.dtype.kind != "f":
        raise UsageError(f"{x}: pooling takes float images [N, C, H, W]")
    size, around = pair(window, "window"), padding_of(padding)
    if any(sum(p) and max(p) > w // 2 for p, w in zip(around, size, strict=True)):
        raise UsageError(f"padding={padding} is more than half of the window {size}")
    steps = pair(window if strides is None else strides, "strides")
    facts = zip(x.shape[2:], size, steps, around, strict=True)
    return Type(x.dtype, (*x.shape[:2], *(output_size(*fact) for fact in facts)))


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    return product(results[0].shape) * product(pair(attributes["window"], "window"))


@primitive(infer=_type, operations=_operations)
def max_pool(x: Any, /, *, window: Any, strides: Any = None, padding: Any = 0) -> Any:
    """The largest element of each window; strides default to the window. -> [N, C, H', W']."""
    steps = pair(window if strides is None else strides, "strides")
    views = taps(padded(x, padding_of(padding), -numpy.inf), pair(window, "window"), steps)
    result = views[0].copy()
    for view in views[1:]:
        numpy.maximum(result, view, out=result)
    return result


@primitive(infer=_type, operations=_operations)
def average_pool(
    x: Any, /, *, window: Any, strides: Any = None, padding: Any = 0, count_padding: bool = True
) -> Any:
    """The mean of each window; count_padding tells whether padded zeros are counted."""
    size = pair(window, "window")
    steps = pair(window if strides is None else strides, "strides")
    total = sum(taps(padded(x, padding_of(padding), 0), size, steps))
    if count_padding:
        return total / x.dtype.type(size[0] * size[1])
    inside = padded(numpy.ones((1, 1, *x.shape[2:]), x.dtype), padding_of(padding), 0)
    return total / sum(taps(inside, size, steps))


@composite
def global_average_pool(x: Any, /) -> Any:
    """The mean over H and W, which stay as axes of size 1. -> [N, C, 1, 1]."""
    return np.mean(x, axis=(2, 3), keepdims=True)
