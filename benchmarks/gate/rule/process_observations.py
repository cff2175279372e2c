"""What a result file tells of each process, as the gate looks at it.

A file that has one figure for all processes cannot say how much they differ: of several rounds it
is left out, of a single round it stands for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from isthmus.reports import Machine, Result, read_prices, usd_per_million
from isthmus.reports.files.result_fields import Process

from .metrics import LATENCY, THROUGHPUT
from .observations import Observation
from .refusal import facts_of, loaded

__all__ = ["RATE", "USD", "observations_of", "price_of", "rate_asked"]

USD = "usd_per_million"
RATE = "rate_per_s"  # at which a server was asked; one that searched its rate has many
LEAST, MOST = 1e-12, 1e15  # of any metric in its unit: beyond, a file is damaged
# By metric: what a process says, and a result where there is one round; and the metric's unit.
TOLD: Mapping[str, tuple[str, float]] = {
    "peak_memory_mib": ("peak_memory_bytes", 2.0**-20),
    "compile_ms": ("compile_seconds", 1e3),
    "first_inference_ms": ("first_inference_seconds", 1e3),
}


def observations_of(result: Result, usd_per_hour: float | None = None) -> list[Observation]:
    """One for each process; one of a file that has a single round, or statistics alone.

    usd_per_hour: of the machine; without it a million requests have no price.
    """
    facts, rounds = facts_of(result), result.rounds or ((),)
    processes, asked_at = _processes(result, len(rounds)), rate_asked(result)
    return [
        Observation(
            seconds=seconds,
            values=_known(_values(result, process, rate, usd_per_hour)) | asked_at,
            parity=result.parity_max_rel_error,
            facts=facts,
            loaded=loaded(result),
            summary=result.summary,
        )
        for seconds, process, rate in zip(
            rounds, processes, _calls_per_second(result, rounds, processes), strict=True
        )
    ]


def rate_asked(result: Result) -> dict[str, float]:
    """At which a server was asked, by its name; empty where it was not."""
    rate = result.scenario_result.rate_per_s if loaded(result) and result.scenario_result else None
    return {RATE: rate} if rate else {}


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
    result: Result, process: Process, rate: float | None, usd_per_hour: float | None
) -> Iterator[tuple[str, float | None]]:
    """In the metrics' units; None for what is not known."""
    for name, (attribute, unit) in TOLD.items():
        value = getattr(process, attribute)
        if value is None and len(result.rounds) <= 1:
            value = getattr(result, attribute)
        yield name, None if value is None else value * unit
    if not result.rounds:
        yield LATENCY.name, result.latency_ms
    yield THROUGHPUT, rate
    if rate and usd_per_hour:
        yield USD, usd_per_million(result.batch * rate, usd_per_hour)


def _known(values: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """What can have been measured: 0 is what a clock or a kernel says that saw nothing."""
    return {name: value for name, value in values if value and LEAST < value < MOST}


def _calls_per_second(
    result: Result, rounds: Sequence[Sequence[float]], processes: Sequence[Process]
) -> list[float | None]:
    """Of each process. Under load calls overlap or wait: their times do not add up to a rate."""
    if result.rate_per_s:
        return [result.rate_per_s / result.batch] * len(rounds)
    if loaded(result):
        outcome = result.scenario_result
        shared = outcome.achieved_per_s if outcome and len(rounds) == 1 else None
        return [process.achieved_per_s or shared for process in processes]
    return [len(seconds) / sum(seconds) if seconds else None for seconds in rounds]
