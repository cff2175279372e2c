"""Pooling over windows along one, two or three axes. x: [N, C, *sizes]; on NaN as runtimes do, see
`activation`."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Node, Type
from isthmus.graph.operator import FOLLOWS, FULL, Addition
from isthmus.graph.shapes import product, same_shape
from isthmus.np.indexing import surrounded
from isthmus.np.staged_sums import LAST_AXIS, added_over_images
from isthmus.np.statistical import mean_in_stages
from isthmus.trace.array import Array
from isthmus.trace.op import composite, primitive

from .convolution import convolution, spread_windows
from .precision import in_float32
from .windows import AXES, Steps, along, output_size, padded, padding_of, span_of, steps_of, taps

__all__ = [
    "average_pool",
    "global_average_pool",
    "max_pool",
]


def _type(x: Type, window: Any, strides: Any, padding: Any, **_: Any) -> Type:
    _check_images(x)
    axes = x.ndim - 2
    size, around = steps_of(window, "window", axes), padding_of(padding, axes)
    if any(sum(p) and max(p) > w // 2 for p, w in zip(around, size, strict=True)):
        raise UsageError(f"padding={padding} is more than half of the window {size}")
    steps = steps_of(window if strides is None else strides, "strides", axes)
    facts = zip(x.shape[2:], size, steps, around, strict=True)
    return Type(x.dtype, (*x.shape[:2], *(output_size(*fact) for fact in facts)))


def _check_images(x: Any) -> None:
    if x.ndim - 2 not in AXES or x.dtype.kind != "f":
        raise UsageError(
            f"pooling takes float images [N, C, H, W], and {Type(x.dtype, x.shape)} is none, nor "
            "with one axis or three in place of H, W; reshape or convert it"
        )


def _needs(node: Node) -> list[tuple[int | Dim, str]]:
    """That the window fits the padded image, along each axis."""
    (x,) = (value.type for value in node.operands if value is not None)
    axes = x.ndim - 2
    size = along(node.attributes["window"], "window", axes)
    around = padding_of(node.attributes["padding"], axes)
    each = zip(x.shape[2:], size, around, strict=True)
    return [(span_of(*fact), f"the window of {fact[1]} must fit the image") for fact in each]


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    axes = operands[0].ndim - 2
    return product(results[0].shape) * product(along(attributes["window"], "window", axes))


def _windows(x: Any, window: Any, strides: Any) -> tuple[Steps, Steps]:
    """The window and the strides along each axis."""
    axes = x.ndim - 2
    steps = along(window if strides is None else strides, "strides", axes)
    return along(window, "window", axes), steps


def _scattered(g: Any, x: Any, weight: Any, strides: Steps, padding: Any) -> Any:
    """g: [N*C, O, H', W'] times the weight [O, 1, h, w], added up where each window looked at x."""
    sides, gaps = padding_of(padding, len(strides)), (1,) * len(strides)
    spread = spread_windows(g, x.shape[2:], weight, sides, strides, gaps, 1)
    return np.reshape(spread, x.shape)


def _max_gradient(g: Any, y: Any, x: Any, window: Any, strides: Any, padding: Any) -> tuple[Any]:
    """Elements that share the largest value of a window share its gradient."""
    size, steps = _windows(x, window, strides)
    wide = x
    for axis, (before, after) in enumerate(padding_of(padding, len(size))):
        wide = surrounded(wide, axis + 2, before, after, -numpy.inf)
    chosen = [np.astype(np.equal(view, y), x.dtype) for view in taps(wide, size, steps)]
    ties = functools.reduce(np.add, chosen)
    shares = np.stack([g * one / ties for one in chosen], axis=2)
    one_hot = numpy.eye(len(chosen), dtype=x.dtype).reshape(-1, 1, *size)
    flat = np.reshape(shares, (x.shape[0] * x.shape[1], len(chosen), *y.shape[2:]))
    return (_scattered(flat, x, one_hot, steps, padding),)


@primitive(
    infer=_type,
    operations=_operations,
    needs=_needs,
    vjp=_max_gradient,
    may_raise=False,
    checked=True,
    precision=FOLLOWS,
)
def max_pool(x: Any, /, *, window: Any, strides: Any = None, padding: Any = 0) -> Any:
    """The largest element of each window; strides default to the window. -> [N, C, H', W'].

    x: [N, C, H, W], float; H' = floor((H + padding - h) / stride) + 1. window (h, w), strides: an
    int or (height, width). padding: as of `convolution`, of -inf, at most half the window. Or all
    of it with one axis, or three, in place of those two. Raises UsageError for other axes, dtypes
    or options, DimensionError for a window that exceeds the image. As ONNX's MaxPool.

    >>> from isthmus import np, npx
    >>> npx.max_pool(np.reshape(np.arange(16.0), (1, 1, 4, 4)), window=2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    size, steps = _windows(x, window, strides)
    views = taps(padded(x, padding_of(padding, len(size)), -numpy.inf), size, steps)
    result = views[0].copy()
    for view in views[1:]:
        numpy.maximum(result, view, out=result)
    return result


def _average_gradient(
    g: Any, y: Any, x: Any, window: Any, strides: Any, padding: Any, count_padding: bool
) -> tuple[Any]:
    size, steps = _windows(x, window, strides)
    kernel = numpy.ones((1, 1, *size), x.dtype)
    count: Any = math.prod(size)
    if not count_padding:
        inside = np.ones((1, 1, *x.shape[2:]), x.dtype)
        count = convolution(inside, kernel, strides=steps, padding=padding)
    flat = np.reshape(g / count, (x.shape[0] * x.shape[1], 1, *y.shape[2:]))
    return (_scattered(flat, x, kernel, steps, padding),)


def _added(node: Node) -> Addition | None:
    """A whole window of several axes, if each adds as many: not where padding is left out."""
    (x,), facts = node.operands, node.attributes
    assert x is not None
    axes = x.type.ndim - 2
    size = along(facts["window"], "window", axes)
    is_bare = not numpy.any(padding_of(facts["padding"], axes))
    is_whole = is_bare and same_shape(x.type.shape[2:], size)
    if x.type.dtype != numpy.float32 or not (is_bare or facts["count_padding"]):
        return None
    has_stages = sum(one > 1 for one in size) > 1
    return Addition(math.prod(size), LAST_AXIS) if is_whole or has_stages else None


def _in_stages(x: Any, window: Any, strides: Any, padding: Any, count_padding: bool) -> Any:
    """The mean over one axis of each window after the other, the rows first."""
    (size, steps), sides = _windows(x, window, strides), padding_of(padding, x.ndim - 2)
    if same_shape(x.shape[2:], size) and not numpy.any(sides):
        return mean_in_stages(x, axis=tuple(range(2, x.ndim)), dtype=None, keepdims=True)
    for axis in range(len(size)):

        def alone(values: Any, other: Any, axis: int = axis) -> tuple[Any, ...]:
            return tuple(v if i == axis else other for i, v in enumerate(values))

        x = average_pool(
            x, window=alone(size, 1), strides=alone(steps, 1), padding=alone(sides, (0, 0))
        )
    return x


@primitive(
    infer=_type,
    operations=_operations,
    needs=_needs,
    vjp=_average_gradient,
    may_raise=False,
    checked=True,
    adds=_added,
    in_stages=_in_stages,
    precision=FOLLOWS,
)
@in_float32
def average_pool(
    x: Any, /, *, window: Any, strides: Any = None, padding: Any = 0, count_padding: bool = True
) -> Any:
    """The mean of each window; count_padding tells whether padded zeros are counted.

    x: [N, C, H, W], float -> [N, C, H', W'], with window, strides, padding and errors of
    `max_pool`. As ONNX's AveragePool; its count_include_pad is count_padding.

    >>> from isthmus import np, npx
    >>> npx.average_pool(np.reshape(np.arange(16.0), (1, 1, 4, 4)), window=2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    size, steps = _windows(x, window, strides)
    around = padding_of(padding, len(size))
    if x.shape[2:] == size and not numpy.any(around):
        return x.mean(axis=tuple(range(2, x.ndim)), keepdims=True)
    total = _window_sums(padded(x, around, 0), size, steps)
    if count_padding:
        return total / x.dtype.type(math.prod(size))
    inside = padded(numpy.ones((1, 1, *x.shape[2:]), x.dtype), around, 0)
    return total / _window_sums(inside, size, steps)


def _window_sums(x: Any, size: Steps, steps: Steps) -> Any:
    """The sum of each window: over its rows, then over its columns."""
    ones = (1,) * len(size)
    for axis in range(len(size)):
        window, strides = ((*ones[:axis], s[axis], *ones[axis + 1 :]) for s in (size, steps))
        x = sum(taps(x, window, strides))
    return x


@composite(adds=added_over_images, precision=FULL)
def global_average_pool(x: Any, /) -> Any:
    """The mean over H and W, which stay as axes of size 1. -> [N, C, 1, 1].

    x: [N, C, H, W], float, or with one axis, or three, in place of H and W; the result has its
    dtype (Lin et al. 2013, arXiv:1312.4400). Raises UsageError for other axes or dtypes.

    >>> from isthmus import np, npx
    >>> npx.global_average_pool(np.reshape(np.arange(4.0), (1, 1, 2, 2)))
    array([[[[1.5]]]])
    """
    x = x if isinstance(x, Array) else numpy.asanyarray(x)
    _check_images(x)
    return np.mean(x, axis=tuple(range(2, x.ndim)), keepdims=True)
