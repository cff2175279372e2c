"""Operators of networks: dense layers, convolution, pooling and normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from isthmus.npx.windows import padding_of, pair

from .integer_products import has_own_bias, in_integers, read
from .movement_rules import reshaped

if TYPE_CHECKING:
    from .builder import Site

__all__ = [
    "average_pool",
    "batch_norm",
    "convolution",
    "fully_connected",
    "gelu",
    "layer_norm",
    "leaky_relu",
    "matmul",
    "max_pool",
    "relu6",
]


def matmul(site: Site, x: str, y: str) -> str:
    """MatMul; Gemm of integers by a table, since of a MatMul and an Add ONNX Runtime makes a Gemm
    itself before it looks for integers, with a bias that no kernel of integers takes."""
    shape, table = site.operand_type().shape, site.operand_type(1).shape
    axis = len(table) - 1
    is_table = axis == 1 and len(shape) > 1
    is_integer = in_integers(site, axis)
    x, y = read(site, x, y, axis)
    if not (is_integer and is_table):
        return site.op("MatMul", x, y)
    if len(shape) == 2:
        return site.op("Gemm", x, y)
    product = site.op("Gemm", _flat(site, x), y)
    return reshaped(site, product, (-1, table[-1]), site.type.shape)


def fully_connected(site: Site, x: str, weight: str, bias: str) -> str:
    """Gemm over the last axis, which takes the weight as it is: [O, I]."""
    shape = site.operand_type().shape
    own = in_integers(site, 0) and has_own_bias(site)
    x, weight = read(site, x, weight, 0)
    flat = x if len(shape) == 2 else _flat(site, x)
    y = site.op("Gemm", flat, weight, *([bias] if bias and not own else []), transB=1)
    if len(shape) != 2:
        y = reshaped(site, y, (-1, site.type.shape[-1]), site.type.shape)
    return site.op("Add", y, bias, since=14) if own else y


def _flat(site: Site, x: str) -> str:
    """x as a table, of one row where it has one axis."""
    shape = site.operand_type().shape
    if len(shape) > 2:
        return reshaped(site, x, shape, (-1, shape[-1]))
    return site.op("Unsqueeze", x, site.literal([0]))


def convolution(site: Site, x: str, weight: str, bias: str = "") -> str:
    """Conv of an image, a weight and perhaps a bias."""
    facts = site.attributes
    own = in_integers(site, 0) and has_own_bias(site)
    x, weight = read(site, x, weight, 0)
    y = site.op(
        "Conv",
        *(x, weight, *([bias] if bias and not own else [])),
        strides=pair(facts["strides"], "strides"),
        dilations=pair(facts["dilation"], "dilation"),
        pads=_pads(facts["padding"]),
        group=facts["groups"],
    )
    if not own:
        return y
    channels = site.op("Reshape", bias, site.literal([-1, 1, 1]), since=14)
    return site.op("Add", y, channels, since=14)


def _pads(padding: Any) -> list[int]:
    """Rows and columns before, then after, as ONNX lists them."""
    (top, bottom), (left, right) = padding_of(padding)
    return [top, left, bottom, right]


def max_pool(site: Site, x: str) -> str:
    return _pool(site, "MaxPool", x, -numpy.inf)


def average_pool(site: Site, x: str) -> str:
    counted = int(site.attributes["count_padding"])
    return _pool(site, "AveragePool", x, 0.0, count_include_pad=counted)


def _pool(site: Site, kind: str, x: str, outside: float, **facts: Any) -> str:
    window, strides = site.attributes["window"], site.attributes["strides"]
    pads = _pads(site.attributes["padding"])
    if pads[:2] != pads[2:]:  # which the pooling of CUDA takes for even
        x, pads = _padded(site, x, pads, outside), [0, 0, 0, 0]
    return site.op(
        kind,
        x,
        kernel_shape=pair(window, "window"),
        strides=pair(window if strides is None else strides, "strides"),
        pads=pads,
        **facts,
    )


def _padded(site: Site, x: str, pads: list[int], value: float) -> str:
    around = [0, 0, *pads[:2], 0, 0, *pads[2:]]
    return site.op("Pad", x, site.literal(around), site.literal(value, numpy.float32))


def relu6(site: Site, x: str) -> str:
    bounds = (site.literal(bound, numpy.float32) for bound in (0, 6))
    return site.op("Clip", x, *bounds)


def leaky_relu(site: Site, x: str) -> str:
    return site.op("LeakyRelu", x, alpha=site.attributes["slope"])


def gelu(site: Site, x: str) -> str:
    form = "tanh" if site.attributes["approximate"] else "none"
    return site.op("Gelu", x, approximate=form, since=20)


def layer_norm(site: Site, *operands: str) -> str:
    epsilon = site.attributes["epsilon"]
    return site.op("LayerNormalization", *operands, axis=-1, epsilon=epsilon, since=17)


def batch_norm(site: Site, *operands: str) -> str:
    return site.op("BatchNormalization", *operands, epsilon=site.attributes["epsilon"], since=15)
