"""The times of one run by their quartiles: what is left where the raw times were not kept.

A median of n times, of a law whose middle is normal, has the standard error, relative to it,

    1.2533 (q3 - q1) / (1.349 median sqrt(n))

(the notches of a box plot, McGill, Tukey and Larsen 1978, The American Statistician 32), here with
Student's t of n - 1 degrees of freedom of the side with fewer. Of few times only the extremes are
certain: all of one side are above all of the other by chance once in C(n_a + n_b, n_a) times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from .intervals import FEWEST_LAW, FEWEST_SAMPLES, LogRatio
from .medians import Apart, rarest
from .student import t_quantile

__all__ = ["Summary", "log_ratio_of_summaries", "summary_of"]

ERROR_OF_MEDIAN = math.sqrt(math.pi / 2) / 1.349  # of a normal law, in quartile ranges


@dataclass(frozen=True)
class Summary:
    """How many times, and in seconds their median, quartiles, extremes and mean, if it is told."""

    rounds: int
    median: float
    q1: float
    q3: float
    min: float
    max: float
    mean: float | None = None

    @property
    def is_ordered(self) -> bool:
        """Whether they can be of the same times."""
        return self.min <= self.q1 <= self.median <= self.q3 <= self.max

    @property
    def error(self) -> float:
        """Standard error of log(median)."""
        return ERROR_OF_MEDIAN * (self.q3 - self.q1) / self.median / math.sqrt(self.rounds)


@dataclass(frozen=True)
class ByQuartiles:
    """Quantiles of log(a / b) by Student's t; `least`: a chance below which nothing is known."""

    value: float
    error: float
    freedom: int
    least: float

    def quantile(self, probability: float) -> float:
        if min(probability, 1 - probability) < self.least:
            return -math.inf if probability < 0.5 else math.inf
        return self.value + self.error * t_quantile(probability, self.freedom)


def summary_of(times: Sequence[float]) -> Summary:
    """Of raw times, at least one."""
    low, _, high = quantiles(times, n=4, method="inclusive") if len(times) > 1 else 3 * [*times]
    return Summary(len(times), median(times), low, high, min(times), max(times), fmean(times))


def log_ratio_of_summaries(a: Summary, b: Summary) -> LogRatio:
    """log(a / b) of the medians."""
    value, fewest = math.log(a.median / b.median), min(a.rounds, b.rounds)
    if fewest < FEWEST_SAMPLES:
        return LogRatio(value, math.inf, math.inf, f"fewer than {FEWEST_SAMPLES} rounds")
    if fewest < FEWEST_LAW:
        least = rarest(a.rounds, b.rounds)
        apart = Apart(math.log(a.min / b.max), math.log(a.max / b.min), least)
        return LogRatio(value, math.inf, math.inf, "extremes of one run", law=apart)
    error = math.hypot(a.error, b.error)
    law = ByQuartiles(value, error, fewest - 1, rarest(a.rounds, b.rounds))
    return LogRatio(value, error, fewest - 1, "quartiles of one run", law=law)
