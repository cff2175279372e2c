"""Queries that arrive at random times, answered one at a time in order of arrival; by what takes
several at once, as a server does, side by side (side_by_side.py).

Arrivals are a Poisson process; a latency counts from the moment a query was due, so that a slow
call also costs those who wait behind it (no coordinated omission).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat, takewhile
from math import sqrt
from random import Random
from time import sleep

from .timing import Clock, Sampler, Window, watched
from .watch import Watch

__all__ = ["FIRST_UTILISATION", "Probe", "Prober", "search"]

SEED = 2020
SPIN_SECONDS = 1e-3  # a sleep may end this late; the rest of a wait is spent reading the clock
MOST_TIMES_THE_SECONDS = 2  # until queries that pile up are given up
FIRST_UTILISATION = 0.5
DOUBLINGS, BISECTIONS = 4, 4  # the rate is found within 6 %: 2 ** (1 / 2 ** 4) = 1.044


@dataclass(frozen=True)
class Probe:
    """A run at one rate: how many queries were due, and the latencies of those answered."""

    rate_per_s: float
    due: int
    window: Window

    @property
    def latencies(self) -> list[float]:
        """Seconds from due to answered."""
        return self.window.samples

    @property
    def unanswered(self) -> int:
        """Queries given up because those before them took too long."""
        return self.due - len(self.latencies)


@dataclass(frozen=True)
class Prober:
    """Runs a program at a rate for so many seconds."""

    sample: Sampler
    seconds: float
    watch: Watch
    sleep: Callable[[float], None] = sleep

    def __call__(self, rate_per_s: float) -> Probe:
        due = arrivals(rate_per_s, self.seconds)
        most_seconds = MOST_TIMES_THE_SECONDS * self.seconds
        self.sample.turn()
        window = watched(
            lambda: serve(self.sample, due, most_seconds, self.sleep),
            self.watch,
            self.sample.clock,
        )
        return Probe(rate_per_s, len(due), window)


def arrivals(rate_per_s: float, seconds: float) -> list[float]:
    """Seconds at which queries are due, the first at 0; the same ones every time."""
    gaps = map(Random(SEED).expovariate, repeat(rate_per_s))
    return list(takewhile(lambda at: at < seconds, accumulate(gaps, initial=0.0)))


def serve(
    sample: Sampler,
    due: Sequence[float],
    most_seconds: float,
    sleep: Callable[[float], None] = sleep,
) -> list[float]:
    """The latency of each query; fewer than are due where so many seconds did not suffice."""
    if sample.at_once > 1:
        return sample.side_by_side(due, most_seconds, sleep)
    latencies: list[float] = []
    began = sample.clock()
    for at in due:
        if sample.clock() - began > most_seconds:
            break
        wait(began + at, sample.clock, sleep)
        sample()
        latencies.append(sample.clock() - began - at)
    return latencies


def wait(until: float, clock: Clock, sleep: Callable[[float], None]) -> None:
    """Sleep, then read the clock, until a moment that may have passed."""
    left = until - clock() - SPIN_SECONDS
    if left > 0:
        sleep(left)
    while clock() < until:
        pass


def search(
    probe: Callable[[float], Probe], first_rate: float, keeps: Callable[[Probe], bool]
) -> Probe:
    """The run at the highest rate that keeps the bound; at the lowest tried where none does.

    The rate is doubled, or halved, until the answer changes; then the bracket is bisected.
    """
    tried = [probe(first_rate)]
    first = keeps(tried[0])
    while len(tried) <= DOUBLINGS and keeps(tried[-1]) == first:
        tried.append(probe(tried[-1].rate_per_s * (2 if first else 0.5)))
    for _ in range(BISECTIONS):
        best = _best(tried, keeps)
        above = [run.rate_per_s for run in tried if run.rate_per_s > best.rate_per_s]
        if not keeps(best) or not above:
            break
        tried.append(probe(sqrt(best.rate_per_s * min(above))))
    return _best(tried, keeps)


def _best(tried: Sequence[Probe], keeps: Callable[[Probe], bool]) -> Probe:
    kept = [run for run in tried if keeps(run)]
    if kept:
        return max(kept, key=lambda run: run.rate_per_s)
    return min(tried, key=lambda run: run.rate_per_s)
