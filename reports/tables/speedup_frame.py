"""The speedups as a tidy table: one row per result, mean or missing variant, unrounded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING

from isthmus.reports.files.result import Result
from isthmus.reports.stats.intervals import LogRatio
from isthmus.system.extras import require

from .speedup import Row

if TYPE_CHECKING:
    import pandas

__all__ = ["frame", "interval_cells"]

WHOLE = ("batch", "threads", "rounds", "workloads")  # stay whole numbers beside absent ones
COLUMNS = (
    "workload",
    "variant",
    "batch",
    "sequence",
    "precision",
    "threads",
    "scenario",
    "latency_ms",
    "requests_per_s",
    "speedup",
    "speedup_low",
    "speedup_high",
    "parity_max_rel_error",
    "parity_cosine",
    "parity_top1_agreement",
    "parity_samples",
    "note",
    "missing",
    "vs_by_hand",
    "vs_by_hand_low",
    "vs_by_hand_high",
    "gflop_per_s",
    "peak_memory_mib",
    "import_seconds",
    "load_seconds",
    "compile_seconds",
    "first_inference_seconds",
    "rounds",
    "workloads",
    "method",
    "runtime",
    "environment",
    "model_hash",
    "machine",
    "file",
)


def frame(rows: Iterable[Row]) -> pandas.DataFrame:
    """The rows as a tidy table; numbers unrounded, absent ones empty."""
    require("report", "pandas")
    import pandas

    table = pandas.DataFrame([_cells(row) for row in rows], columns=list(COLUMNS))
    return table.astype(dict.fromkeys(WHOLE, "Int64"))


def interval_cells(ratio: LogRatio | None, name: str) -> dict[str, object]:
    """`name`, `name_low`, `name_high`; without bounds where they are not known."""
    if ratio is None:
        return {}
    low, high = ratio.interval()
    bounds = {f"{name}_low": low, f"{name}_high": high} if math.isfinite(high) else {}
    return {name: ratio.ratio, **bounds}


def _cells(row: Row) -> dict[str, object]:
    about = {"workload": row.workload, "variant": row.variant, "machine": row.machine}
    about |= {"note": row.note, "method": row.speedup.method if row.speedup else ""}
    over = {"workloads": row.workloads if row.mean else None, "missing": row.missing}
    ratios = interval_cells(row.speedup, "speedup") | interval_cells(row.by_hand, "vs_by_hand")
    return about | over | ratios | (_measured(row.result) if row.result else {})


def _measured(result: Result) -> dict[str, object]:
    kept = {field.name: getattr(result, field.name) for field in fields(result)}
    kept |= {"latency_ms": result.latency_ms, "requests_per_s": result.requests_per_second}
    if result.operations:
        kept["gflop_per_s"] = 1e-9 * result.operations / result.median_seconds
    if result.peak_memory_bytes:
        kept["peak_memory_mib"] = result.peak_memory_bytes / 2**20
    if result.parity:
        names = ("cosine", "top1_agreement", "samples")
        kept |= {f"parity_{name}": getattr(result.parity, name) for name in names}
    kept["rounds"] = len(result.rounds)
    return {name: value for name, value in kept.items() if name in COLUMNS}
