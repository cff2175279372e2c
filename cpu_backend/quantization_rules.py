"""Rules of `npx.quantize` and `npx.dequantize`, in the forms that OpenVINO's int8 pipeline knows.

That is FakeQuantize for arrays that are quantized and at once dequantized, and integers that are
converted, shifted and scaled for constants. A pair beside integers alone is computed as it is
written.
"""

from __future__ import annotations

from typing import Any

import numpy
from openvino import opset16 as ov

from isthmus.graph.nodes import Constant, Node, Result, Value
from isthmus.trace.op import OPERATORS

from .builder import Output, Site

__all__ = ["dequantize", "quantize"]

QUANTIZE = OPERATORS["npx.quantize"]
LEVELS = 256
SMALLEST, LARGEST = 2.0**-24, 2.0**100  # scales
NAMES = {"int8": "i8", "uint8": "u8"}


def quantize(site: Site, x: Output, scale: Output, zero_point: Output) -> Output:
    """clamp(round(x / scale) + zero_point), converted."""
    bounds = numpy.iinfo(site.type.dtype)
    steps = ov.round(ov.divide(x, _along(site, 1, scale)), mode="half_to_even")
    shifted = ov.add(steps, ov.convert(_along(site, 2, zero_point), "f32"))
    clamped = ov.clamp(shifted, float(bounds.min), float(bounds.max))
    return ov.convert(clamped, NAMES[site.type.dtype.name])


def dequantize(site: Site, q: Output, scale: Output, zero_point: Output | None) -> Output:
    """(q - zero_point) * scale, or one FakeQuantize of what q was made of."""
    made_of = _fake_quantized(site)
    if made_of is not None:
        low, high = _range(site)
        ends = [ov.constant(end) for end in (low, high, low, high)]
        return ov.fake_quantize(site.build.output(made_of), *ends, LEVELS)
    if site.operand_type(0).dtype == numpy.int32 and site.constant(0) is not None:
        return _folded(site)  # a bias, of which its runtime makes integers itself
    y = ov.convert(q, "f32")
    zero = site.constant(2)
    if zero_point is not None and (zero is None or zero.any()):
        y = ov.subtract(y, ov.convert(_along(site, 2, zero_point), "f32"))
    return ov.multiply(y, _along(site, 1, scale))


def _along(site: Site, position: int, values: Output) -> Output:
    """The numbers of one axis, in a shape that broadcasts over the others."""
    axis = site.attributes["axis"]
    if axis is None:
        return values
    array = site.constant(position)
    shape = _shape(site)
    if array is not None:
        return site.build.constant(site.build.view(array, shape))
    return site.build.reshape(values, site.operand_type(position).shape, shape)


def _shape(site: Site) -> tuple[Any, ...]:
    axis, whole = site.attributes["axis"], site.type.shape
    return tuple(size if i == axis else 1 for i, size in enumerate(whole))


def _fake_quantized(site: Site) -> Value | None:
    """What was quantized, where this is its inverse by the same constants."""
    q = site.node.operands[0]
    if not isinstance(q, Result) or q.node.op is not QUANTIZE:
        return None
    x = q.node.operands[0]
    assert x is not None
    known = x.type.dtype == site.type.dtype == numpy.float32
    return x if known and _are_alike(q.node, site.node) and _has_kernels(site) else None


def _has_kernels(site: Site) -> bool:
    """Whether the scale is one that OpenVINO computes with: below, it takes 0 for zero points, and
    above, the range overflows."""
    scale = _array(site.node, 1)
    return bool((scale >= SMALLEST).all() and (scale <= LARGEST).all())


def _are_alike(one: Node, other: Node) -> bool:
    """Whether both have the same constants; a zero point that is left out is 0."""
    if one.attributes["axis"] != other.attributes["axis"]:
        return False
    pairs = [(_array(one, i), _array(other, i)) for i in (1, 2)]
    return all(a is not None and b is not None and numpy.all(a == b) for a, b in pairs)


def _array(node: Node, position: int) -> Any:
    value = node.operands[position]
    if value is None:
        return numpy.zeros((), numpy.int8)
    return value.array if isinstance(value, Constant) else None


def _range(site: Site) -> tuple[Any, Any]:
    """The floats of the lowest and highest integer."""
    scale, zero = _array(site.node, 1), _array(site.node, 2)
    bounds = numpy.iinfo(site.operand_type(0).dtype)
    wide, shift = scale.astype(numpy.float64), zero.astype(numpy.float64)
    shape = () if site.attributes["axis"] is None else _shape(site)
    ends = ((bound - shift) * wide for bound in (bounds.min, bounds.max))
    low, high = (numpy.reshape(end, shape).astype(numpy.float32) for end in ends)
    return low, high


def _folded(site: Site) -> Output:
    arrays = [site.constant(position) for position in range(2)]
    found = site.node.op.body(*arrays, site.constant(2), **site.attributes)
    site.build.views.append(found)
    return site.build.constant(found)
