"""Elementwise functions written with simpler ones, for runtimes that lack or break them.

Each equals its NumPy function within some units in the last place of float32, on NaN,
infinities and subnormal numbers too; it uses what both runtimes compute as NumPy does. A
backend's table names a formula where the runtime has no such operation. Polynomials were fitted
so that the largest relative error on their interval is least.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy

from isthmus import np
from isthmus.graph.nodes import Graph, Type
from isthmus.trace.tracing import spec, traced_once

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "cosh",
    "deg2rad",
    "exp2",
    "expm1",
    "fmax",
    "fmin",
    "graph_of",
    "heaviside",
    "hypot",
    "imag",
    "isneginf",
    "isposinf",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "modf_fraction",
    "nan_to_num",
    "rad2deg",
    "reciprocal",
    "round",
    "sinh",
    "square",
    "tan",
    "traced",
    "trunc",
]

LARGE = 1e9  # x * x is far from overflow, and x + 1 is x


@cache
def traced(
    formula: Callable[..., Any], dtypes: tuple[Any, ...], attributes: tuple[Any, ...]
) -> Graph:
    """The formula as a graph of primitives, for operands of these dtypes."""
    from isthmus.graph.passes import expand

    types = tuple(spec(dtype, ()) for dtype in dtypes)
    graph = traced_once(lambda *operands: formula(*operands, **dict(attributes)), types).graph
    return expand(graph, keep=lambda node: False)


def graph_of(
    formula: Callable[..., Any], types: Sequence[Type | None], attributes: Mapping[str, Any]
) -> Graph:
    """The formula's graph for the operands of a node; the same one at every call."""
    dtypes = tuple(t.dtype for t in types if t is not None)
    return traced(formula, dtypes, tuple(sorted(attributes.items())))


def _polynomial(z: Any, *factors: float) -> Any:
    """factors[0] + factors[1] * z + ..."""
    total: Any = factors[-1]
    for factor in reversed(factors[:-1]):
        total = total * z + factor
    return total


def _with_sign_of(x: Any, size: Any) -> Any:
    return np.where(x < 0, -size, size)


# Exponentials and logarithms


def expm1(x: Any) -> Any:
    """v x / log(1 + v) for v = exp(x) - 1: what rounding did to v, it did to the logarithm."""
    u = np.exp(x)
    v = u - 1
    near = np.where(np.equal(v, 0), x, v * x / np.log(u))
    return np.where(np.abs(x) < 1, near, v)


def log1p(x: Any) -> Any:
    """x log(u) / (u - 1) for u = 1 + x, in the same manner."""
    u = x + 1
    v = u - 1
    near = np.where(np.equal(v, 0), x, np.log(u) * x / v)
    return np.where(np.abs(x) < 0.5, near, np.log(u))


def exp2(x: Any) -> Any:
    return np.pow(2.0, x)


def log2(x: Any) -> Any:
    return np.log(x) * (1 / math.log(2))


def log10(x: Any) -> Any:
    return np.log(x) * (1 / math.log(10))


def logaddexp(a: Any, b: Any) -> Any:
    rest = log1p(np.exp(-np.abs(a - b)))
    return np.where(np.equal(a, b), a + math.log(2), np.maximum(a, b) + rest)


def logaddexp2(a: Any, b: Any) -> Any:
    rest = log1p(exp2(-np.abs(a - b))) * (1 / math.log(2))
    return np.where(np.equal(a, b), a + 1, np.maximum(a, b) + rest)


# Powers and roots


def cbrt(x: Any) -> Any:
    return _with_sign_of(x, np.pow(np.abs(x), 1 / 3))


def reciprocal(x: Any) -> Any:
    return 1 / x


def square(x: Any) -> Any:
    return x * x


def hypot(a: Any, b: Any) -> Any:
    """With the larger number taken out of the root; an infinity prevails over NaN."""
    high, low = np.maximum(np.abs(a), np.abs(b)), np.minimum(np.abs(a), np.abs(b))
    ratio = np.where(np.equal(high, 0), 0, low / high)
    infinite = np.logical_or(np.isinf(a), np.isinf(b))
    return np.where(infinite, math.inf, high * np.sqrt(ratio * ratio + 1))


# Angles


def tan(x: Any) -> Any:
    return np.sin(x) / np.cos(x)


def _small_asin(s: Any) -> Any:
    """asin of |s| <= 1/2."""
    z = s * s
    rest = _polynomial(z, 0.166667525, 0.0749529768, 0.0454703712, 0.0241795369, 0.0421662729)
    return s + s * z * rest


def asin(x: Any) -> Any:
    """pi/2 - 2 asin(sqrt((1 - |x|) / 2)) above 1/2."""
    size = np.abs(x)
    far = math.pi / 2 - 2 * _small_asin(np.sqrt((1 - size) * 0.5))
    return np.where(size > 0.5, _with_sign_of(x, far), _small_asin(x))


