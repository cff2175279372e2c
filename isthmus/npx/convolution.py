"""Convolution and the dense layer. Weights are [outputs, inputs, ...], as published ones are."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.dims import equal, product
from isthmus.errors import DimensionError, UsageError
from isthmus.graph import Type
from isthmus.npx.windows import Padding, output_size, padded, padding_of, pair, taps
from isthmus.op import composite, primitive


def _type(x: Type, w: Type, strides: Any, padding: Any, dilation: Any, groups: int) -> Type:
    if x.ndim != 4 or w.ndim != 4 or x.dtype != w.dtype:
        raise UsageError("give x: [N, C, H, W] and weight: [O, C/groups, h, w] of one dtype")
    if not equal(w.shape[1] * groups, x.shape[1]) or w.shape[0] % groups:
        raise DimensionError(
            f"{x.shape[1]} channels, {groups} groups and weight {w.shape} do not fit: "
            "weight is [O, C/groups, h, w] with O divisible by groups"
        )
    facts = zip(
        x.shape[2:], w.shape[2:], pair(strides, "strides"), padding_of(padding),
        pair(dilation, "dilation"), strict=True,
    )  # fmt: skip
    return Type(x.dtype, (x.shape[0], w.shape[0], *(output_size(*fact) for fact in facts)))


def _operations(operands: Any, results: Any, attributes: Any) -> Any:
    """One multiplication and one addition for each result, input channel and window position."""
    return 2 * product(results[0].shape) * product(operands[1].shape[1:])


@primitive(infer=_type, operations=_operations)
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

    x: [N, C, H, W], weight: [O, C/groups, h, w] -> [N, O, H', W'].
    padding: an int, (height, width), or ((top, bottom), (left, right)), of zeros.
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
    flat = columns.reshape(n, -1, height * width)
    product_ = numpy.matmul(weight.reshape(len(weight), -1), flat)
    return product_.reshape(n, len(weight), height, width)


def _depthwise(x: Any, weight: Any, padding: Padding, strides: Any, dilation: Any) -> Any:
    """One multiplication and addition of whole images for each position in the window."""
    views = taps(padded(x, padding, 0), weight.shape[2:], strides, dilation)
    factors = weight.reshape(len(weight), len(views), 1, 1)
    result = views[0] * factors[:, 0]
    for position in range(1, len(views)):
        result += views[position] * factors[:, position]
    return result


@composite
def fully_connected(x: Any, weight: Any, bias: Any = None, /) -> Any:
    """x @ weight.T + bias. x: [..., I], weight: [O, I], bias: [O] or None -> [..., O]."""
    y = np.matmul(x, np.matrix_transpose(weight))
    return y if bias is None else y + bias
