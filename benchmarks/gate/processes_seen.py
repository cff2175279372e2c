"""What a result file tells of each process, as the gate looks at it.

A file that has one figure for all processes cannot say how much they differ: of several rounds it
is left out, of a single round it stands for that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache

from isthmus.reports import Machine, Result, read_prices, usd_per_million
from isthmus.reports.result_fields import Process

from .refusal import facts_of, loaded
from .seen import Seen

THROUGHPUT, USD = "throughput_per_s", "usd_per_million"
# By metric: what a process says, and a result where there is one round; and the metric's unit.
TOLD: Mapping[str, tuple[str, float]] = {
    "peak_memory_mib": ("peak_memory_bytes", 2.0**-20),
    "compile_ms": ("compile_seconds", 1e3),
    "first_inference_ms": ("first_inference_seconds", 1e3),
}


def seen_of(result: Result, usd_per_hour: float | None = None) -> list[Seen]:
    """One for each process; one of a file that has a single round, or statistics alone.

    usd_per_hour: of the machine; without it a million requests have no price.
    """
    facts, rounds = facts_of(result), result.rounds or ((),)
    return [
        Seen(
            seconds=seconds,
            values=dict(_values(result, process, seconds, usd_per_hour)),
            parity=result.parity_max_rel_error,
            facts=facts,
        )
        for seconds, process in zip(rounds, _processes(result, len(rounds)), strict=True)
    ]


def price_of(machine: Machine, asked: float | None) -> float | None:
    """Dollars an hour: as asked for, else of the machine's instance type in the list of prices."""
    return asked or _listed().get(machine.instance_type)


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, float]:
    """On demand, by instance type."""
    return {price.instance: price.usd_per_hour for price in reversed(read_prices())}


def _processes(result: Result, count: int) -> list[Process]:
    """As many as rounds: those of the file, if it has so many, else ones that say nothing."""
    found = result.processes
    return list(found) if len(found) == count else [Process()] * count


def _values(
    result: Result, process: Process, seconds: tuple[float, ...], usd_per_hour: float | None
) -> Iterator[tuple[str, float]]:
    """What is known and above zero: 0 is what a clock or a kernel says that saw nothing."""
    for name, (attribute, unit) in TOLD.items():
        value = getattr(process, attribute)
        if value is None and len(result.rounds) <= 1:
            value = getattr(result, attribute)
        if value and math.isfinite(value * unit):
            yield name, value * unit
    rate = _calls_per_second(result, process, seconds)
    if rate is None:
        return
    yield THROUGHPUT, rate
    if usd_per_hour and 0 < (usd := usd_per_million(result.batch * rate, usd_per_hour)) < math.inf:
        yield USD, usd


def _calls_per_second(result: Result, process: Process, seconds: tuple[float, ...]) -> float | None:
    """Under load calls overlap or wait, so that their times do not add up to the time it took."""
    if result.rate_per_s:
        return result.rate_per_s / result.batch
    if loaded(result):
        outcome = result.scenario_result
        shared = outcome.achieved_per_s if outcome and len(result.rounds) <= 1 else None
        return process.achieved_per_s or shared
    return len(seconds) / sum(seconds) if seconds else None
