"""Ratios of latencies with their uncertainty: log(a / b) of the medians of rounds.

A round is one uninterrupted run of samples; rounds, not samples, are the unit of replication,
because samples of one round share a process, a clock speed and a neighbour's load.

Interleaved rounds are paired: Student's t on the log ratios of fewer than 8 rounds, signed ranks
from 8 on. Rounds that are not paired give Welch's t. A neighbour's burst in one process is an
outlier among the rounds: signed ranks keep their 95 % under any tails and t is then too wide at
worst, where the studentised bootstrap of 10 to 20 such rounds holds the truth in 87 to 93 of 100
(`tests/reports/stats/test_reports_coverage.py`). A file without rounds gives a bootstrap over its
samples, which cannot see the differences between processes; of 4 or 5 samples their extremes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import numpy
from numpy.typing import NDArray

from . import medians, signed_rank
from .student import t_quantile

__all__ = [
    "FEWEST_LAW",
    "FEWEST_ROUNDS",
    "FEWEST_SAMPLES",
    "LogRatio",
    "geometric_mean",
    "log_ratio",
    "of_logs",
]

Rounds = Sequence[Sequence[float]]  # seconds, one inner sequence a round
Array = NDArray[numpy.float64]

FEWEST_ROUNDS = 3
RANKED_ROUNDS = range(8, 101)  # beyond, t is as good and costs no square
FEWEST_SAMPLES = 4  # of a side: fewer are apart by chance too often for 95 %
FEWEST_LAW = 6  # of which the law of their medians is known


class Law(Protocol):
    """Of log(a / b), where Student's t is not: of the times of one run."""

    def quantile(self, probability: float) -> float:
        """Infinite where the times cannot tell."""


@dataclass(frozen=True)
class LogRatio:
    """log(a / b): its value, standard error and degrees of freedom; or its law, or averages.

    >>> from isthmus import reports
    >>> ratio = reports.log_ratio([[2.0], [2.2], [2.1]], [[1.0], [1.1], [1.1]], paired=True)
    >>> round(ratio.ratio, 2), [round(end, 2) for end in ratio.interval()]
    (1.97, [1.84, 2.11])
    """

    value: float
    error: float
    freedom: float
    method: str
    law: Law | None = None
    averages: Array | None = None

    @property
    def ratio(self) -> float:
        """a / b, the point estimate."""
        return _exp(self.value)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """(low, high) of a / b with the given two-sided confidence."""
        tail = (1 - confidence) / 2
        return _exp(self._end(tail, -1)), _exp(self._end(tail, 1))

    def _end(self, tail: float, side: int) -> float:
        """With the chance `tail` the truth is beyond it: below (side -1) or above (1)."""
        if self.averages is not None:
            return self._by_ranks(self.averages, tail, side)
        if self.law is not None:
            return self.law.quantile(tail if side < 0 else 1 - tail)
        return self._by_t(tail, side)

    def _by_ranks(self, averages: Array, tail: float, side: int) -> float:
        """By t where so few rounds reach no such probability by ranks, and beyond all averages."""
        end = signed_rank.quantile(averages, tail if side < 0 else 1 - tail)
        if math.isfinite(end):
            return end
        outermost = averages[0] if side < 0 else averages[-1]
        return side * max(side * self._by_t(tail, side), side * float(outermost))

    def _by_t(self, tail: float, side: int) -> float:
        # Of the lower end's quantile, for 1 - tail loses digits where the tail is tiny.
        return self.value - side * self.error * t_quantile(tail, self.freedom)


def _exp(log: float) -> float:
    return math.exp(log) if log < 700 else math.inf


def log_ratio(a: Rounds, b: Rounds, *, paired: bool = False) -> LogRatio:
    """log(a / b) by the best method the rounds allow; `paired` where a and b were interleaved.

    >>> from isthmus import reports
    >>> reports.log_ratio([[2.0], [2.2], [2.1]], [[1.0], [1.1], [1.1]], paired=True).method
    't, 3 paired rounds'
    """
    fewest = min(len(a), len(b))
    if fewest < FEWEST_ROUNDS:
        return _of_samples(_flat(a), _flat(b))
    if paired and len(a) == len(b):
        return of_logs(_log_medians(a) - _log_medians(b), f"{len(a)} paired rounds")
    return _welch(_log_medians(a), _log_medians(b))


