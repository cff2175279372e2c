"""floor_divide and remainder, of which ONNX has only parts: Div truncates, Mod is for integers.

The floating ones follow NumPy's: the remainder of fmod is moved to the divisor's sign,
and the quotient is computed from what divides exactly (Python's divmod).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["floor_divide", "floor_divide_int", "remainder"]


def floor_divide_int(site: Site, a: str, b: str) -> str:
    """Truncated a / b, less 1 where the signs differ and something is left."""
    zero = site.literal(0, site.type.dtype)
    quotient = site.op("Div", a, b, since=14)
    rest = site.op("Sub", a, site.op("Mul", quotient, b, since=14), since=14)
    uneven = site.op("Not", site.op("Equal", rest, zero))
    opposite = site.op("Xor", site.op("Less", rest, zero), site.op("Less", b, zero))
    one_less = site.op("Sub", quotient, site.literal(1, site.type.dtype), since=14)
    return site.op("Where", site.op("And", uneven, opposite), one_less, quotient)


def remainder(site: Site, a: str, b: str) -> str:
    """fmod(a, b), plus b where the signs differ."""
    rest, moved = _rest(site, a, b)
    return site.op("Where", moved, site.op("Add", rest, b, since=14), rest)


def floor_divide(site: Site, a: str, b: str) -> str:
    """floor((a - remainder) / b) without the error that floor(a / b) has near whole numbers."""
    rest, moved = _rest(site, a, b)
    exact = site.op("Div", site.op("Sub", a, rest, since=14), b, since=14)
    less = site.op("Sub", exact, _float(site, 1.0), since=14)
    whole = _rounded(site, site.op("Where", moved, less, exact))
    undefined = site.op("Equal", b, _float(site, 0.0))
    return site.op("Where", undefined, site.op("Div", a, b, since=14), whole)


def _rest(site: Site, a: str, b: str) -> tuple[str, str]:
    """fmod(a, b), and where its sign is not b's."""
    zero, rest = _float(site, 0.0), site.op("Mod", a, b, fmod=1)
    uneven = site.op("Not", site.op("Equal", rest, zero))
    opposite = site.op("Xor", site.op("Less", rest, zero), site.op("Less", b, zero))
    return rest, site.op("And", uneven, opposite)


def _rounded(site: Site, x: str) -> str:
    """floor(x), but up where x is nearer to the next whole number."""
    low = site.op("Floor", x)
    far = site.op("Greater", site.op("Sub", x, low, since=14), _float(site, 0.5))
    return site.op("Where", far, site.op("Add", low, _float(site, 1.0), since=14), low)


def _float(site: Site, value: float) -> str:
    return site.literal(value, numpy.float32)
