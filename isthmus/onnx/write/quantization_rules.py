"""Rules of arrays in eight bits, which ONNX has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from .rules import ELEMENT_TYPES

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["dequantize", "dynamic_quantize", "integer_matmul", "quantize"]


def quantize(site: Site, x: str, scale: str, zero_point: str) -> str:
    return site.op("QuantizeLinear", x, scale, zero_point, **_axis(site))


def dequantize(site: Site, q: str, scale: str, zero_point: str) -> str:
    if site.build.for_cuda and site.operand_type().dtype == numpy.int32:
        return _scaled(site, q, scale)
    zero = zero_point or _zeros(site)
    return site.op("DequantizeLinear", q, scale, *([zero] if zero else []), **_axis(site))


def dynamic_quantize(site: Site, x: str) -> tuple[str, ...]:
    return tuple(site.build.ops("DynamicQuantizeLinear", [x], 3))


def _scaled(site: Site, q: str, scale: str) -> str:
    """float32(q) * scale: CUDA has no kernel that dequantizes integers of 32 bits."""
    axis = site.attributes["axis"]
    if axis is not None:
        behind = site.operand_type().ndim - 1 - axis % site.operand_type().ndim
        scale = site.op("Reshape", scale, site.literal([-1, *[1] * behind]), since=14)
    return site.op("Mul", site.op("Cast", q, to=ELEMENT_TYPES["float32"]), scale, since=14)


def integer_matmul(site: Site, a: str, b: str, a_zero: str, b_zero: str) -> str:
    given = [a, b, a_zero, b_zero]
    while not given[-1]:
        given.pop()
    return site.op("MatMulInteger", *given)


def _zeros(site: Site) -> str:
    """Zero points of a byte for each scale, without which the runtime's Gemm is none of integers;
    "" elsewhere."""
    q, scale = (site.operand_type(i) for i in range(2))
    if site.attributes["axis"] is None or q.dtype.itemsize > 1 or not scale.is_static:
        return ""
    return site.literal(numpy.zeros([int(size) for size in scale.shape]), q.dtype)


def _axis(site: Site) -> dict[str, Any]:
    """Counted from the back: of a weight alone whose axis is 1 the runtime makes a product that
    rounds the other operand to eight bits as well (MatMulNBits, 2026, version 1.32)."""
    axis = site.attributes["axis"]
    return {} if axis is None else {"axis": axis - site.operand_type().ndim}
