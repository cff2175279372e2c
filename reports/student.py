"""Student's t distribution, for the intervals of few rounds; SciPy is not needed at run time."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

_NORMAL_FROM = 1e6  # from here on t and the normal law agree to six digits


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: float) -> float:
    """t with P(T <= t) = probability, for `freedom` degrees of freedom (may be infinite)."""
    if freedom >= _NORMAL_FROM:
        return NormalDist().inv_cdf(probability)
    tail = min(probability, 1 - probability)
    x = _solve(lambda x: beta_ratio(x, freedom / 2, 0.5), 2 * tail)
    return math.copysign(math.sqrt(freedom * (1 - x) / x), probability - 0.5)


def _solve(increasing: Callable[[float], float], target: float) -> float:
    """x in (0, 1] with increasing(x) = target, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if increasing(middle) < target else (low, middle)
    return high


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
