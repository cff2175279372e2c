"""Speedup over native NumPy, and over OpenVINO by hand, with parity beside every ratio.

speedup = median seconds of the baseline / median seconds of the variant; above 1 is faster. The
ratio is that of the interleaved rounds' medians, with its 95 % interval. Baseline and variant
must share the machine, the thread count, the batch and the sequence; a variant whose outputs
were not compared with the reference's has no speedup, however fast it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import pandas

from isthmus.errors import FileError

from .intervals import LogRatio, geometric_mean, log_ratio
from .results import NATIVE, Result, ResultFile

BY_HAND = "openvino-by-hand"
GEOMEAN = "geometric mean"
PARITY_LIMIT = 1e-3  # relative; above it a float32 result is another result

Setting = tuple[str, int | None, int, str]


@dataclass(frozen=True)
class Row:
    """One workload under one variant, or (`result` None) the geometric mean over `workloads`."""

    workload: str
    variant: str
    machine: str
    result: Result | None
    speedup: LogRatio | None
    by_hand: LogRatio | None
    note: str = ""
    workloads: int = 1


def rows(files: Sequence[ResultFile]) -> tuple[Row, ...]:
    """A row per result in the files' order, then a geometric mean per variant."""
    _no_duplicates(files)
    measured = tuple(_row(file, result) for file in files for result in _in_order(file.results))
    return measured + tuple(_means(measured))


def frame(rows: Iterable[Row]) -> pandas.DataFrame:
    """The rows as a tidy table; numbers unrounded, absent ones empty."""
    table = pandas.DataFrame([_cells(row) for row in rows], columns=list(COLUMNS))
    return table.astype(dict.fromkeys(WHOLE, "Int64"))


def _no_duplicates(files: Sequence[ResultFile]) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for file in files:
        for result in file.results:
            key = (file.machine, result.fullname, *_setting(result), result.variant)
            if (first := seen.setdefault((*key, result.precision), file.path)) != file.path:
                raise FileError(f"{file.path}: {result.fullname} is also in {first}; give one")


def _in_order(results: Iterable[Result]) -> list[Result]:
    """By workload as first met; the baseline first, then as measured."""
    results = list(results)
    first = {result.workload: at for at, result in reversed(list(enumerate(results)))}
    return sorted(results, key=lambda result: (first[result.workload], result.variant != NATIVE))


def _setting(result: Result) -> Setting:
    """What must be equal for two latencies to be comparable, beside the machine."""
    return result.workload, result.sequence, result.batch, str(result.threads)


def _row(file: ResultFile, result: Result) -> Row:
    base, hand = (_peer(file, result, variant) for variant in (NATIVE, BY_HAND))
    note = _note(result, base)
    proven = note in ("", "reference")
    return Row(
        workload=result.workload,
        variant=result.variant,
        machine=file.machine.cpu_model,
        result=result,
        speedup=_ratio(base, result) if proven else None,
        by_hand=_ratio(hand, result) if proven else None,
        note=note,
    )


def _peer(file: ResultFile, result: Result, variant: str) -> Result | None:
    """The same work under another variant in the same file, or None."""
    setting = _setting(result)
    peers = (other for other in file.results if other.variant == variant)
    return next((other for other in peers if _setting(other) == setting), None)


def _note(result: Result, base: Result | None) -> str:
    """Why there is no speedup; "" where there is one."""
    if result.variant == NATIVE:
        return "reference"
    if result.parity_max_rel_error is None:
        return "no parity"
    if math.isinf(result.parity_max_rel_error):
        return "not a number"
    return "no baseline" if base is None else ""


def _ratio(base: Result | None, result: Result) -> LogRatio | None:
    """log(base / result): interleaved rounds are paired."""
    if base is None:
        return None
    if not base.rounds or not result.rounds:
        value = math.log(base.median_seconds / result.median_seconds)
        return LogRatio(value, math.inf, math.inf, "no raw times")
    return log_ratio(base.rounds, result.rounds, paired=True)


def _means(measured: Sequence[Row]) -> list[Row]:
    """Geometric means of the variants that were measured on several workloads."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in measured:
        if row.result and row.speedup and row.variant != NATIVE:
            same = (row.machine, row.variant, row.result.precision, row.result.threads)
            groups.setdefault((*same, row.result.batch), []).append(row)
    return [_mean(group) for group in groups.values() if len(group) > 1]


def _mean(group: Sequence[Row]) -> Row:
    speedups = [row.speedup for row in group if row.speedup is not None]
    by_hand = [row.by_hand for row in group if row.by_hand is not None]
    return Row(
        workload=GEOMEAN,
        variant=group[0].variant,
        machine=group[0].machine,
        result=None,
        speedup=geometric_mean(speedups),
        by_hand=geometric_mean(by_hand) if len(by_hand) == len(group) else None,
        workloads=len(group),
    )


def _interval(ratio: LogRatio | None, name: str) -> dict[str, object]:
    if ratio is None:
        return {}
    low, high = ratio.interval()
    bounds = {f"{name}_low": low, f"{name}_high": high} if math.isfinite(high) else {}
    return {name: ratio.ratio, **bounds}


def _cells(row: Row) -> dict[str, object]:
    about = {"workload": row.workload, "variant": row.variant, "machine": row.machine}
    about |= {"note": row.note, "method": row.speedup.method if row.speedup else ""}
    ratios = _interval(row.speedup, "speedup") | _interval(row.by_hand, "vs_by_hand")
    return about | ratios | (_measured(row.result) if row.result else {})


def _measured(result: Result) -> dict[str, object]:
    kept = {field.name: getattr(result, field.name) for field in fields(result)}
    kept |= {"latency_ms": result.latency_ms, "requests_per_s": result.requests_per_second}
    if result.operations:
        kept["gflop_per_s"] = 1e-9 * result.operations * result.requests_per_second
    if result.peak_memory_bytes:
        kept["peak_memory_mib"] = result.peak_memory_bytes / 2**20
    kept["rounds"] = len(result.rounds)
    return {name: value for name, value in kept.items() if name in COLUMNS}


WHOLE = ("batch", "sequence", "threads", "rounds")  # stay whole numbers beside absent ones
COLUMNS = (
    "workload",
    "variant",
    "batch",
    "sequence",
    "precision",
    "threads",
    "latency_ms",
    "requests_per_s",
    "speedup",
    "speedup_low",
    "speedup_high",
    "parity_max_rel_error",
    "note",
    "vs_by_hand",
    "vs_by_hand_low",
    "vs_by_hand_high",
    "gflop_per_s",
    "peak_memory_mib",
    "compile_seconds",
    "first_inference_seconds",
    "rounds",
    "method",
    "runtime",
    "machine",
    "file",
)
