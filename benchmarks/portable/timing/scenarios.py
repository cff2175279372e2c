"""How requests arrive, after MLPerf's LoadGen: one by one, eight at once, at random, all at once.

A scenario's run is VALID if what it claims is known with 99 % confidence (early_stopping.py); if
not, the result says why, and how many more queries it takes. There is no least duration.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from .server import FIRST_UTILISATION, Probe, Prober, search
from .timing import Sampler, Window, kept, windows
from .verdicts import VALID, Result, described, invalid, judged, within
from .watch import Watch

__all__ = ["Section", "run"]

PERCENTILES = {"single-stream": 90, "multi-stream": 99, "server": 99}

Scenario = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """What a timed section needs: a warm program, how many of its calls are timed together, the
    seconds of one, and for how long to measure."""

    sample: Sampler
    grouped: int
    call_seconds: float
    seconds: float
    watch: Watch
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Timed:
    """The windows of a section, how many calls are a sample, and the scenario's result."""

    windows: list[Window]
    calls_per_sample: int
    result: Result

    @property
    def seconds(self) -> list[float]:
        """Seconds a call of the windows kept; of a server: from due to answered."""
        return _samples(self.windows)


def run(section: Section, scenario: Scenario) -> Timed:
    """The timed section of a scenario. Raises ValueError for one that does not exist."""
    name = scenario["name"]
    if name not in SCENARIOS:
        raise ValueError(f"no scenario '{name}'; there are {', '.join(SCENARIOS)}")
    return SCENARIOS[name](section, scenario)


def _single_stream(section: Section, scenario: Scenario) -> Timed:
    """The next query when the one before is answered."""
    return _stream(section, scenario, section.grouped)


def _multi_stream(section: Section, scenario: Scenario) -> Timed:
    """The same of eight samples a query, for which the program was prepared: a query is a call."""
    return _stream(section, scenario, 1)


def _stream(section: Section, scenario: Scenario, grouped: int) -> Timed:
    found = windows(section.sample, grouped, section.seconds, section.watch)
    latencies, percentile = _samples(found), _percentile(scenario)
    verdict = judged(latencies, percentile)
    if grouped > 1:
        verdict = invalid(f"{grouped} calls are timed together; a latency is their mean")
    facts = {
        "percentile": percentile,
        "achieved_per_s": len(latencies) / sum(latencies),
    }
    about = described(scenario["name"], latencies, len(latencies) * grouped)
    return Timed(found, grouped, {**about, **facts, **verdict})


def _server(section: Section, scenario: Scenario) -> Timed:
    """Queries at random times, at the given rate or the highest that keeps the bound."""
    percentile, bound_ms = _percentile(scenario), scenario.get("bound_ms")
    found = _served(section, scenario.get("rate_per_s"), bound_ms, percentile)
    latencies = found.latencies
    facts = {
        "percentile": percentile,
        "bound_ms": bound_ms,
        "rate_per_s": found.rate_per_s,
        "achieved_per_s": len(latencies) / found.window.wall_seconds,
    }
    verdict = judged(latencies, percentile, bound_ms)
    if found.unanswered:
        answered = f"{len(latencies)} of {found.due} queries were answered"
        verdict = invalid(f"{answered} in {found.window.wall_seconds:.3g} s; lower the rate")
    about = described("server", latencies, len(latencies))
    return Timed([found.window], 1, {**about, **facts, **verdict})


def _served(section: Section, rate: float | None, bound_ms: float | None, percentile: int) -> Probe:
    prober = Prober(section.sample, section.seconds, section.watch, section.sleep)
    if rate is not None:
        return prober(rate)
    if bound_ms is None:
        raise ValueError("scenario server: give rate_per_s, or bound_ms to search the rate")
    return search(
        prober,
        FIRST_UTILISATION / section.call_seconds,
        lambda run: not run.unanswered and within(run.latencies, percentile, bound_ms),
    )


def _offline(section: Section, scenario: Scenario) -> Timed:
    """All samples at once: calls one after the other. Its measure is calls a second; latencies
    would tell when a sample came up, nothing else."""
    found = windows(section.sample, section.grouped, section.seconds, section.watch)
    calls = len(_samples(found)) * section.grouped
    facts = {"achieved_per_s": calls / sum(window.wall_seconds for window in kept(found))}
    return Timed(found, section.grouped, {**described("offline", None, calls), **facts, **VALID})


SCENARIOS: dict[str, Callable[[Section, Scenario], Timed]] = {
    "single-stream": _single_stream,
    "multi-stream": _multi_stream,
    "server": _server,
    "offline": _offline,
}


def _percentile(scenario: Scenario) -> int:
    return int(scenario.get("percentile") or PERCENTILES[scenario["name"]])


def _samples(some: Sequence[Window]) -> list[float]:
    return list(chain.from_iterable(window.samples for window in kept(some)))
