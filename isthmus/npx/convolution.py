"""Convolution and the dense layer. Weights are [outputs, inputs, ...], as published ones are."""

from __future__ import annotations

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
    Padding,
    Pair,
    output_size,
    padded,
    padding_of,
    pair,
    span_of,
    steps_of,
    taps,
)

__all__ = [
    "biased_convolution",
    "convolution",
    "fully_connected",
]


def _type(x: Type, w: Type, strides: Any, padding: Any, dilation: Any, groups: int) -> Type:
    if x.ndim != 4 or w.ndim != 4 or x.dtype != w.dtype or x.dtype.kind != "f":
        raise UsageError(_wrong_arrays(x, w))
    if groups < 1:
        raise UsageError(f"groups={groups!r}: give a number from 1")
    if not equal(w.shape[1] * groups, x.shape[1]) or w.shape[0] % groups:
        raise DimensionError(
            f"{x.shape[1]} channels, {groups} groups and weight {w.shape} do not fit: "
            "weight is [O, C/groups, h, w] with O divisible by groups"
        )
    steps, gaps = steps_of(strides, "strides"), steps_of(dilation, "dilation")
    around, window = padding_of(padding), _window(w)
    facts = zip(x.shape[2:], window, steps, around, gaps, strict=True)
    return Type(x.dtype, (x.shape[0], w.shape[0], *(output_size(*fact) for fact in facts)))


def _wrong_arrays(x: Type, w: Type) -> str:
    if x.ndim == w.ndim == 3:
        return (
            "a convolution is of images; for one axis give x[:, :, None] and weight[:, :, None], "
            "and take y[:, :, 0]"
        )
    if x.ndim == w.ndim == 4:
        return (
            f"{x.dtype} and {w.dtype} given; give floats of one dtype, as with .astype('float32')"
        )
    return "give x: [N, C, H, W] and weight: [O, C/groups, h, w], floats of one dtype"


def _window(w: Type) -> Pair:
    """A weight's height and width, which decide the result's sizes and so must be known."""
    height, width = w.shape[2:]
    if isinstance(height, Dim) or isinstance(width, Dim):
        raise DimensionError(f"weight {w}: give numbers for its last two sizes")
    return steps_of((height, width), "the weight's window")


def _needs(node: Node) -> list[tuple[int | Dim, str]]:
    """That the window fits the padded image, along both axes."""
    x, w = (value.type for value in node.operands if value is not None)
    facts = node.attributes
    gaps, around = steps_of(facts["dilation"], "dilation"), padding_of(facts["padding"])
    both = zip(x.shape[2:], _window(w), around, gaps, strict=True)
    return [(span_of(*fact), f"the window of {fact[1]} must fit the image") for fact in both]


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    """One multiplication and one addition for each result, input channel and window position."""
    return 2 * product(results[0].shape) * product(operands[1].shape[1:])


def _gradient(
    g: Any, y: Any, x: Any, weight: Any, strides: Any, padding: Any, dilation: Any, groups: int
) -> tuple[Any, Any]:
    both = padding_of(padding)
    windows = (pair(strides, "strides"), pair(dilation, "dilation"))
    of_x = spread_windows(g, x.shape[2:], weight, both, *windows, groups)
    return of_x, _weight_gradient(g, x, weight, both, *windows, groups)


def spread_windows(
    g: Any, image: Any, weight: Any, padding: Padding, strides: Pair, dilation: Pair, groups: int
) -> Any:
    """The transpose of a convolution: each element of g times the weight, added where it looked.

    g: [N, O, H', W'], weight: [O, C/groups, h, w] -> [N, C, *image].
    """
    reaches = [(w - 1) * d for w, d in zip(weight.shape[2:], dilation, strict=True)]
    for axis in (0, 1):
        rows = spaced(g, axis + 2, strides[axis])
        g = _fitted(rows, axis + 2, image[axis] + reaches[axis], reaches[axis], padding[axis])
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
    """[O, C/groups, h, w] -> [C, O/groups, h, w], every window upside down."""
    outputs, inputs, *window = weight.shape
    grouped = np.reshape(weight, (groups, outputs // groups, inputs, *window))
    exchanged = np.permute_dims(grouped, (0, 2, 1, 3, 4))
    flat = np.reshape(exchanged, (groups * inputs, outputs // groups, *window))
    return np.getitem(flat, (..., slice(None, None, -1), slice(None, None, -1)))


def _weight_gradient(
    g: Any, x: Any, weight: Any, padding: Padding, strides: Pair, dilation: Pair, groups: int
) -> Any:
    """x convolved with g: the images take the place of the channels, strides that of dilation."""
    (n, c, *image), o = x.shape, g.shape[1]
    parts = np.permute_dims(np.reshape(x, (n, groups, c // groups, *image)), (2, 1, 0, 3, 4))
    images = np.reshape(parts, (c // groups, groups * n, *image))
    found = convolution(
        images, np.permute_dims(g, (1, 0, 2, 3)),
        strides=dilation, dilation=strides, padding=padding, groups=groups,
    )  # fmt: skip
    height, width = weight.shape[2:]
    cropped = np.getitem(found, (..., slice(0, height), slice(0, width)))
    return np.reshape(np.permute_dims(cropped, (1, 0, 2, 3)), (o, c // groups, height, width))


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
    width). padding: an int, (height, width), or ((top, bottom), (left, right)), of zeros. Raises
    UsageError for other axes, dtypes or options, DimensionError if channels do not fit or the
    window exceeds the image. float16 is summed in float32. As ONNX's Conv, without bias.

    >>> from isthmus import np, npx
    >>> x, weight = np.reshape(np.arange(9.0), (1, 1, 3, 3)), np.ones((1, 1, 2, 2))
    >>> npx.convolution(x, weight)
    array([[[[ 8., 12.],
             [20., 24.]]]])
    >>> npx.convolution(x, weight, strides=2, padding=1).shape
    (1, 1, 2, 2)
    """
    both = padding_of(padding)
    arguments = (pair(strides, "strides"), pair(dilation, "dilation"))
    if groups == x.shape[1] == weight.shape[0]:
        return _depthwise(x, weight, both, *arguments)
    parts = zip(numpy.split(x, groups, 1), numpy.split(weight, groups, 0), strict=True)
    results = [_dense(part, w, both, *arguments) for part, w in parts]
    return results[0] if groups == 1 else numpy.concatenate(results, axis=1)


def _dense(x: Any, weight: Any, padding: Padding, strides: Any, dilation: Any) -> Any:
    """One matrix product: weights [O, C*h*w] times windows [C*h*w, H'*W']."""
    views = taps(padded(x, padding, 0), weight.shape[2:], strides, dilation)
    n, c, height, width = views[0].shape
    columns = numpy.empty((n, c, len(views), height, width), x.dtype)
    for position, view in enumerate(views):
        columns[:, :, position] = view
    flat = columns.reshape(n, c * len(views), height * width)
    product_ = numpy.matmul(weight.reshape(len(weight), c * len(views)), flat)
    return product_.reshape(n, len(weight), height, width)


def _depthwise(x: Any, weight: Any, padding: Padding, strides: Any, dilation: Any) -> Any:
    """One multiplication and addition of whole images for each position in the window."""
    views = taps(padded(x, padding, 0), weight.shape[2:], strides, dilation)
    factors = weight.reshape(len(weight), len(views), 1, 1)
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
    return convolution(x, weight, **facts) + np.reshape(bias, (-1, 1, 1))


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
