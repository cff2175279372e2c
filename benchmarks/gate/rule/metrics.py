"""What the gate looks at, a row each: its unit, which way is worse, and its value in one process.

A percentile is known where a process timed enough calls for one beyond it: 10 for the 90th, 100
for the 99th. A metric that a side does not have in every round is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from isthmus.reports import LogRatio, log_ratio
from isthmus.reports.files.turns import ratio_of_turns
from isthmus.reports.stats.intervals import FEWEST_ROUNDS
from isthmus.reports.stats.summaries import log_ratio_of_summaries

from .observations import Observation, Pair, Series, summarised

__all__ = [
    "LATENCY",
    "METRICS",
    "NAMES",
    "PARITY",
    "ROWS",
    "THROUGHPUT",
    "TIMED",
    "Metric",
    "ratio_of",
    "values_of",
]

THROUGHPUT = "throughput_per_s"
PARITY = "parity"  # judged by a limit, not by a ratio: judge.parity_lost


@dataclass(frozen=True)
class Metric:
    """A figure of one process; None where it has none."""

    name: str
    title: str
    unit: str
    higher_is_worse: bool
    of: Callable[[Observation], float | None]


def _between(ordered: Sequence[float], share: float) -> float:
    """NumPy's quantile, which takes as long to begin as a few calls take to sort."""
    place = share * (len(ordered) - 1)
    low, *high = ordered[int(place) : int(place) + 2]
    return low + place % 1 * (high[0] - low) if high else low


def _latency(name: str, title: str, percent: float) -> Metric:
    """Of the calls; a stored run tells it without them."""
    fewest = round(100 / (100 - percent)) if percent > 50 else 1

    def of(one: Observation) -> float | None:
        if len(one.seconds) < fewest:
            return one.values.get(name)
        return 1e3 * _between(sorted(one.seconds), percent / 100)

    return Metric(name, title, "ms", True, of)


def _per_second(one: Observation) -> float | None:
    """As told; else by the times, but under load these overlap and do not add up to a rate."""
    total = 0.0 if one.loaded else sum(one.seconds)
    return one.values.get(THROUGHPUT) or (len(one.seconds) / total if total else None)


def _told(name: str) -> Callable[[Observation], float | None]:
    return lambda one: one.values.get(name)


ROWS = (
    _latency("latency_p50_ms", "median latency", 50),
    _latency("latency_p90_ms", "90th percentile", 90),
    _latency("latency_p99_ms", "99th percentile", 99),
    Metric(THROUGHPUT, "throughput", "1/s", False, _per_second),
    Metric("peak_memory_mib", "peak memory", "MiB", True, _told("peak_memory_mib")),
    Metric("compile_ms", "compile time", "ms", True, _told("compile_ms")),
    Metric("first_inference_ms", "first inference", "ms", True, _told("first_inference_ms")),
    Metric("usd_per_million", "cost of a million", "$", True, _told("usd_per_million")),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in ROWS}
LATENCY = METRICS["latency_p50_ms"]
NAMES = (*METRICS, PARITY)
# What the timed calls decide; the self-test knows their noise, and no other.
TIMED = frozenset(
    {"latency_p50_ms", "latency_p90_ms", "latency_p99_ms", THROUGHPUT, "usd_per_million"}
)


def values_of(metric: Metric, series: Series) -> list[float] | None:
    """The metric in each process; None where one lacks it."""
    values = [metric.of(one) for one in series]
    known = [value for value in values if value is not None]
    return known if known and len(known) == len(values) else None


def ratio_of(metric: Metric, pair: Pair) -> LogRatio | None:
    """log(head / base) of a metric; None where one of the sides lacks it."""
    by_turns = _by_turns(pair) if metric is LATENCY else None
    if by_turns is not None:
        return by_turns
    if metric is LATENCY and pair.rounds < FEWEST_ROUNDS:
        return _of_samples(pair)
    base, head = (values_of(metric, side) for side in (pair.base, pair.head))
    if base is None or head is None:
        return None
    paired = pair.interleaved and len(base) == len(head)
    return log_ratio([[value] for value in head], [[value] for value in base], paired=paired)


def _by_turns(pair: Pair) -> LogRatio | None:
    """Turn by turn, where every process took turns with its counterpart."""
    sides = [[one.turns for one in side] for side in (pair.head, pair.base)]
    turned = pair.interleaved and all(turns for side in sides for turns in side)
    if not turned or len(sides[0]) != len(sides[1]) or len(sides[0]) < FEWEST_ROUNDS:
        return None
    return ratio_of_turns(*sides)


def _of_samples(pair: Pair) -> LogRatio | None:
    """Too few processes for an interval over them: over the calls, which sees less.

    Where a side kept no times, over the quartiles of both; without these it is unbounded.
    """
    head, base = ([one.seconds for one in side] for side in (pair.head, pair.base))
    if head and base and all((*head, *base)):
        return log_ratio(head, base)
    a, b = (summarised(side) for side in (pair.head, pair.base))
    return log_ratio_of_summaries(a, b) if a and b else _unbounded(pair)


def _unbounded(pair: Pair) -> LogRatio | None:
    head, base = (values_of(LATENCY, side) for side in (pair.head, pair.base))
    if head is None or base is None:
        return None
    value = math.log(median(head) / median(base))
    return LogRatio(value, math.inf, math.inf, "neither times nor quartiles")
