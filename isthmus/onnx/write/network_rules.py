"""Operators of networks: dense layers, convolution, pooling and normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from isthmus.npx.standard_resize import scales_of
from isthmus.npx.windows import along, padding_of

from .integer_products import by_dynamic_ranges, has_own_bias, in_integers, read
from .movement_rules import reshaped

if TYPE_CHECKING:
    from .builder import Site

__all__ = [
    "average_pool",
    "batch_norm",
    "conv_transpose",
    "convolution",
    "convolution_of_integers",
    "fully_connected",
    "gelu",
    "grid_sample",
    "instance_norm",
    "layer_norm",
    "leaky_relu",
    "matmul",
    "max_pool",
    "relu6",
    "resize",
]


END = 2**63 - 1  # of an axis, in a Slice


INT32 = 6  # onnx.TensorProto.DataType


def matmul(site: Site, x: str, y: str) -> str:
    """MatMul; Gemm of integers by a table, since of a MatMul and an Add ONNX Runtime makes a Gemm
    itself before it looks for integers, with a bias that no kernel of integers takes."""
    shape, table = site.operand_type().shape, site.operand_type(1).shape
    axis = len(table) - 1
    is_table = axis == 1 and len(shape) > 1
    if is_table and (sums := by_dynamic_ranges(site)):
        return sums
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
    own = in_integers(site, 0) and has_own_bias(site)
    x, weight = read(site, x, weight, 0)
    y = site.op(
        "Conv",
        *(x, weight, *([bias] if bias and not own else [])),
        strides=_along(site, "strides"),
        dilations=_along(site, "dilation"),
        pads=_pads(site),
        group=site.attributes["groups"],
    )
    if not own:
        return y
    shape = [-1, *(1 for _ in site.type.shape[2:])]
    channels = site.op("Reshape", bias, site.literal(shape), since=14)
    return site.op("Add", y, channels, since=14)


def convolution_of_integers(site: Site, x: str, weight: str) -> str:
    """Conv, whose sums are whole numbers that float32 holds."""
    return site.op("Cast", convolution(site, x, weight), to=INT32)


def conv_transpose(site: Site, x: str, weight: str) -> str:
    """ConvTranspose; uneven padding, which CUDA takes for even before cuDNN 9, is cut off."""
    sides = padding_of(site.attributes["padding"], site.type.ndim - 2)
    is_even = all(before == after for before, after in sides)
    y = site.op(
        "ConvTranspose",
        x,
        weight,
        strides=_along(site, "strides"),
        dilations=_along(site, "dilation"),
        output_padding=_along(site, "output_padding"),
        pads=_pads(site) if is_even else [0] * (2 * len(sides)),
        group=site.attributes["groups"],
    )
    if is_even:
        return y
    starts = [before for before, _ in sides]
    ends = [-after if after else END for _, after in sides]
    axes = list(range(2, site.type.ndim))
    return site.op("Slice", y, *map(site.literal, (starts, ends, axes)))


def _along(site: Site, name: str) -> list[int]:
    """An attribute's number for each axis after the channels."""
    return list(along(site.attributes[name], name, site.type.ndim - 2))


def _pads(site: Site) -> list[int]:
    """What is added before each axis, then after each, as ONNX lists it."""
    sides = padding_of(site.attributes["padding"], site.type.ndim - 2)
    return [*(before for before, _ in sides), *(after for _, after in sides)]


def max_pool(site: Site, x: str) -> str:
    return _pool(site, "MaxPool", x, -numpy.inf)


def average_pool(site: Site, x: str) -> str:
    counted = int(site.attributes["count_padding"])
    return _pool(site, "AveragePool", x, 0.0, count_include_pad=counted)


def _pool(site: Site, kind: str, x: str, outside: float, **facts: Any) -> str:
    strides = "window" if site.attributes["strides"] is None else "strides"
    pads, axes = _pads(site), site.type.ndim - 2
    if pads[:axes] != pads[axes:]:  # which the pooling of CUDA takes for even
        x, pads = _padded(site, x, pads, outside), [0] * (2 * axes)
    return site.op(
        kind,
        x,
        kernel_shape=_along(site, "window"),
        strides=_along(site, strides),
        pads=pads,
        **facts,
    )


def _padded(site: Site, x: str, pads: list[int], value: float) -> str:
    axes = len(pads) // 2
    around = [0, 0, *pads[:axes], 0, 0, *pads[axes:]]
    return site.op("Pad", x, site.literal(around), site.literal(value, numpy.float32))


def relu6(site: Site, x: str) -> str:
    bounds = (site.literal(bound, numpy.float32) for bound in (0, 6))
    return site.op("Clip", x, *bounds)


def resize(site: Site, x: str) -> str:
    """Resize by scales, which may be of sizes that are not known."""
    facts = site.attributes
    scales = scales_of(site.operand_type(), facts)
    more = {"nearest_mode": facts["rounding"]} if facts["mode"] == "nearest" else {}
    return site.op(
        "Resize",
        *(x, "", site.literal(scales, numpy.float32)),
        mode=facts["mode"],
        coordinate_transformation_mode=facts["coordinates"],
        **more,
    )


FAR = 10.0  # a coordinate outside of every image, with all its neighbours


def grid_sample(site: Site, x: str, grid: str) -> str:
    """GridSample of coordinates that are numbers and near; NaN where one is none."""
    facts = site.attributes
    given = {
        "align_corners": int(facts["align_corners"]),
        "mode": facts["mode"],
        "padding_mode": facts["padding_mode"],
        "since": 20,
    }
    near = site.op("Clip", grid, *(site.literal(end, numpy.float32) for end in (-FAR, FAR)))
    if site.fast:
        return site.op("GridSample", x, near, **given)
    none, (zero, nan) = (
        site.op("IsNaN", grid),
        (site.literal(n, numpy.float32) for n in (0, numpy.nan)),
    )
    found = site.op("GridSample", x, site.op("Where", none, zero, near), **given)
    marks = site.op("Cast", none, to=1)
    some = site.op("ReduceMax", marks, site.literal([3]), keepdims=0, since=18)
    hit = site.op("Cast", site.op("Unsqueeze", some, site.literal([1])), to=9)
    return site.op("Where", hit, nan, found)


def leaky_relu(site: Site, x: str) -> str:
    return site.op("LeakyRelu", x, alpha=site.attributes["slope"])


def gelu(site: Site, x: str) -> str:
    form = "tanh" if site.attributes["approximate"] else "none"
    return site.op("Gelu", x, approximate=form, since=20)


def layer_norm(site: Site, *operands: str) -> str:
    epsilon = site.attributes["epsilon"]
    return site.op("LayerNormalization", *operands, axis=-1, epsilon=epsilon, since=17)


def instance_norm(site: Site, *operands: str) -> str:
    return site.op("InstanceNormalization", *operands, epsilon=site.attributes["epsilon"])


def batch_norm(site: Site, *operands: str) -> str:
    return site.op("BatchNormalization", *operands, epsilon=site.attributes["epsilon"], since=15)
