"""Convolution and the dense layer. Weights are [outputs, inputs, ...], as published ones are."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, equal
from isthmus.graph.nodes import Node, Type
from isthmus.graph.operator import LOW
from isthmus.graph.shapes import product
from isthmus.np.indexing import spaced, surrounded
from isthmus.np.staged_sums import added_over_layers
from isthmus.trace.op import composite, primitive

from .precision import in_float32
from .standard import has_bias_by_channel, has_vector_bias
from .windows import (
    AXES,
    Padding,
    Pair,
    Steps,
    along,
    output_size,
    padded,
    padding_of,
    span_of,
    steps_of,
    taps,
)

__all__ = [
    "biased_convolution",
    "check_arrays",
    "convolution",
    "fully_connected",
    "spread_windows",
    "weight_gradient",
    "window_of",
]


def _type(x: Type, w: Type, strides: Any, padding: Any, dilation: Any, groups: int) -> Type:
    check_arrays(x, w, "[O, C/groups, h, w]")
    axes = x.ndim - 2
    if groups < 1:
        raise UsageError(f"groups={groups!r}: give a number from 1")
    if not equal(w.shape[1] * groups, x.shape[1]) or w.shape[0] % groups:
        raise DimensionError(
            f"{x.shape[1]} channels, {groups} groups and weight {w.shape} do not fit: "
            "weight is [O, C/groups, h, w] with O divisible by groups"
        )
    steps, gaps = steps_of(strides, "strides", axes), steps_of(dilation, "dilation", axes)
    around, window = padding_of(padding, axes), window_of(w)
    facts = zip(x.shape[2:], window, steps, around, gaps, strict=True)
    return Type(x.dtype, (x.shape[0], w.shape[0], *(output_size(*fact) for fact in facts)))


def check_arrays(x: Type, w: Type, form: str) -> None:
    """UsageError unless both have one, two or three axes beside their channels, and one dtype of
    floats. form: of the weight of images."""
    if w.ndim != x.ndim or x.ndim - 2 not in AXES:
        raise UsageError(
            f"give x: [N, C, H, W] and weight: {form}, floats of one dtype; or both with one axis, "
            "or three, in place of the last two"
        )
    if x.dtype != w.dtype or x.dtype.kind != "f":
        raise UsageError(
            f"{x.dtype} and {w.dtype} given; give floats of one dtype, as with .astype('float32')"
        )


def window_of(w: Type) -> Steps:
    """A weight's sizes after the channels, which decide the result's and so must be known."""
    window = [size for size in w.shape[2:] if not isinstance(size, Dim)]
    if len(window) < w.ndim - 2:
        raise DimensionError(f"weight {w}: give numbers for its last {w.ndim - 2} sizes")
    return steps_of(window, "the weight's window", len(window))


def _needs(node: Node) -> list[tuple[int | Dim, str]]:
    """That the window fits the padded image, along each axis."""
    x, w = (value.type for value in node.operands if value is not None)
    facts, axes = node.attributes, x.ndim - 2
    gaps, around = steps_of(facts["dilation"], "dilation", axes), padding_of(facts["padding"], axes)
    each = zip(x.shape[2:], window_of(w), around, gaps, strict=True)
    return [(span_of(*fact), f"the window of {fact[1]} must fit the image") for fact in each]


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    """One multiplication and one addition for each result, input channel and window position."""
    return 2 * product(results[0].shape) * product(operands[1].shape[1:])


def _gradient(
    g: Any, y: Any, x: Any, weight: Any, strides: Any, padding: Any, dilation: Any, groups: int
) -> tuple[Any, Any]:
    axes = x.ndim - 2
    sides = padding_of(padding, axes)
    windows = (along(strides, "strides", axes), along(dilation, "dilation", axes))
    of_x = spread_windows(g, x.shape[2:], weight, sides, *windows, groups)
    return of_x, weight_gradient(g, x, weight, sides, *windows, groups)


def spread_windows(
    g: Any, image: Any, weight: Any, padding: Padding, strides: Steps, dilation: Steps, groups: int
) -> Any:
    """The transpose of a convolution: each element of g times the weight, added where it looked.

    g: [N, O, *sizes'], weight: [O, C/groups, *window] -> [N, C, *image].
    """
    reaches = [(w - 1) * d for w, d in zip(weight.shape[2:], dilation, strict=True)]
    for axis, reach in enumerate(reaches):
        rows = spaced(g, axis + 2, strides[axis])
        g = _fitted(rows, axis + 2, image[axis] + reach, reach, padding[axis])
    return convolution(g, _exchanged(weight, groups), dilation=dilation, groups=groups)


def _fitted(g: Any, axis: int, total: int | Dim, reach: int, padding: Pair) -> Any:
    """g with reach - padding zeros before it and up to the total after it; cut where negative."""
    before, excess = reach - padding[0], max(padding[1] - reach, 0)
    start = max(-before, 0)
    g = surrounded(_cut(g, axis, start, None), axis, max(before, 0), 0)
    g = surrounded(g, axis, 0, total - g.shape[axis] + excess)
    return _cut(g, axis, 0, total if excess else None)


def _cut(g: Any, axis: int, start: int, stop: int | Dim | None) -> Any:
    if start == 0 and stop is None:
        return g
    return np.getitem(g, (slice(None),) * axis + (slice(start, stop),))


def _exchanged(weight: Any, groups: int) -> Any:
    """[O, C/groups, *window] -> [C, O/groups, *window], every window upside down."""
    outputs, inputs, *window = weight.shape
    grouped = np.reshape(weight, (groups, outputs // groups, inputs, *window))
    exchanged = np.permute_dims(grouped, (0, 2, 1, *range(3, grouped.ndim)))
    flat = np.reshape(exchanged, (groups * inputs, outputs // groups, *window))
    return np.getitem(flat, (..., *(slice(None, None, -1) for _ in window)))


def weight_gradient(
    g: Any, x: Any, weight: Any, padding: Padding, strides: Steps, dilation: Steps, groups: int
) -> Any:
    """x convolved with g: the images take the place of the channels, strides that of dilation."""
    (n, c, *image), o = x.shape, g.shape[1]
    others = range(2, x.ndim)
    parts = np.reshape(x, (n, groups, c // groups, *image))
    parts = np.permute_dims(parts, (2, 1, 0, *range(3, parts.ndim)))
    images = np.reshape(parts, (c // groups, groups * n, *image))
    found = convolution(
        images, np.permute_dims(g, (1, 0, *others)),
        strides=dilation, dilation=strides, padding=padding, groups=groups,
    )  # fmt: skip
    window = weight.shape[2:]
    cropped = np.getitem(found, (..., *(slice(0, size) for size in window)))
    return np.reshape(np.permute_dims(cropped, (1, 0, *others)), (o, c // groups, *window))


@primitive(
    infer=_type,
    operations=_operations,
    needs=_needs,
    vjp=_gradient,
    may_raise=False,
    checked=True,
    weight_axis=0,
    precision=LOW,
)
@in_float32
def convolution(
    x: Any,
    weight: Any,
    /,
    *,
    strides: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """y[n, o, i, j] = sum over c, a, b of x[n, c, i*s + a*d, j*s + b*d] * weight[o, c, a, b].

    x: [N, C, H, W], weight: [O, C/groups, h, w] -> [N, O, H', W'], float, of one dtype; H' =
    floor((H + padding - (h - 1) * d - 1) / s) + 1. strides s, dilation d: an int or (height,
    width). padding: an int, (height, width), or ((top, bottom), (left, right)), of zeros. Or all of
    it with one axis, or three, in place of those two. Raises UsageError for other axes, dtypes or
    options, DimensionError if channels do not fit or the window exceeds the image. float16 is
    summed in float32. As ONNX's Conv, without bias.

    >>> from isthmus import np, npx
    >>> x, weight = np.reshape(np.arange(9.0), (1, 1, 3, 3)), np.ones((1, 1, 2, 2))
    >>> npx.convolution(x, weight)
    array([[[[ 8., 12.],
             [20., 24.]]]])
    >>> npx.convolution(x, weight, strides=2, padding=1).shape
    (1, 1, 2, 2)
    """
    axes = x.ndim - 2
    sides = padding_of(padding, axes)
    arguments = (along(strides, "strides", axes), along(dilation, "dilation", axes))
    if groups == x.shape[1] == weight.shape[0]:
        return _depthwise(x, weight, sides, *arguments)
    parts = zip(numpy.split(x, groups, 1), numpy.split(weight, groups, 0), strict=True)
    results = [_dense(part, w, sides, *arguments) for part, w in parts]
    return results[0] if groups == 1 else numpy.concatenate(results, axis=1)


def _dense(x: Any, weight: Any, padding: Padding, strides: Steps, dilation: Steps) -> Any:
    """One matrix product: weights [O, C*h*w] times windows [C*h*w, H'*W']."""
    views = taps(padded(x, padding, 0), weight.shape[2:], strides, dilation)
    n, c, *sizes = views[0].shape
    columns = numpy.empty((n, c, len(views), *sizes), x.dtype)
    for position, view in enumerate(views):
        columns[:, :, position] = view
    flat = columns.reshape(n, c * len(views), math.prod(sizes))
    product_ = numpy.matmul(weight.reshape(len(weight), c * len(views)), flat)
    return product_.reshape(n, len(weight), *sizes)


def _depthwise(x: Any, weight: Any, padding: Padding, strides: Steps, dilation: Steps) -> Any:
    """One multiplication and addition of whole images for each position in the window."""
    window = weight.shape[2:]
    views = taps(padded(x, padding, 0), window, strides, dilation)
    factors = weight.reshape(len(weight), len(views), *(1 for _ in window))
    result = views[0] * factors[:, 0]
    for position in range(1, len(views)):
        result += views[position] * factors[:, position]
    return result


@composite(is_standard=has_bias_by_channel, weight_axis=0, precision=LOW)
def biased_convolution(
    x: Any,
    weight: Any,
    bias: Any,
    /,
    *,
    strides: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """convolution(x, weight) + bias, bias: [O]. Runtimes have it whole, which matters where they
    compute in integers: there the bias is added before the sums are made floats."""
    facts = {"strides": strides, "padding": padding, "dilation": dilation, "groups": groups}
    return convolution(x, weight, **facts) + np.reshape(bias, (-1, *(1 for _ in x.shape[2:])))


@composite(adds=added_over_layers, is_standard=has_vector_bias, weight_axis=0, precision=LOW)
@in_float32
def fully_connected(x: Any, weight: Any, bias: Any = None, /) -> Any:
    """x @ weight.T + bias. x: [..., I], weight: [O, I], bias: [O] or None -> [..., O].

    Result: the common dtype. Raises DimensionError if the sizes I differ (NumPy arrays:
    ValueError).

    >>> from isthmus import np, npx
    >>> weight, bias = np.asarray([[1.0, 2.0], [3.0, 4.0]]), np.asarray([0.5, 0.0])
    >>> npx.fully_connected(np.asarray([[1.0, 1.0]]), weight, bias)
    array([[3.5, 7. ]])
    """
    y = np.matmul(x, np.matrix_transpose(weight))
    return y if bias is None else y + bias
