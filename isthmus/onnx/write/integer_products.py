"""Products whose operands are dequantized, in the forms that ONNX Runtime computes in integers.

It makes one kernel of integers of DequantizeLinear and a product, and looks at the types alone: of
a weight's scales along another axis, of an array's scales along any, and of a bias in other units
it computes other numbers (2026, version 1.32). Such operands are written as arithmetic here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from isthmus import npx
from isthmus.graph.integer_sums import sums_fit
from isthmus.graph.nodes import Constant, Node, Result, Value
from isthmus.trace.op import OPERATORS

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["by_dynamic_ranges", "has_own_bias", "in_integers", "read"]

DEQUANTIZE, QUANTIZE = OPERATORS["npx.dequantize"], OPERATORS["npx.quantize"]
FLOAT32 = 1  # onnx.TensorProto.DataType


def in_integers(site: Site, axis: int) -> bool:
    """Whether the product is one of integers: x of one scale, and a weight of one, or of one for
    each place of its axis."""
    x, weight = map(_dequantize, site.node.operands[:2])
    if x is None or weight is None or site.node.precision:
        return False
    return x.attributes["axis"] is None and _fits(weight, axis)


def read(site: Site, x: str, weight: str, axis: int) -> tuple[str, str]:
    """The names of x and the weight as the product reads them: by arithmetic where they may not be
    taken for integers. Beside an array that is, the runtime rounds constant floats itself."""
    if site.node.precision or in_integers(site, axis):  # half precision has a cast between
        return x, weight
    given = site.node.operands[1]
    source, made = map(_dequantize, site.node.operands[:2])
    if source is not None and (made is not None or isinstance(given, Constant)):
        x = _arithmetic(site, source)
    if made is not None and not _fits(made, axis):
        weight = _arithmetic(site, made)
    return x, weight


def by_dynamic_ranges(site: Site) -> str:
    """x @ weight of an array that is quantized by its own range: MatMulInteger, and its sums in
    float32; "" for any other product. The runtime makes one kernel of these."""
    x, weight = map(_dequantize, site.node.operands[:2])
    if x is None or weight is None or site.node.precision or not _is_dynamic(x):
        return ""
    if not _fits(weight, 1) or not isinstance(weight.operands[0], Constant):
        return ""
    q, scale, zero = (site.build.value(value) for value in x.operands)
    w, w_scale, w_zero = (site.build.value(value) for value in weight.operands)
    sums = site.op("MatMulInteger", q, w, zero, *([w_zero] if w_zero else []))
    unit = site.op("Mul", scale, w_scale, since=14)
    return site.op("Mul", site.op("Cast", sums, to=FLOAT32), unit, since=14)


def has_own_bias(site: Site) -> bool:
    """Whether a product of integers has a bias that its kernel cannot add to the sums: the kernel
    takes integers of 32 bits, in units of the scales' product."""
    bias = site.node.operands[2] if len(site.node.operands) > 2 else None
    if bias is None:
        return False
    made = _dequantize(bias)
    stored = None if made is None else made.operands[0]
    if made is None or stored is None or stored.type.dtype != numpy.int32:
        return True
    factors = [_dequantize(value) for value in site.node.operands[:2]]
    scales = [_known(node.operands[1]) for node in (*factors, made) if node is not None]
    if any(scale is None for scale in scales):
        return True
    x, weight, unit = (numpy.asarray(scale, numpy.float64) for scale in scales)
    return not numpy.allclose(x * weight, unit, rtol=1e-6, atol=0)


def _dequantize(value: Value | None) -> Node | None:
    """The node that dequantizes the value; None for what is made otherwise."""
    if isinstance(value, Result) and value.node.op is DEQUANTIZE:
        return value.node
    return None


def _is_dynamic(node: Node) -> bool:
    """Whether what is dequantized is what one node quantized by the array's own range."""
    q, *_ = node.operands
    if not isinstance(q, Result) or q.node.op is not npx.dynamic_quantize:
        return False
    return all(given is made for given, made in zip(node.operands, q.node.results, strict=True))


def _fits(weight: Node, axis: int) -> bool:
    """Whether the runtime computes right by a weight: of sums that fit into 32 bits, and unsigned
    or of seven bits where it is known, which `unsigned.py` sees to, or quantized in the program,
    which the runtime sees to."""
    q = weight.operands[0]
    if isinstance(q, Constant) and not sums_fit(q.array, axis):
        return False
    is_known = isinstance(q, Constant) or (isinstance(q, Result) and q.node.op is QUANTIZE)
    return is_known and weight.attributes["axis"] in (None, axis)


def _known(value: Value | None) -> Any:
    return value.array if isinstance(value, Constant) else None


def _arithmetic(site: Site, node: Node) -> str:
    """(q - zero) * scale, which is what DequantizeLinear computes."""
    q, scale, zero = (site.build.value(value) for value in node.operands)
    x = site.op("Cast", q, to=FLOAT32)
    if zero:
        x = site.op("Sub", x, _along(site, node, site.op("Cast", zero, to=FLOAT32)), since=14)
    return site.op("Mul", x, _along(site, node, scale), since=14)


def _along(site: Site, node: Node, name: str) -> str:
    """Numbers of one axis, so that they broadcast over the others."""
    axis = node.attributes["axis"]
    if axis is None:
        return name
    after = node.results[0].type.ndim - 1 - axis
    return site.op("Reshape", name, site.literal([-1, *(1,) * after]), since=14)
