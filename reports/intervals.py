"""Ratios of latencies with their uncertainty: log(a / b) of the medians of rounds.

A round is one uninterrupted run of samples; rounds, not samples, are the unit of replication,
because samples of one round share a process, a clock speed and a neighbour's load.

Interleaved rounds are paired: Student's t on the log ratios of fewer than 8 rounds, signed ranks
from 8 on. Rounds that are not paired give Welch's t. A neighbour's burst in one process is an
outlier among the rounds: signed ranks keep their 95 % under any tails and t is then too wide at
worst, where the studentised bootstrap of 10 to 20 such rounds holds the truth in 87 to 93 of 100
(`tests/test_reports_coverage.py`). A file without rounds gives a bootstrap over its samples, which
cannot see the differences between processes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from . import signed_rank
from .student import t_quantile

Rounds = Sequence[Sequence[float]]  # seconds, one inner sequence a round
Array = NDArray[numpy.float64]

SEED = 20260720
DRAWS = 10_000
FEWEST_ROUNDS = 3
RANKED_ROUNDS = range(8, 101)  # beyond, t is as good and costs no square
FEWEST_SAMPLES = 6


@dataclass(frozen=True)
class LogRatio:
    """log(a / b): its value, standard error and degrees of freedom; or draws, or averages of it."""

    value: float
    error: float
    freedom: float
    method: str
    draws: Array | None = None
    averages: Array | None = None

    @property
    def ratio(self) -> float:
        """a / b, the point estimate."""
        return _exp(self.value)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """(low, high) of a / b with the given two-sided confidence."""
        tail = (1 - confidence) / 2
        return _exp(self._quantile(tail)), _exp(self._quantile(1 - tail))

    def _quantile(self, probability: float) -> float:
        if self.averages is not None:
            return self._by_ranks(self.averages, probability)
        if self.draws is not None:
            return float(numpy.quantile(self.draws, probability))
        return self._by_t(probability)

    def _by_ranks(self, averages: Array, probability: float) -> float:
        """By t where so few rounds reach no such probability by ranks, and beyond all averages."""
        end = signed_rank.quantile(averages, probability)
        if math.isfinite(end):
            return end
        beyond, outermost = (min, averages[0]) if probability < 0.5 else (max, averages[-1])
        return float(beyond(self._by_t(probability), outermost))

    def _by_t(self, probability: float) -> float:
        # 1 - probability loses digits when the tail is tiny, and t is symmetric.
        return self.value + self.error * t_quantile(probability, self.freedom)


def _exp(log: float) -> float:
    return math.exp(log) if log < 700 else math.inf


def log_ratio(a: Rounds, b: Rounds, *, paired: bool = False) -> LogRatio:
    """log(a / b) by the best method the rounds allow; `paired` where a and b were interleaved."""
    fewest = min(len(a), len(b))
    if fewest < FEWEST_ROUNDS:
        return _of_samples(_flat(a), _flat(b))
    if paired and len(a) == len(b):
        return of_logs(_log_medians(a) - _log_medians(b), f"{len(a)} paired rounds")
    return _welch(_log_medians(a), _log_medians(b))


def geometric_mean(ratios: Sequence[LogRatio]) -> LogRatio:
    """log of the geometric mean; degrees of freedom by Welch and Satterthwaite."""
    count = len(ratios)
    variances = numpy.array([ratio.error**2 for ratio in ratios])
    freedoms = numpy.array([ratio.freedom for ratio in ratios])
    value = sum(ratio.value for ratio in ratios) / count
    error = math.sqrt(variances.sum()) / count
    return LogRatio(value, error, _satterthwaite(variances, freedoms), f"mean of {count}")


def _flat(rounds: Rounds) -> Array:
    return numpy.array([seconds for samples in rounds for seconds in samples], dtype=float)


def _log_medians(rounds: Rounds) -> Array:
    return numpy.array([math.log(float(numpy.median(samples))) for samples in rounds])


def _satterthwaite(variances: Array, freedoms: Array) -> float:
    """(sum v)^2 / sum(v^2 / f), infinite where nothing varies."""
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


def _of_samples(a: Array, b: Array) -> LogRatio:
    """Bootstrap of the two medians; unbounded where there are too few samples to tell."""
    value = math.log(float(numpy.median(a))) - math.log(float(numpy.median(b)))
    if min(len(a), len(b)) < FEWEST_SAMPLES:
        return LogRatio(value, math.inf, math.inf, f"fewer than {FEWEST_SAMPLES} samples")
    random = numpy.random.default_rng(SEED)
    draws = numpy.log(_medians(random, a)) - numpy.log(_medians(random, b))
    return LogRatio(value, float(draws.std()), math.inf, "bootstrap, samples of one run", draws)


def _medians(random: numpy.random.Generator, samples: Array) -> Array:
    """Medians of `DRAWS` resamples, drawn as order statistics: no resample is stored.

    The k-th smallest of n uniform draws is Beta(k, n - k + 1), and a resample's k-th value is the
    sorted sample at that quantile; 200 000 samples cost what 20 do.
    """
    count, ordered = len(samples), numpy.sort(samples)
    lower = (count + 1) // 2
    at = random.beta(lower, count - lower + 1, DRAWS)
    after = at + (1 - at) * random.beta(1, count - lower, DRAWS) if count % 2 == 0 else at
    places = [numpy.minimum((u * count).astype(int), count - 1) for u in (at, after)]
    medians: Array = (ordered[places[0]] + ordered[places[1]]) / 2
    return medians
