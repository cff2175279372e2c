"""Stored runs by benchmark: the median latency of the same work on one machine, run after run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from isthmus.reports.files.history.store_record import LATENCY, Kept, Record
from isthmus.reports.files.labels import told_apart
from isthmus.reports.files.same_machine import Machine
from isthmus.reports.stats.changes import FEWEST_RUNS, Changes, changes
from isthmus.system.extras import require

if TYPE_CHECKING:
    import pandas

__all__ = ["Trend", "frame", "trends"]


@dataclass(frozen=True)
class Trend:
    """A benchmark over its runs, oldest first; `changes` is None for fewer than 6 of them."""

    name: str
    workload: str
    variant: str
    machine: Machine
    facts: Mapping[str, Any]
    runs: tuple[Record, ...]
    latencies_ms: tuple[float, ...]
    changes: Changes | None

    @property
    def first_ms(self) -> float:
        """The first level; the first run where changes were not looked for."""
        return math.exp(self.changes.segments[0].level) if self.changes else self.latencies_ms[0]

    @property
    def last_ms(self) -> float:
        """The last level; the last run where changes were not looked for."""
        return math.exp(self.changes.segments[-1].level) if self.changes else self.latencies_ms[-1]

    def starts(self) -> list[tuple[Record, float]]:
        """The first run of each new level, and its change from the level before, as a share."""
        if self.changes is None:
            return []
        begins = (self.runs[segment.begin] for segment in self.changes.segments[1:])
        return list(zip(begins, self.changes.steps, strict=True))


def trends(records: Iterable[Record]) -> tuple[Trend, ...]:
    """A trend for each benchmark, machine and work; records are oldest first.

    Errors: `MissingExtra` where ruptures is not installed, and 6 runs or more are there.
    """
    groups = dict[tuple[int, str, str], list[tuple[Record, Kept]]]()
    machines = list[Machine]()
    for record in records:
        machine = _index(machines, record.machine)
        for kept in record.benchmarks:
            key = machine, kept.name, json.dumps(kept.facts, sort_keys=True)
            groups.setdefault(key, []).append((record, kept))
    made = (_trend(machines[machine], found) for (machine, _, _), found in groups.items())
    return _with_labels([trend for trend in made if trend.runs])


def _with_labels(found: Sequence[Trend]) -> tuple[Trend, ...]:
    """Tests of one name told apart by their places."""
    labels = told_apart(((trend.workload, trend.variant), trend.name) for trend in found)
    return tuple(
        replace(trend, workload=label)
        if (label := labels.get(((trend.workload, trend.variant), trend.name)))
        else trend
        for trend in found
    )


def _index(machines: list[Machine], machine: Machine) -> int:
    """Which of the machines it is; a new one is added."""
    for at, known in enumerate(machines):
        if not known.differences(machine) and not known.other_interpreter(machine):
            return at
    machines.append(machine)
    return len(machines) - 1


def _trend(machine: Machine, found: Sequence[tuple[Record, Kept]]) -> Trend:
    timed = [(record, log) for record, kept in found if (log := kept.log(LATENCY)) is not None]
    logs, kept = [log for _, log in timed], found[-1][1]
    return Trend(
        name=kept.name,
        workload=kept.workload,
        variant=kept.variant,
        machine=machine,
        facts=kept.facts,
        runs=tuple(record for record, _ in timed),
        latencies_ms=tuple(map(math.exp, logs)),
        changes=changes(logs) if len(logs) >= FEWEST_RUNS else None,
    )


def frame(found: Sequence[Trend]) -> pandas.DataFrame:
    """A row a run: its latency, and the level it belongs to where changes were looked for."""
    require("report", "pandas")
    import pandas

    rows = [_row(trend, at) for trend in found for at in range(len(trend.runs))]
    return pandas.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _row(trend: Trend, at: int) -> dict[str, object]:
    run, facts = trend.runs[at], {name: trend.facts.get(name) for name in FACTS}
    row = {"workload": trend.workload, "variant": trend.variant, **facts, **_level(trend, at)}
    row |= {"measured": run.measured, "commit": run.commit, "dirty": run.dirty}
    return row | {"latency_ms": trend.latencies_ms[at], "machine": run.machine.cpu_model}


def _level(trend: Trend, at: int) -> dict[str, object]:
    segments = trend.changes.segments if trend.changes else ()
    for number, segment in enumerate(segments, 1):
        if segment.begin <= at < segment.end:
            return {"segment": number, "level_ms": math.exp(segment.level)}
    return {}


FACTS = ("batch", "sequence", "precision", "threads", "scenario", "model_hash")
COLUMNS = (
    *("workload", "variant", *FACTS, "measured", "commit", "dirty"),
    *("latency_ms", "segment", "level_ms", "machine"),
)
