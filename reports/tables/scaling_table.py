"""Processes side by side: calls a second, dollars, and what ends their growing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from isthmus.reports.display import ABSENT, Cell, Table, facts, label, readable, significant, split
from isthmus.reports.money.cost import Cost

from .scaling import LEAST_SHARE, SCALING, WHOLE, ScalingRow

__all__ = ["scaling_table"]

SETTINGS = ("sequence", "batch", "precision")
ANSWERS = (
    *("processes", "calls/s", "against one", "efficiency", "dollars against one"),
    *("GB/s", "of the memory's", "memory ends it at", "short of"),
)
NOTES = (
    "Each process has one thread, on a processor of its own. Efficiency: rate of k / (k × rate of "
    "one), turn by turn. Dollars against one: on a machine that is paid for either way.",
    "GB/s: bytes that a call moves at least (inputs, outputs, weights once) × calls/s; beside the "
    "machine's own rate of the cache that holds all copies, or of the memory. A call may move "
    "more. Memory ends it at: the processes whose least bytes use up the memory's rate, as it was "
    "measured by all the threads of the run.",
    f"Short of: memory where the efficiency is below {WHOLE:.0%} and the share at least "
    f"{LEAST_SHARE:.0%}; else another (a shared cache, a core's two threads, the clock, the host).",
)


def scaling_table(rows: Sequence[ScalingRow], costs: Sequence[Cost] = ()) -> Table:
    """A row per number of copies; with costs, the dollars on the first instance, of the most."""
    every = [
        facts(row.result, SETTINGS) | {"machine": row.file.machine.cpu_model or ABSENT}
        for row in rows
    ]
    shared, varying = split(every)
    instance, dollars = _priced(rows, costs)
    money = (f"$/million, {instance}",) if instance else ()
    headers = ("workload", "variant", *ANSWERS, *money, *map(readable, varying))
    return Table(
        title="Scaling: processes side by side",
        headers=tuple(map(Cell, headers)),
        rows=tuple(
            (
                *_cells(row),
                *((_amount(dollars.get(_key(row))),) if instance else ()),
                *(Cell(known[name]) for name in varying),
            )
            for row, known in zip(rows, every, strict=True)
        ),
        left=2,
        shared=shared,
        notes=NOTES if rows else (),
    )


def _cells(row: ScalingRow) -> tuple[Cell, ...]:
    return (
        Cell(row.result.workload),
        Cell(label(row.variant)),
        Cell(str(row.copies)),
        Cell(significant(row.calls_per_s)),
        *_compared(row),
        _amount(row.gb_per_s),
        _percent(row.memory_share),
        Cell(ABSENT if row.memory_ends is None else significant(row.memory_ends, 2)),
        Cell(row.ended_by or ABSENT),
    )


def _compared(row: ScalingRow) -> tuple[Cell, Cell, Cell]:
    """Speedup, efficiency and dollars, each with the interval."""
    if row.copies == 1:
        return Cell("1×", "reference"), Cell("100 %"), Cell("1×")
    if row.speedup is None or row.efficiency is None:
        return Cell(ABSENT, "too few turns together"), Cell(ABSENT), Cell(ABSENT)
    low, high = row.speedup.interval()
    share, *ends = (100 * each for each in row.efficiency)
    return (
        Cell(f"{significant(row.speedup.ratio)}×", _ends(low, high)),
        Cell(f"{significant(share)} %", _ends(*ends)),
        Cell(f"{significant(1 / row.speedup.ratio)}×", _ends(1 / high, _over(low))),
    )


def _ends(low: float, high: float) -> str:
    if not math.isfinite(high):
        return "[unbounded]"
    return f"[{significant(low)}, {significant(high)}]"


def _over(low: float) -> float:
    return 1 / low if low else math.inf


def _priced(
    rows: Sequence[ScalingRow], costs: Sequence[Cost]
) -> tuple[str, Mapping[tuple[object, ...], float]]:
    """The first instance that has a dollar for the most copies of all, and the dollars."""
    ours = [cost for cost in costs if cost.scenario == SCALING]
    keys = {_key(row) for row in rows} & {_of_cost(cost) for cost in ours}
    for instance in dict.fromkeys(cost.instance for cost in ours):
        found = {_of_cost(one): one.usd_per_million for one in ours if one.instance == instance}
        if keys and keys <= found.keys():
            return instance, found
    return "", {}


def _of_cost(cost: Cost) -> tuple[object, ...]:
    return cost.file, cost.workload, cost.variant, cost.batch, cost.precision


def _key(row: ScalingRow) -> tuple[object, ...]:
    one = row.result
    return one.file, one.workload, one.variant, one.batch, one.precision


def _amount(value: float | None) -> Cell:
    return Cell(ABSENT if value is None else significant(value))


def _percent(share: float | None) -> Cell:
    return Cell(ABSENT if share is None else f"{significant(100 * share, 2)} %")