def geometric_mean(ratios: Sequence[LogRatio]) -> LogRatio:
    """log of the geometric mean; degrees of freedom by Welch and Satterthwaite.

    >>> from isthmus import reports
    >>> base = [[1.0], [1.0], [1.1]]
    >>> twice = reports.log_ratio([[2.0], [2.0], [2.2]], base, paired=True)
    >>> half = reports.log_ratio([[0.5], [0.5], [0.55]], base, paired=True)
    >>> round(reports.geometric_mean([twice, half]).ratio, 6)
    1.0
    """
    count = len(ratios)
    variances = numpy.array([ratio.error**2 for ratio in ratios])
    freedoms = numpy.array([ratio.freedom for ratio in ratios])
    value = sum(ratio.value for ratio in ratios) / count
    error = math.sqrt(variances.sum()) / count
    return LogRatio(value, error, _satterthwaite(variances, freedoms), f"mean of {count}")


def _flat(rounds: Rounds) -> list[float]:
    return [seconds for samples in rounds for seconds in samples]


def _log_medians(rounds: Rounds) -> Array:
    logs: Array = numpy.log(numpy.array([median(samples) for samples in rounds], dtype=float))
    return logs


def _satterthwaite(variances: Array, freedoms: Array) -> float:
    """(sum v)^2 / sum(v^2 / f), infinite where nothing varies."""
    with numpy.errstate(divide="ignore", invalid="ignore"):  # a single round has no freedom
        below = float((variances**2 / freedoms).sum())
    if below == 0 or not math.isfinite(below):
        return math.inf
    return float(variances.sum()) ** 2 / below


def of_logs(logs: Array, what: str) -> LogRatio:
    """From the log ratio of each round: Student's t, or from 8 rounds on their signed ranks."""
    if len(logs) in RANKED_ROUNDS:
        return _ranked(logs, what)
    error = float(logs.std(ddof=1)) / math.sqrt(len(logs))
    return LogRatio(float(logs.mean()), error, len(logs) - 1, f"t, {what}")


def _ranked(logs: Array, what: str) -> LogRatio:
    """Signed ranks; the error is the one whose t interval has the same width at 95 %."""
    averages, freedom = signed_rank.walsh_averages(logs), len(logs) - 1
    low, high = (signed_rank.quantile(averages, tail) for tail in (0.025, 0.975))
    error = (high - low) / (2 * t_quantile(0.975, freedom))
    method = f"signed ranks, {what}"
    return LogRatio(float(numpy.median(averages)), error, freedom, method, averages=averages)


def _welch(a: Array, b: Array) -> LogRatio:
    """Welch's t on the logs of the rounds' medians."""
    variances = numpy.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    freedom = _satterthwaite(variances, numpy.array([len(a) - 1.0, len(b) - 1.0]))
    value, error = float(a.mean() - b.mean()), math.sqrt(variances.sum())
    return LogRatio(value, error, freedom, f"t, {len(a)} and {len(b)} rounds")


def _of_samples(a: Sequence[float], b: Sequence[float]) -> LogRatio:
    """Bootstrap of the two medians; of few samples their extremes; unbounded of fewer still."""
    # Of so few numbers NumPy's median takes ten times as long.
    value = math.log(median(a)) - math.log(median(b))
    if min(len(a), len(b)) < FEWEST_SAMPLES:
        return LogRatio(value, math.inf, math.inf, f"fewer than {FEWEST_SAMPLES} samples")
    if min(len(a), len(b)) < FEWEST_LAW:
        ends = math.log(min(a) / max(b)), math.log(max(a) / min(b))
        apart = medians.Apart(*ends, medians.rarest(len(a), len(b)))
        return LogRatio(value, math.inf, math.inf, "extremes, samples of one run", law=apart)
    law = medians.law(numpy.array(a, dtype=float), numpy.array(b, dtype=float))
    return LogRatio(value, law.deviation, math.inf, "bootstrap, samples of one run", law=law)
