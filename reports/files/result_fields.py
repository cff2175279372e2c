"""The parts of a result: parity, what a process said, how a scenario came out; each checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import (
    amount_or_none,
    count,
    count_or_none,
    fail,
    flag,
    listed,
    mapping,
    positive,
    positive_or_none,
    share_or_none,
    text,
    text_or_empty,
    whole,
)

SINGLE = "single-stream"  # one call after another: the scenario of every speedup
SCENARIOS = (SINGLE, "multi-stream", "server", "offline")


@dataclass(frozen=True)
class Parity:
    """How far the outputs are from the reference's.

    Greatest relative error, least cosine over the outputs, share of samples whose greatest
    entry is at the same place (None where that makes no sense); over `samples` sets of inputs.
    """

    max_rel_error: float
    cosine: float | None = None
    top1_agreement: float | None = None
    samples: int | None = None


@dataclass(frozen=True)
class Process:
    """What one measured process said beside its times; None is what it did not say.

    `discarded` counts the windows thrown away by reason, `bad` those that were kept because every
    window was bad; `cpu_per_wall` is processor seconds per second, which a budget of T threads
    keeps at T or below; `cores` is how many it may run on. `turns`: the cycle of each kept window
    and its number of samples; `group`: processes of one group took turns with each other.
    `achieved_per_s`: calls per second of its scenario.
    """

    steady: bool | None = None
    warm_up_calls: int | None = None
    warm_up_seconds: float | None = None
    kept: int | None = None
    discarded: Mapping[str, int] = field(default_factory=dict, hash=False)
    bad: Mapping[str, int] = field(default_factory=dict, hash=False)
    cpu_per_wall: float | None = None
    cores: int | None = None
    os_threads: int | None = None
    load_average: float | None = None
    clock_mhz: float | None = None
    timer_resolution_seconds: float | None = None
    import_seconds: float | None = None
    load_seconds: float | None = None
    compile_seconds: float | None = None
    first_inference_seconds: float | None = None
    peak_memory_bytes: float | None = None
    energy_joules_per_call: float | None = None
    turns: tuple[tuple[int, int], ...] = ()
    group: int | None = None
    achieved_per_s: float | None = None


AMOUNTS = (
    "cpu_per_wall",
    "load_average",
    "clock_mhz",
    "timer_resolution_seconds",
    "import_seconds",
    "load_seconds",
    "compile_seconds",
    "first_inference_seconds",
    "peak_memory_bytes",
    "energy_joules_per_call",
)


@dataclass(frozen=True)
class ScenarioResult:
    """How a scenario came out: VALID or why not, and how many more queries would decide it.

    A query is a call, of `batch` items. `achieved_per_s`: calls per second.
    `percentiles_ms` are the samples' own, by "50", "90", ...; `bounded_ms` their early-stopping
    upper bounds, None where there were too few queries for one. `rate_per_s`: as scheduled.
    """

    scenario: str
    valid: bool
    reason: str
    more_queries: int
    queries: int | None
    rate_per_s: float | None
    bound_ms: float | None
    percentile: float | None
    achieved_per_s: float | None
    percentiles_ms: Mapping[str, float] = field(hash=False)
    bounded_ms: Mapping[str, float | None] = field(hash=False)


def max_rel_error(where: str, value: Any) -> float | None:
    """None where not measured; NaN means outputs that are NaN, as wrong as can be: infinite."""
    if isinstance(value, float) and not math.isfinite(value):
        return math.inf
    return amount_or_none(where, "parity_max_rel_error", value)


def parity_of(where: str, value: Any) -> Parity | None:
    """From `parity`; None where it was not compared."""
    said = mapping(where, "parity", value)
    error = max_rel_error(f"{where}: parity", said.get("max_rel_error"))
    if error is None:
        return None
    cosine = said.get("cosine")
    undefined = isinstance(cosine, float) and not math.isfinite(cosine)  # outputs that are NaN
    return Parity(
        max_rel_error=math.inf if undefined else error,
        cosine=None if undefined else share_or_none(where, "parity.cosine", cosine, -1 - 1e-6),
        top1_agreement=share_or_none(where, "parity.top1_agreement", said.get("top1_agreement")),
        samples=count_or_none(where, "parity.samples", said.get("samples")),
    )


def processes_of(where: str, value: Any) -> tuple[Process, ...]:
    """From `processes`, one a round."""
    every = listed(where, "processes", value)
    return tuple(_process(f"{where}: processes[{at}]", item) for at, item in enumerate(every))


def _process(where: str, value: Any) -> Process:
    said = mapping(where, "process", value)
    warm_up = mapping(where, "warm_up", said.get("warm_up"))
    windows = mapping(where, "windows", said.get("windows"))
    all_bad = flag(where, "windows.all_bad", windows.get("all_bad") or False)
    scenario = mapping(where, "scenario", said.get("scenario"))
    steady, affinity = warm_up.get("steady"), said.get("affinity")
    return Process(
        steady=None if steady is None else flag(where, "warm_up.steady", steady),
        warm_up_calls=count_or_none(where, "warm_up.calls", warm_up.get("calls")),
        warm_up_seconds=amount_or_none(where, "warm_up.seconds", warm_up.get("seconds")),
        kept=count_or_none(where, "windows.kept", windows.get("kept")),
        discarded=_reasons(where, "discarded", windows),
        bad=_reasons(where, "bad", windows) if all_bad else {},
        cores=None if affinity is None else len(listed(where, "affinity", affinity)),
        os_threads=count_or_none(where, "os_threads", said.get("os_threads")),
        **{name: amount_or_none(where, name, said.get(name)) for name in AMOUNTS},
        turns=_turns(where, windows.get("turns")),
        group=count_or_none(where, "group", said.get("group")),
        achieved_per_s=positive_or_none(where, "achieved_per_s", scenario),
    )


def _turns(where: str, value: Any) -> tuple[tuple[int, int], ...]:
    """Pairs of a cycle and a number of samples; empty where a file has none."""
    pairs = [listed(where, "windows.turns", pair) for pair in listed(where, "turns", value)]
    if any(len(pair) != 2 for pair in pairs):
        fail(where, "windows.turns has other than pairs", "measure again")
    return tuple(
        (count(where, "a turn's cycle", at), whole(where, "a turn's samples", samples))
        for at, samples in pairs
    )


def _reasons(where: str, name: str, windows: Mapping[str, Any]) -> dict[str, int]:
    """Windows by reason."""
    said = mapping(where, f"windows.{name}", windows.get(name))
    return {
        text(where, "a reason", reason): count(where, f"windows.{name} {reason}", times)
        for reason, times in said.items()
    }


def scenario_of(where: str, value: Any) -> ScenarioResult | None:
    """From `scenario_result`; None for a single stream."""
    if value is None:
        return None
    said = mapping(where, "scenario_result", value)
    where = f"{where}: scenario_result"
    points = mapping(where, "percentiles_ms", said.get("percentiles_ms"))
    bounds = mapping(where, "bounded_ms", said.get("bounded_ms"))
    return ScenarioResult(
        scenario=text(where, "scenario", said.get("scenario")),
        valid=flag(where, "valid", said.get("valid")),
        reason=text_or_empty(where, "reason", said.get("reason")),
        more_queries=count(where, "more_queries", said.get("more_queries") or 0),
        queries=count_or_none(where, "queries", said.get("queries")),
        rate_per_s=positive_or_none(where, "rate_per_s", said),
        bound_ms=positive_or_none(where, "bound_ms", said),
        percentile=positive_or_none(where, "percentile", said),
        achieved_per_s=positive_or_none(where, "achieved_per_s", said),
        percentiles_ms={
            name: positive(where, f"percentiles_ms {name}", points[name])
            for name in points
            if points[name] is not None
        },
        bounded_ms={name: positive_or_none(where, name, bounds) for name in bounds},
    )
