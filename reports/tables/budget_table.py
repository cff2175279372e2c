"""Auto within the budget, in readers' words: the table, and the line below the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.reports.display import (
    ABSENT,
    Cell,
    Facts,
    Table,
    facts,
    interval,
    label,
    ratio_cell,
    significant,
    split,
)
from isthmus.reports.files.budget import LEAST_AGREEMENT, LEAST_COSINE, judged
from isthmus.reports.files.result import Result
from isthmus.reports.stats.intervals import LogRatio

from .budget import BudgetRow

__all__ = ["budget_sentence", "budget_table"]

TITLE = "Auto within the budget"
HEADERS = ("workload", "ours", "ms", "cosine", "best peer", "ms", "over the peer")
HEADERS_F32 = ("over ONNX Runtime f32", "over ours in f32")
SETTINGS = ("sequence", "batch", "threads")
BUDGET = f"cosine >= {LEAST_COSINE:g}, top-1 disagreement <= {100 * (1 - LEAST_AGREEMENT):.0f} %"
DIRECTION = (
    "Ours: what tuning chose, or else the fastest; best peer: the fastest; at any precision, "
    f"within the budget ({BUDGET} against float32). "
    "Over: median time of the other / median time of ours, above 1 means that ours is faster; in "
    "brackets the 95 % interval over interleaved rounds."
)


def budget_table(rows: Sequence[BudgetRow]) -> Table:
    """Ours and the best peer within the budget, and the ratios; empty without lower precisions."""
    shared, varying = split([_facts(row) for row in rows if row.ours])
    return Table(
        title=TITLE,
        headers=tuple(map(Cell, (*HEADERS, *HEADERS_F32, *varying))),
        rows=tuple(_cells(row, varying) for row in rows),
        left=2,
        strong=frozenset(at for at, row in enumerate(rows) if row.mean),
        shared=shared,
        notes=(DIRECTION,) if rows else (),
    )


def budget_sentence(rows: Sequence[BudgetRow]) -> str:
    """What the best precision brings, of the widest mean or the only workload; "" without any."""
    row = max(rows, key=lambda row: (row.mean, row.workloads), default=None)
    told = [
        f"{significant(ratio.ratio)}× {what} (95 % interval {interval(ratio, ' to ')})"
        for ratio, what in _ratios(row)
        if ratio
    ]
    if row is None or not told:
        return ""
    over = f"geometric mean of {row.workloads} workloads" if row.mean else row.workload
    return f"Auto within the budget ({BUDGET}) runs at {', '.join(told)}; {over}."


def _ratios(row: BudgetRow | None) -> list[tuple[LogRatio | None, str]]:
    if row is None:
        return []
    return [
        (row.over_onnxruntime, "the speed of ONNX Runtime in f32"),
        (row.over_peer, "that of the best peer within the same budget"),
    ]


def _facts(row: BudgetRow) -> Facts:
    return facts(row.ours, SETTINGS) | {"machine": row.machine or ABSENT}


def _cells(row: BudgetRow, varying: Sequence[str]) -> tuple[Cell, ...]:
    known = _facts(row) if row.ours else {"machine": row.machine}
    over = f"of {row.workloads} workloads" if row.mean else ""
    is_f32 = row.f32 is not None and row.f32 is row.ours
    return (
        Cell(row.workload, over),
        *_named(row.ours),
        Cell(_cosine(row.ours)),
        *_named(row.peer),
        ratio_cell(row.over_peer),
        ratio_cell(row.over_onnxruntime),
        Cell("1×", "it is f32") if is_f32 else ratio_cell(row.over_f32),
        *(Cell(known.get(name, "")) for name in varying),
    )


def _named(result: Result | None) -> tuple[Cell, Cell]:
    """Who in which precision, and its milliseconds."""
    if result is None:
        return Cell(""), Cell("")
    return Cell(label(result.variant), result.precision), Cell(significant(result.latency_ms))


def _cosine(result: Result | None) -> str:
    found = judged(result) if result else None
    return "" if found is None or found.cosine is None else f"{found.cosine:.4f}"
