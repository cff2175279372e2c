"""Rules of `npx.quantize`, `npx.dequantize` and `npx.dynamic_quantize`, which ONNX has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["dequantize", "dynamic_quantize", "quantize"]


def quantize(site: Site, x: str, scale: str, zero_point: str) -> str:
    return site.op("QuantizeLinear", x, scale, zero_point, **_axis(site))


def dequantize(site: Site, q: str, scale: str, zero_point: str) -> str:
    zero = zero_point or _zeros(site)
    return site.op("DequantizeLinear", q, scale, *([zero] if zero else []), **_axis(site))


def dynamic_quantize(site: Site, x: str) -> tuple[str, ...]:
    return tuple(site.build.ops("DynamicQuantizeLinear", [x], 3))


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
