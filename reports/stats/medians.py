"""The ratio of two medians by the bootstrap, worked out instead of drawn.

The k-th smallest of n resampled values is the sample's value at a place U ~ Beta(k, n - k + 1);
for a median U is symmetric, and at the normal deviate z (Wallace 1959, Annals of Mathematical
Statistics 30, for Student's t of v degrees of freedom, of which U is a function)

    U = (1 + sign(z) sqrt(1 - exp(-(c z)^2 / v))) / 2,   v = n + 1,   c = (8 v + 3) / (8 v + 1)

The law of log(a / b) is that of all pairs of places with their chances. So it costs no random
numbers, ten thousand ratios take seconds, and a chance of one in a million is known, too, which
10,000 draws could not tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy
from numpy.typing import NDArray

__all__ = ["Apart", "Law", "law", "rarest"]

Array = NDArray[numpy.float64]

_NORMAL = NormalDist()
DEVIATES: Array = numpy.linspace(-6, 6, 49)
_CHANCES: Array = numpy.exp(-(DEVIATES**2) / 2) / numpy.exp(-(DEVIATES**2) / 2).sum()
_BELOW: Array = numpy.array([_NORMAL.cdf(z) for z in DEVIATES])
_PAIRS: Array = numpy.outer(_CHANCES, _CHANCES).ravel()


@dataclass(frozen=True)
class Law:
    """Quantiles of log(a / b) at the deviates; `least`: a chance below which nothing is known."""

    quantiles: Array
    least: float

    def quantile(self, probability: float) -> float:
        """Infinite where so few values cannot give the probability."""
        if min(probability, 1 - probability) < self.least:
            return -math.inf if probability < 0.5 else math.inf
        return float(numpy.interp(_NORMAL.inv_cdf(probability), DEVIATES, self.quantiles))

    @property
    def deviation(self) -> float:
        """Standard deviation of log(a / b)."""
        away = self.quantiles - _CHANCES @ self.quantiles
        return math.sqrt(_CHANCES @ away**2)


@dataclass(frozen=True)
class Apart:
    """Where few values are apart: `low` = log(min a / max b), `high` = log(max a / min b).

    Were the true log(a / b) below `low`, values of a, divided by it, would still be all above b:
    what by chance happens as often as `least` says, whatever their law.
    """

    low: float
    high: float
    least: float

    def quantile(self, probability: float) -> float:
        """The outermost ends; infinite where so few values cannot give the probability."""
        if min(probability, 1 - probability) < self.least:
            return -math.inf if probability < 0.5 else math.inf
        return self.low if probability < 0.5 else self.high


def law(a: Array, b: Array) -> Law:
    """Of log(median of a / median of b), both above zero.

    Values of one kind are apart, all of a above all of b, with a chance of 1 / (n_a + n_b over
    n_a): what is rarer than that the values cannot show.
    """
    logs = numpy.subtract.outer(_log_medians(a), _log_medians(b)).ravel()
    order = numpy.argsort(logs)
    chances = _PAIRS[order]
    quantiles = numpy.interp(_BELOW, chances.cumsum() - chances / 2, logs[order])
    return Law(quantiles, max(float(_BELOW[0]), rarest(len(a), len(b))))


def _log_medians(samples: Array) -> Array:
    """The log of a resample's median at each deviate."""
    lower, upper = _places(len(samples))
    ordered = numpy.sort(samples)
    logs: Array = numpy.log((ordered[lower] + ordered[upper]) / 2)
    return logs


@lru_cache(maxsize=64)  # the benchmarks of a suite have few numbers of samples
def _places(count: int) -> tuple[NDArray[numpy.intp], NDArray[numpy.intp]]:
    """Of the two values, by rank, whose mean is a resample's median at each deviate.

    Of an even number they are on average 1 / (n + 1) of the places apart.
    """
    v = count + 1
    c = (8 * v + 3) / (8 * v + 1)
    half = numpy.sqrt(-numpy.expm1(-((c * DEVIATES) ** 2) / v)) / 2
    places = 0.5 + numpy.sign(DEVIATES) * half
    apart = 0.0 if count % 2 else 0.5 / v
    lower, upper = (
        numpy.clip(((places + shift) * count).astype(int), 0, count - 1)
        for shift in (-apart, apart)
    )
    return lower, upper


def rarest(a: int, b: int) -> float:
    """1 / C(a + b, a), by logs: the numbers are too large for floats.

    The chance that of values of one kind all `a` of a side are above all `b` of the other.
    """
    return math.exp(math.lgamma(a + 1) + math.lgamma(b + 1) - math.lgamma(a + b + 1))
