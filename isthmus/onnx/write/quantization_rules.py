"""Rules of `npx.quantize` and `npx.dequantize`, which ONNX has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["dequantize", "quantize"]


def quantize(site: Site, x: str, scale: str, zero_point: str) -> str:
    return site.op("QuantizeLinear", x, scale, zero_point, **_axis(site))


def dequantize(site: Site, q: str, scale: str, zero_point: str) -> str:
    return site.op(
        "DequantizeLinear", q, scale, *([zero_point] if zero_point else []), **_axis(site)
    )


def _axis(site: Site) -> dict[str, Any]:
    axis = site.attributes["axis"]
    return {} if axis is None else {"axis": axis}
