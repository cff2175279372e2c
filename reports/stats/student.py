"""Student's t distribution, for the intervals of few rounds; SciPy is not needed at run time."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

__all__ = ["t_quantile"]

_NORMAL_FROM = 1e6  # from here on t and the normal law agree to six digits
_SMALLEST = 1e-100  # tail: its t^2 is still a float


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: float) -> float:
    """t with P(T <= t) = probability, for `freedom` degrees of freedom (may be infinite)."""
    if freedom >= _NORMAL_FROM:
        return NormalDist().inv_cdf(probability)
    tail = max(_SMALLEST, min(probability, 1 - probability))
    return 0.0 if tail == 0.5 else math.copysign(_beyond(tail, freedom), probability - 0.5)


def _beyond(tail: float, freedom: float) -> float:
    """t > 0 with P(T > t) = tail: Newton's method for log P by log t, which is concave."""
    z = -NormalDist().inv_cdf(tail)
    # The first terms of Cornish and Fisher 1938; Newton finds the rest from either side.
    t = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    for _ in range(30):
        chance = _upper(t, freedom)
        step = math.log(chance / tail) * chance / (t * _density(t, freedom))
        t *= math.exp(step)
        if abs(step) < 1e-7:  # the next would be its square
            break
    return t


def _upper(t: float, freedom: float) -> float:
    """P(T > t) for t > 0: half of what is beyond -t and t, or not between them."""
    below = t * t + freedom
    if t < 1:
        return (1 - beta_ratio(t * t / below, 0.5, freedom / 2)) / 2
    return beta_ratio(freedom / below, freedom / 2, 0.5) / 2


def _density(t: float, freedom: float) -> float:
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    log -= (math.log(math.pi * freedom) + (freedom + 1) * math.log1p(t * t / freedom)) / 2
    return math.exp(log)


def beta_ratio(x: float, a: float, b: float) -> float:
    """I_x(a, b), the regularised incomplete beta function (DLMF 8.17)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast only below the mean
        return 1 - beta_ratio(1 - x, b, a)
    log_front = a * math.log(x) + b * math.log1p(-x)
    log_front -= math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(log_front) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)), DLMF 8.17.22, by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, 1000):
        term = _coefficient(step, x, a, b)
        d = 1 / (1 + term * d)
        c = 1 + term / c
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _coefficient(step: int, x: float, a: float, b: float) -> float:
    """d_step of DLMF 8.17.23."""
    m = step // 2
    if step % 2 == 0:
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
