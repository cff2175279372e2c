"""Stored runs as a table: each benchmark's first and last level, and where it changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from isthmus.reports.display import ABSENT, Cell, Facts, Table, label, significant, split
from isthmus.reports.files.history.store_record import Record
from isthmus.reports.files.same_machine import Machine
from isthmus.reports.stats.changes import FEWEST_RUNS, LEAST, SHORTEST

from .trends import Trend

__all__ = ["headline", "of_another_machine", "trends_table"]

SETTINGS = ("sequence", "batch", "precision", "threads", "scenario")
ANSWERS = ("change points", "runs", "first ms", "last ms", "in all")
MOST = 3  # change points written out
HASH = len("sha256:") + 12
MEANING = (
    "First, last: the median latency of the first and the last level; in all: last / first. A "
    f"change point is the first run of a new level: at least {100 * LEAST:g} % away, {SHORTEST} "
    "runs or more on both sides, and more than the noise of single runs."
)


def trends_table(trends: Sequence[Trend]) -> Table:
    """A row per benchmark; what is equal in every row is said once above."""
    models = _models(trends)
    facts = [_facts(trend, models) for trend in trends]
    shared, varying = split(facts)
    several = any(trend.machine.differences(trends[0].machine) for trend in trends)
    return Table(
        title="Over time on each machine" if several else "Over time on this machine",
        headers=tuple(map(Cell, ("workload", "variant", *ANSWERS, *varying))),
        rows=tuple(
            _cells(trend, [known[name] for name in varying])
            for trend, known in zip(trends, facts, strict=True)
        ),
        left=3,
        shared=shared,
        notes=(_period(trends), MEANING) if trends else (),
    )


def headline(trends: Sequence[Trend]) -> str:
    """`2 of 12 benchmarks changed over 40 runs, 2026-09-01 to 2026-11-20.`"""
    changed = sum(bool(trend.starts()) for trend in trends)
    return f"{changed} of {len(trends)} benchmarks changed over {_period(trends)}"


def percent(share: float) -> str:
    """0.0521 as `+5.2 %`."""
    return f"{100 * share:+.1f} %"


def of_another_machine(machine: Machine, folder: str) -> str:
    """What a report says of a history that has no run of its machine."""
    name = machine.cpu_model or "unnamed machine"
    return f"{folder} has no run on this machine ({name}, {machine.cores or '?'} cores)."


def _period(trends: Sequence[Trend]) -> str:
    runs = {(run.measured, run.path): run for trend in trends for run in trend.runs}
    days = sorted(run.measured[:10] for run in runs.values())
    return f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}, {days[0]} to {days[-1]}."


def _models(trends: Sequence[Trend]) -> set[str]:
    """The benchmarks that were measured with several models, whose hashes tell them apart."""
    hashes = defaultdict[str, set[str]](set)
    for trend in trends:
        hashes[trend.name].add(str(trend.facts.get("model_hash")))
    return {name for name, found in hashes.items() if len(found) > 1}


def _facts(trend: Trend, models: set[str]) -> Facts:
    values = {name: trend.facts.get(name) for name in SETTINGS}
    model = str(trend.facts.get("model_hash") or "")[:HASH] if trend.name in models else ""
    values |= {"model": model, "machine": trend.machine.cpu_model}
    return {name: ABSENT if value in (None, "") else str(value) for name, value in values.items()}


def _cells(trend: Trend, settings: Sequence[str]) -> tuple[Cell, ...]:
    names = Cell(trend.workload), Cell(label(trend.variant))
    levels = significant(trend.first_ms), significant(trend.last_ms), _in_all(trend)
    return (*names, _points(trend), Cell(str(len(trend.runs))), *map(Cell, (*levels, *settings)))


def _in_all(trend: Trend) -> str:
    if trend.changes is None:
        return ABSENT
    return percent(trend.changes.drift) if trend.starts() else "unchanged"


def _points(trend: Trend) -> Cell:
    """`+5.2 % 2026-10-03 0123456789ab`, the newest last; or why there are none."""
    if trend.changes is None:
        return Cell(ABSENT, f"{FEWEST_RUNS} runs are needed")
    starts = trend.starts()
    said = [_said(run, step) for run, step in starts[-MOST:]]
    before = [f"{len(starts) - MOST} before"] if len(starts) > MOST else []
    return Cell("; ".join([*before, *said]) or "none")


def _said(run: Record, step: float) -> str:
    return f"{percent(step)} {run.title}"
