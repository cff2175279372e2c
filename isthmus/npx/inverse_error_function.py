"""The inverse of the error function in vectorised NumPy, which has none. float64 in and out.

A first number by Winitzki's formula (2008, within 0.4 %), then three steps of Halley's method, each
of which triples the digits, on erf below 1/2 and on 1 - erf above, which keeps its digits there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from .error_function import complement, erf

__all__ = ["erfinv"]

_A = 0.147
_SLOPE = 2 / math.sqrt(math.pi)
STEPS = 3


def erfinv(x: Any) -> Any:
    """y with erf(y) = x; infinite at -1 and 1, NaN outside."""
    size = numpy.abs(x)
    with numpy.errstate(all="ignore"):
        y = _first(size)
        for _ in range(STEPS):
            y = _improved(y, size)
        y = numpy.where(size == 1, numpy.inf, numpy.where(size > 1, numpy.nan, y))
    return numpy.copysign(y, x)


def _first(size: Any) -> Any:
    logarithm = numpy.log1p(-size * size)
    half = 2 / (math.pi * _A) + logarithm / 2
    rest = -logarithm / _A
    return numpy.sqrt(rest / (numpy.sqrt(half * half + rest) + half))


def _improved(y: Any, size: Any) -> Any:
    outside = (1 - size) - complement(numpy.clip(y, 0.46875, 6.5))
    error = numpy.where(y <= 0.46875, erf(y) - size, outside)
    step = error / (_SLOPE * numpy.exp(-y * y))
    return y - step / (1 + y * step)