def acos(x: Any) -> Any:
    size = np.abs(x)
    far = 2 * _small_asin(np.sqrt((1 - size) * 0.5))
    far = np.where(x < 0, math.pi - far, far)
    return np.where(size > 0.5, far, math.pi / 2 - _small_asin(x))


def atan(x: Any) -> Any:
    """pi/2 - atan(1 / |x|) above 1, and pi/4 + atan((z - 1) / (z + 1)) above tan(pi/8)."""
    size = np.abs(x)
    z = np.where(size > 1, 1 / size, size)
    turned = z > math.tan(math.pi / 8)
    s = np.where(turned, (z - 1) / (z + 1), z)
    w = s * s
    angle = s + s * w * _polynomial(w, -0.333329491, 0.199777101, -0.13877679, 0.0805372335)
    angle = np.where(turned, angle + math.pi / 4, angle)
    return _with_sign_of(x, np.where(size > 1, math.pi / 2 - angle, angle))


def _is_negative(x: Any) -> Any:
    """x < 0, or x is -0, whose inverse is -inf."""
    return np.logical_or(x < 0, 1 / x < 0)


def atan2(a: Any, b: Any) -> Any:
    """atan of the smaller size by the larger, turned into the quadrant of (b, a)."""
    high, low = np.maximum(np.abs(a), np.abs(b)), np.minimum(np.abs(a), np.abs(b))
    ratio = np.where(np.equal(low, high), 1, low / high)
    angle = np.atan(np.where(np.equal(high, 0), 0, ratio))
    angle = np.where(np.abs(a) > np.abs(b), math.pi / 2 - angle, angle)
    angle = np.where(_is_negative(b), math.pi - angle, angle)
    return np.where(_is_negative(a), -angle, angle)


def rad2deg(x: Any) -> Any:
    return x * (180 / math.pi)


def deg2rad(x: Any) -> Any:
    return x * (math.pi / 180)


# Hyperbolas


def sinh(x: Any) -> Any:
    """A polynomial up to 1; beyond, from exp(|x| / 2), which does not overflow before sinh."""
    size, z = np.abs(x), x * x
    near = x + x * z * _polynomial(z, 0.166666665, 0.00833335006, 0.000198361598, 2.81695118e-06)
    root = np.exp(size * 0.5)
    return np.where(size < 1, near, _with_sign_of(x, 0.5 * root * root - 0.5 / root / root))


def cosh(x: Any) -> Any:
    root = np.exp(np.abs(x) * 0.5)
    return 0.5 * root * root + 0.5 / root / root


def asinh(x: Any) -> Any:
    size = np.abs(x)
    near = log1p(size + size * size / (np.sqrt(size * size + 1) + 1))
    return _with_sign_of(x, np.where(size < LARGE, near, np.log(size) + math.log(2)))


def acosh(x: Any) -> Any:
    t = x - 1
    near = log1p(t + np.sqrt(t * (t + 2)))
    return np.where(x < 1, math.nan, np.where(x < LARGE, near, np.log(x) + math.log(2)))


def atanh(x: Any) -> Any:
    size = np.abs(x)
    return _with_sign_of(x, 0.5 * log1p(2 * size / (1 - size)))


# Selections


def trunc(x: Any) -> Any:
    return np.where(x < 0, np.ceil(x), np.floor(x))


def modf_fraction(x: Any) -> Any:
    """x - trunc(x), with the sign of x where that is 0."""
    rest = x - trunc(x)
    zero = np.where(x < 0, numpy.float32(-0.0), numpy.float32(0))
    return np.where(np.logical_or(np.isinf(x), np.equal(rest, 0)), zero, rest)


def round(x: Any, decimals: int) -> Any:
    """As NumPy: scaled, rounded to whole numbers, and scaled back."""
    scale = 10.0 ** abs(decimals)
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


def heaviside(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a), a, np.where(a < 0, 0, np.where(a > 0, 1, b)))


def fmax(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, np.maximum(a, b)))


def fmin(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, np.minimum(a, b)))


def isposinf(x: Any) -> Any:
    return np.equal(x, math.inf)


def isneginf(x: Any) -> Any:
    return np.equal(x, -math.inf)


def imag(x: Any) -> Any:
    """0, of x's shape."""
    zero = numpy.zeros((), x.dtype)
    return np.where(np.equal(x, x), zero, zero)


def nan_to_num(x: Any, copy: bool, nan: float, posinf: Any, neginf: Any) -> Any:
    limits = numpy.finfo(x.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    y = np.where(np.isnan(x), nan, x)
    return np.where(np.equal(x, math.inf), high, np.where(np.equal(x, -math.inf), low, y))
