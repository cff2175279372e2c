"""Rules of `npx.quantize` and `npx.dequantize`, which ONNX has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["dequantize", "quantize"]


def quantize(site: Site, x: str, scale: str, zero_point: str) -> str:
    return site.op("QuantizeLinear", x, scale, zero_point, **_axis(site))


def dequantize(site: Site, q: str, scale: str, zero_point: str) -> str:
    """Integers of 32 bits have no zero point there: it is 0 (`capability.refuses`)."""
    zeros = [] if site.operand_type(0).dtype == numpy.int32 else [zero_point]
    return site.op("DequantizeLinear", q, scale, *zeros, **_axis(site))


def _axis(site: Site) -> dict[str, Any]:
    axis = site.attributes["axis"]
    return {} if axis is None else {"axis": axis}
