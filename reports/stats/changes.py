"""Where a series of runs changed its level, and how far it moved in all.

The model is levels that last, and noise: least squares with a penalty for each change, solved by
PELT (Killick et al. 2012, arXiv:1101.1438) in ruptures (Truong et al. 2020, arXiv:1801.00718).
The noise is estimated from the differences of neighbouring runs, which neither steps nor a creep
of small steps move much. A change counts where

    both sides last 3 runs at least: one or two bad runs are no change,
    it is at least `least`, 1 % without being told, and
    Student's t of the two sides' means is beyond what 1 of 1,000 equal ones would show.

The last holds back what a single wild run does to least squares. A creep of steps below `least` is
found all the same: a step that does not count is joined to its neighbour, whose step grows by it.
Of 100 series of equal runs, at most 2 show a change (`tests/reports/stats/test_changes.py`). Where
a machine is slow for days on end, neighbouring runs are alike, and those days are a level of their
own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy
from numpy.typing import NDArray

from isthmus.errors import UsageError
from isthmus.system.extras import require

from .student import t_quantile

__all__ = ["FEWEST_RUNS", "LEAST", "SHORTEST", "Changes", "changes"]

SHORTEST = 3  # runs
FEWEST_RUNS = 2 * SHORTEST
LEAST = 0.01
PENALTY = 4.0  # times log(runs), in squared standard deviations; 2 would be the BIC's
TAIL = 0.0005
QUIETEST = 1e-3  # relative: nothing that is measured repeats better; keeps ties from being certain

Array = NDArray[numpy.float64]


@dataclass(frozen=True)
class Segment:
    """Runs `begin` to `end - 1`, counted from 0, of one level: the median of their logs."""

    begin: int
    end: int
    level: float


@dataclass(frozen=True)
class Changes:
    """The segments in order; noise: standard deviation of a run's log."""

    segments: tuple[Segment, ...]
    noise: float

    @property
    def steps(self) -> tuple[float, ...]:
        """From each segment to the next, 0.05 for 5 % more."""
        return tuple(math.expm1(b.level - a.level) for a, b in pairwise(self.segments))

    @property
    def drift(self) -> float:
        """The last segment against the first, 0.05 for 5 % more."""
        return math.expm1(self.segments[-1].level - self.segments[0].level)


def changes(logs: Sequence[float], least: float = LEAST) -> Changes:
    """The segments of a series: natural logarithms of a value, oldest first.

    least: the smallest step that counts, as a share. Errors: `UsageError` for fewer than 6 runs
    or what is not finite, `MissingExtra` without ruptures.
    """
    values = _checked(logs)
    noise = _noise(values)
    borders = _that_count(values, [0, *_borders(values, noise)], math.log1p(least))
    segments = tuple(
        Segment(begin, end, float(numpy.median(values[begin:end])))
        for begin, end in pairwise(borders)
    )
    return Changes(segments, noise)


def _checked(logs: Sequence[float]) -> Array:
    values = numpy.asarray(logs, dtype=float)
    if len(values) < FEWEST_RUNS:
        raise UsageError(f"{len(values)} runs; change points need {FEWEST_RUNS}, measure more")
    if not numpy.isfinite(values).all():
        at = int(numpy.flatnonzero(~numpy.isfinite(values))[0])
        raise UsageError(f"run {at} is {values[at]}; leave out what was not measured")
    return values


def _noise(values: Array) -> float:
    """Standard deviation of a run, from the median absolute deviation of the differences."""
    differences = numpy.diff(values)
    deviation = float(numpy.median(numpy.abs(differences - numpy.median(differences))))
    return max(QUIETEST, 1.4826 * deviation / math.sqrt(2))


def _borders(values: Array, noise: float) -> list[int]:
    """The end of each segment of the least squares fit; the last is the number of runs."""
    require("history", "ruptures", user="looking for changes of level")
    from ruptures import KernelCPD

    finder = KernelCPD(kernel="linear", min_size=SHORTEST)
    scaled = (values - numpy.median(values)) / noise
    return [int(end) for end in finder.fit_predict(scaled, pen=PENALTY * math.log(len(values)))]


def _that_count(values: Array, borders: list[int], least: float) -> list[int]:
    """The borders without those that do not count, the weakest taken first."""

    @cache  # taking one away changes no more than its neighbours
    def strength(begin: int, middle: int, end: int) -> float:
        return _strength(values[begin:middle], values[middle:end], least)

    while len(borders) > 2:
        triples = zip(borders, borders[1:], borders[2:], strict=False)
        weakest, at = min((strength(*triple), at) for at, triple in enumerate(triples, 1))
        if weakest >= 1:
            break
        borders = borders[:at] + borders[at + 1 :]
    return borders


def _strength(left: Array, right: Array, least: float) -> float:
    """Of the border between them; from 1 on it counts."""
    step = abs(float(numpy.median(right) - numpy.median(left)))
    freedom = len(left) + len(right) - 2
    return min(step / least, _student(left, right) / t_quantile(1 - TAIL, freedom))


def _student(left: Array, right: Array) -> float:
    """|t| of two means; the spread of both together."""
    squares = float(((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum())
    spread = max(QUIETEST, math.sqrt(squares / (len(left) + len(right) - 2)))
    error = spread * math.sqrt(1 / len(left) + 1 / len(right))
    return abs(float(right.mean() - left.mean())) / error
