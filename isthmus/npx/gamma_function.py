"""The gamma function and its logarithm in vectorised NumPy, which has neither. float64 in and out.

Above 10: Stirling's series (Abramowitz and Stegun 1964, 6.1.40), where it is exact to 1e-17. Below:
the recurrence brings x there, the reflection formula negative x. Near 1 and 2, where the logarithm
is 0: its Taylor series (6.1.33), which is exact relative to that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

__all__ = ["digamma", "gamma", "log_gamma"]

FIRST = 10.0  # from where Stirling's series is summed
LAST = 172.0  # beyond, gamma is infinite

# B(2k) / (2k (2k - 1)), k = 1, 2, ...
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
# B(2k) / (2k), k = 1, 2, ...
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
_HALF_LOG_TAU = math.log(2 * math.pi) / 2
_EULER = 0.5772156649015329


# zeta(k) - 1, k = 2, 3, ...
_ZETA = (
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993,
    0.01734306198444914, 0.008349277381922827, 0.00407735619794434, 0.0020083928260822143,
    0.0009945751278180853, 0.0004941886041194645, 0.0002460865533080483,
    0.00012271334757848915, 6.124813505870483e-05, 3.058823630702049e-05,
    1.528225940865187e-05, 7.637197637899763e-06, 3.81729326499984e-06,
    1.908212716553939e-06, 9.539620338727962e-07, 4.769329867878064e-07,
    2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08,
    2.980350351465228e-08, 1.4901554828365043e-08, 7.45071178983543e-09,
)  # fmt: skip
# Of log(gamma(2 + t)) = t * (1 - Euler's constant + sum of these * t^k), k = 1, 2, ...
_NEAR_TWO = (1 - _EULER, *((-1) ** k * zeta / k for k, zeta in enumerate(_ZETA, 2)))


def _near_two(t: Any) -> Any:
    """log(gamma(2 + t)), |t| <= 0.5."""
    found = numpy.zeros_like(t)
    for factor in reversed(_NEAR_TWO):
        found = found * t + factor
    return found * t


def _series(x: Any) -> Any:
    """Stirling's sum of B(2k) / (2k (2k - 1) x^(2k - 1))."""
    inverse = 1 / x
    square, found = inverse * inverse, numpy.zeros_like(x)
    for factor in reversed(_STIRLING):
        found = found * square + factor
    return found * inverse


def _raised(x: Any) -> tuple[Any, Any]:
    """x + 10 for those below 10, and what the recurrence divides gamma of that by."""
    is_low = x < FIRST
    low, product = numpy.where(is_low, x, 1.0), numpy.ones_like(x)
    for step in range(int(FIRST)):
        product = product * (low + step)
    return numpy.where(is_low, x + FIRST, x), numpy.where(is_low, product, 1.0)


def _sine(x: Any) -> Any:
    """sin(pi * x), exactly 0 at whole numbers."""
    nearest = numpy.round(x)
    sine = numpy.sin(numpy.pi * (x - nearest))
    return numpy.where(nearest % 2 == 0, sine, -sine)


def gamma(x: Any) -> Any:
    """The integral of t^(x - 1) exp(-t) over t > 0; NaN at whole numbers below 0 and -inf."""
    with numpy.errstate(all="ignore"):
        is_left = x < 0.5
        right = _gamma_right(numpy.where(is_left, 1 - x, x))
        # Close to 0 1 - x loses x: the recurrence does not.
        near = _gamma_right(numpy.where(is_left, x + 1, 1.0)) / x
        far = numpy.pi / (_sine(x) * right)
        found = numpy.where(is_left, numpy.where(x > -0.5, near, far), right)
        is_pole = (x < 0) & (x == numpy.floor(x))
        return numpy.where(is_pole, numpy.nan, found)


def _gamma_right(x: Any) -> Any:
    """x >= 0.5: sqrt(2 pi) x^(x - 1/2) exp(-x) exp(series); the power in halves: it overflows."""
    high, product = _raised(x)
    half = high ** (0.5 * high - 0.25)
    whole = math.sqrt(2 * math.pi) * half * numpy.exp(-high) * half * numpy.exp(_series(high))
    return numpy.where(high > LAST, numpy.inf, whole / product)


def log_gamma(x: Any) -> Any:
    """log(|gamma(x)|); inf at 0 and whole numbers below it, x where that is infinite."""
    with numpy.errstate(all="ignore"):
        is_left = x < 0
        right = _log_right(numpy.abs(x))
        # gamma(-x) gamma(x) = -pi / (x sin(pi x))
        reflected = math.log(math.pi) - numpy.log(numpy.abs(x * _sine(x))) - right
        found = numpy.where(is_left, reflected, right)
        return numpy.where(numpy.isinf(x), x, found)


def _log_right(x: Any) -> Any:
    """x >= 0."""
    high, product = _raised(x)
    far = (high - 0.5) * numpy.log(high) - high + _HALF_LOG_TAU + _series(high)
    far = far - numpy.log(product)
    shift = numpy.clip(numpy.round(x), 0, 2)  # x is close to 0, 1 or 2
    t = numpy.clip(x - shift, -0.5, 0.5)
    near = _near_two(t)
    near = near - numpy.where(shift < 2, numpy.log1p(t), 0.0)
    near = near - numpy.where(shift < 1, numpy.log(x), 0.0)
    return numpy.where(x < 2.5, near, far)


def digamma(x: Any) -> Any:
    """The derivative of log(|gamma(x)|): -inf at 0, NaN at whole numbers below it and at -inf.

    By psi(x) = psi(x + 1) - 1 / x, psi(1 - x) = psi(x) + pi / tan(pi x) and log(x) - 1 / (2 x) -
    B(2k) / (2k x^(2k)) (Abramowitz and Stegun 1964, 6.3.5, 6.3.7, 6.3.18).
    """
    with numpy.errstate(all="ignore"):
        is_left = x < 0
        right = _digamma_right(numpy.where(is_left, 1 - x, x))
        near = numpy.pi * (x - numpy.round(x))
        found = numpy.where(is_left, right - numpy.pi / numpy.tan(near), right)
        is_pole = (x < 0) & (x == numpy.floor(x))
        found = numpy.where(is_pole, numpy.nan, found)
        return numpy.where(x == 0, numpy.copysign(numpy.inf, -x), found)


def _digamma_right(x: Any) -> Any:
    """x >= 0."""
    is_low = x < FIRST
    lost, low = numpy.zeros_like(x), numpy.where(is_low, x, 1.0)
    for step in reversed(range(int(FIRST))):  # the smallest first
        lost = lost + 1 / (low + step)
    high = numpy.where(is_low, x + FIRST, x)
    square, series = 1 / (high * high), numpy.zeros_like(high)
    for factor in reversed(_DIGAMMA):
        series = (series + factor) * square
    return numpy.log(high) - 0.5 / high - series - numpy.where(is_low, lost, 0.0)
