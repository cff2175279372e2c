"""Ours within the budget of accuracy, at any precision: "auto within the budget".

What tuning chose where that was measured and keeps the budget, else the fastest that does. Against
the fastest peer at any precision that keeps the same budget, and against ONNX Runtime and the
fastest of ours in float32. The budget is that of `files/budget.py`. Workloads of which no precision
below float32 was measured have no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.reports.files.budget import F32, is_low, outside
from isthmus.reports.files.comparison import setting, times_as_fast
from isthmus.reports.files.history.superseded import current
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE
from isthmus.reports.files.variants import AUTO, EVERY_PEER, ONNX_RUNTIME, OURS
from isthmus.reports.stats.intervals import LogRatio, geometric_mean
from isthmus.system.extras import require

from .speedup import mean_of
from .speedup_frame import interval_cells

if TYPE_CHECKING:
    import pandas

__all__ = ["BudgetRow", "budget_rows", "frame"]


@dataclass(frozen=True)
class BudgetRow:
    """A workload, or a mean over several without results.

    ours: what tuning chose, if it is within the budget, else the fastest of ours that is. peer,
    f32: the fastest within the budget, of the peers, and of ours in float32.
    The ratios are how many times as fast ours is as the peer, as ONNX Runtime in float32, and as
    ours in float32; None where the other was not measured.
    """

    workload: str
    machine: str
    ours: Result | None
    peer: Result | None
    f32: Result | None
    over_peer: LogRatio | None
    over_onnxruntime: LogRatio | None
    over_f32: LogRatio | None
    workloads: int = 1

    @property
    def mean(self) -> bool:
        """True for a geometric mean."""
        return self.ours is None


def budget_rows(files: Sequence[ResultFile]) -> tuple[BudgetRow, ...]:
    """A row a workload and setting, then a geometric mean for each batch and machine."""
    rows = [row for file in current(files) for row in _of_file(file)]
    return (*rows, *_means(rows))


def _of_file(file: ResultFile) -> list[BudgetRow]:
    groups: dict[object, list[Result]] = {}
    for result in file.results:
        if result.scenario == SINGLE and not result.origin:
            groups.setdefault(setting(result, F32), []).append(result)
    return [
        row
        for group in groups.values()
        if any(is_low(result) for result in group)
        for row in _row(file, group)
    ]


def _row(file: ResultFile, group: Sequence[Result]) -> list[BudgetRow]:
    """None where nothing of ours is within the budget."""
    within = [result for result in group if not outside(result)]
    mine = [result for result in within if result.variant in OURS]
    ours = _fastest(result for result in mine if result.variant == AUTO) or _fastest(mine)
    if ours is None:
        return []
    peer = _fastest(result for result in within if result.variant in EVERY_PEER)
    f32 = _fastest(result for result in mine if not is_low(result))
    usual = _fastest(result for result in within if result.variant == ONNX_RUNTIME)
    return [
        BudgetRow(
            workload=ours.workload,
            machine=file.machine.cpu_model,
            ours=ours,
            peer=peer,
            f32=f32,
            over_peer=times_as_fast(peer, ours),
            over_onnxruntime=times_as_fast(usual, ours),
            over_f32=None if f32 is ours else times_as_fast(f32, ours),
        )
    ]


def _fastest(results: Iterable[Result]) -> Result | None:
    return min(results, key=lambda result: result.median_seconds, default=None)


def _means(rows: Sequence[BudgetRow]) -> list[BudgetRow]:
    groups: dict[tuple[object, ...], list[BudgetRow]] = {}
    for row in rows:
        if row.ours:
            groups.setdefault((row.machine, row.ours.batch, row.ours.threads), []).append(row)
    return [_mean(group) for group in groups.values() if len(group) > 1]


def _mean(group: Sequence[BudgetRow]) -> BudgetRow:
    """None for a ratio that a workload lacks: a mean over fewer would look like one over all."""
    return BudgetRow(
        workload=mean_of(group[0].ours),
        machine=group[0].machine,
        ours=None,
        peer=None,
        f32=None,
        over_peer=_mean_of([row.over_peer for row in group]),
        over_onnxruntime=_mean_of([row.over_onnxruntime for row in group]),
        over_f32=_mean_of([row.over_f32 for row in group]),
        workloads=len(group),
    )


def _mean_of(ratios: Sequence[LogRatio | None]) -> LogRatio | None:
    known = [ratio for ratio in ratios if ratio is not None]
    return geometric_mean(known) if len(known) == len(ratios) else None


COLUMNS = (
    "workload",
    "batch",
    "sequence",
    "threads",
    "variant",
    "precision",
    "latency_ms",
    "peer",
    "peer_precision",
    "peer_latency_ms",
    *("over_peer", "over_peer_low", "over_peer_high"),
    *("over_onnxruntime", "over_onnxruntime_low", "over_onnxruntime_high"),
    *("over_f32", "over_f32_low", "over_f32_high"),
    "workloads",
    "machine",
    "file",
)


def frame(rows: Iterable[BudgetRow]) -> pandas.DataFrame:
    """A tidy row each, unrounded."""
    require("report", "pandas")
    import pandas

    table = pandas.DataFrame([_cells(row) for row in rows], columns=list(COLUMNS))
    return table.astype({"batch": "Int64", "threads": "Int64", "workloads": "Int64"})


def _cells(row: BudgetRow) -> dict[str, object]:
    cells: dict[str, object] = {"workload": row.workload, "machine": row.machine}
    cells |= {"workloads": row.workloads} if row.mean else {}
    for name in ("over_peer", "over_onnxruntime", "over_f32"):
        cells |= interval_cells(getattr(row, name), name)
    if row.ours:
        kept = ("batch", "sequence", "threads", "variant", "precision", "latency_ms", "file")
        cells |= {name: getattr(row.ours, name) for name in kept}
    if row.peer:
        cells |= {"peer": row.peer.variant, "peer_precision": row.peer.precision}
        cells |= {"peer_latency_ms": row.peer.latency_ms}
    return cells
