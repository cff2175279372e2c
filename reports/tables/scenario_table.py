"""Scenarios after MLPerf LoadGen: VALID or INVALID and why, percentiles with their bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from isthmus.reports.display import ABSENT, Cell, Facts, Table, facts, label, significant, split
from isthmus.reports.files.file_fields import Missing
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE, ScenarioResult
from isthmus.system.extras import require

from .missing import missing, reasons
from .scaling import SCALING

if TYPE_CHECKING:
    import pandas

__all__ = ["frame", "scenario_table"]

OTHERS = (SINGLE, SCALING)  # which have tables of their own
SETTINGS = ("sequence", "batch", "precision", "threads")
POINTS = ("50", "90", "99")
ANSWERS = ("outcome", "queries", "more needed", "scheduled/s", "achieved/s", "bound ms")
MEANING = (
    "After MLPerf LoadGen: server queries arrive at random and their latency counts from the "
    "scheduled time; multi-stream sends several samples a query; offline has all samples at once. "
    "p50, p90, p99: milliseconds, and after ≤ the upper bound of that percentile by the "
    "early-stopping rule (99 % confidence); no bound: too few queries for one."
)

Pair = tuple[ResultFile, Result, ScenarioResult]


def scenario_table(files: Sequence[ResultFile]) -> Table:
    """A row per result of a scenario, then the missing ones."""
    every = list(_pairs(files))
    lacks = [lack for _, lack in missing(files) if lack.scenario not in OTHERS]
    shared, varying = split([_facts(*pair) for pair in every])
    points = [f"p{point} ms" for point in POINTS]
    names = ("workload", "variant", "scenario")
    absent = tuple(_absent(lack, len(ANSWERS) + len(points) + len(varying)) for lack in lacks)
    return Table(
        title="Scenarios",
        headers=tuple(map(Cell, (*names, *ANSWERS, *points, *varying))),
        rows=(*(_cells(pair, varying) for pair in every), *absent),
        left=4,
        shared=shared,
        notes=(MEANING, *reasons(lacks)) if every or lacks else (),
    )


def frame(files: Sequence[ResultFile]) -> pandas.DataFrame:
    """The scenarios as a tidy table, unrounded."""
    require("report", "pandas")
    import pandas

    table = pandas.DataFrame([_record(*pair) for pair in _pairs(files)], columns=list(COLUMNS))
    return table.astype(dict.fromkeys(("batch", "threads", "queries", "more_queries"), "Int64"))


def _pairs(files: Sequence[ResultFile]) -> Iterable[Pair]:
    for file in files:
        for result in file.results:
            if result.scenario not in OTHERS and result.scenario_result is not None:
                yield file, result, result.scenario_result


def _facts(file: ResultFile, result: Result, _: ScenarioResult) -> Facts:
    return facts(result, SETTINGS) | {"machine": file.machine.cpu_model or ABSENT}


def _cells(pair: Pair, varying: Sequence[str]) -> tuple[Cell, ...]:
    _, result, outcome = pair
    known = _facts(*pair)
    return (
        Cell(result.workload),
        Cell(label(result.variant)),
        Cell(outcome.scenario),
        Cell("VALID" if outcome.valid else "INVALID", outcome.reason),
        Cell(ABSENT if outcome.queries is None else f"{outcome.queries:,}"),
        Cell(f"{outcome.more_queries:,}" if outcome.more_queries else ABSENT),
        *map(_number, (outcome.rate_per_s, outcome.achieved_per_s, outcome.bound_ms)),
        *(_point(outcome, point) for point in POINTS),
        *(Cell(known[name]) for name in varying),
    )


def _number(value: float | None) -> Cell:
    return Cell(ABSENT if value is None else significant(value))


def _point(outcome: ScenarioResult, point: str) -> Cell:
    """`44.7` and `≤ 47.3`, or that there is no bound."""
    if (value := outcome.percentiles_ms.get(point)) is None:
        return Cell(ABSENT)
    if point not in outcome.bounded_ms:
        return Cell(significant(value))
    bound = outcome.bounded_ms[point]
    return Cell(significant(value), "no bound" if bound is None else f"≤ {significant(bound)}")


def _absent(lack: Missing, cells: int) -> tuple[Cell, ...]:
    names = (Cell(lack.workload), Cell(label(lack.variant)), Cell(lack.scenario), Cell("missing"))
    return (*names, *(Cell(""),) * (cells - 1))


def _record(file: ResultFile, result: Result, outcome: ScenarioResult) -> dict[str, object]:
    kept = ("workload", "variant", "batch", "sequence", "precision", "threads", "file")
    judged = ("scenario", "valid", "reason", "queries", "more_queries", "rate_per_s")
    answers = (*judged, "achieved_per_s", "bound_ms", "percentile")
    record = {name: getattr(result, name) for name in kept}
    record |= {name: getattr(outcome, name) for name in answers}
    record |= {f"p{point}_ms": outcome.percentiles_ms.get(point) for point in EVERY_POINT}
    record |= {f"p{point}_bound_ms": outcome.bounded_ms.get(point) for point in EVERY_POINT}
    return record | {"machine": file.machine.cpu_model}


EVERY_POINT = ("50", "90", "95", "99")
COLUMNS = (
    "workload",
    "variant",
    "scenario",
    "batch",
    "sequence",
    "precision",
    "threads",
    "valid",
    "reason",
    "queries",
    "more_queries",
    "rate_per_s",
    "achieved_per_s",
    "bound_ms",
    "percentile",
    *(f"p{point}_ms" for point in EVERY_POINT),
    *(f"p{point}_bound_ms" for point in EVERY_POINT),
    "machine",
    "file",
)
