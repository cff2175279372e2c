"""Speedup over native NumPy, and over OpenVINO by hand, with parity beside every ratio.

speedup = median seconds of the baseline / median seconds of the variant; above 1 is faster. The
ratio is that of the interleaved rounds' medians, with its 95 % interval. What may be compared:
`comparison`; a lower precision's speedup is over NumPy in float32, and enters no mean where its
accuracy is outside the budget (`budget`). A variant whose outputs were not compared with the
reference's has no speedup, however fast it is. Scenarios other than a single stream have tables of
their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isthmus.reports.files.budget import outside
from isthmus.reports.files.comparison import (
    Index,
    in_f32,
    indexed,
    setting,
    times_as_fast,
    unproven,
)
from isthmus.reports.files.file_fields import Missing
from isthmus.reports.files.history.superseded import Place, superseded
from isthmus.reports.files.result import BY_HAND, NATIVE, Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE
from isthmus.reports.stats.intervals import LogRatio, geometric_mean

from .missing import missing

__all__ = ["MISSING", "Row", "mean_of", "rows"]

GEOMEAN = "geometric mean"
MISSING = "missing"


@dataclass(frozen=True)
class Row:
    """One workload under one variant; without a result a mean over `workloads`, or missing.

    >>> from isthmus import reports
    >>> row = reports.rows(reports.read_all(["head.json"]))[1]
    >>> row.workload, row.variant, round(row.speedup.ratio, 2)
    ('bert-base-128', 'cpu', 1.61)
    """

    workload: str
    variant: str
    machine: str
    result: Result | None
    speedup: LogRatio | None
    by_hand: LogRatio | None
    note: str = ""
    workloads: int = 1
    missing: str = ""
    batch: int = 1  # of a mean's workloads
    precision: str = ""  # of a mean's

    @property
    def outside(self) -> str:
        """Why its accuracy is outside its budget; "" where it is within, and for a mean."""
        return outside(self.result) if self.result else ""

    @property
    def mean(self) -> bool:
        """True for a geometric mean."""
        return self.result is None and not self.missing


def rows(files: Sequence[ResultFile]) -> tuple[Row, ...]:
    """A row per result in the files' order, and per missing one; then a mean per variant.

    >>> from isthmus import reports
    >>> rows = reports.rows(reports.read_all(["head.json"]))
    >>> [(row.variant, round(row.speedup.ratio, 2)) for row in rows if row.mean][:1]
    [('cpu', 3.14)]
    """
    older = superseded(files)
    measured = [row for file in files for row in _of_file(file, older)]
    absent = [_absent(file, lack) for file, lack in missing(files) if lack.scenario == SINGLE]
    return (*_by_workload(measured, absent), *_means(measured))


def _of_file(file: ResultFile, older: frozenset[Place]) -> list[Row]:
    beside = indexed(file)
    shown = [
        result
        for result in file.results
        if result.one_by_one and Place(file.path, result.fullname) not in older
    ]
    return [_row(file, beside, result) for result in _in_order(shown)]


def _in_order(results: Iterable[Result]) -> list[Result]:
    """By workload as first met; the baseline first, then as measured."""
    results = list(results)
    first = {result.workload: at for at, result in reversed(list(enumerate(results)))}
    return sorted(results, key=lambda result: (first[result.workload], result.variant != NATIVE))


def _by_workload(measured: Sequence[Row], absent: Sequence[Row]) -> list[Row]:
    """What is missing stands after the last measured row of its machine and workload."""
    last = {(row.machine, row.workload): at for at, row in enumerate(measured)}
    places = [(at, row) for at, row in enumerate(measured)]
    end = len(measured)
    places += [(last.get((row.machine, row.workload), end), row) for row in absent]
    return [row for _, row in sorted(places, key=lambda place: place[0])]


def _row(file: ResultFile, beside: Index, result: Result) -> Row:
    base, hand = in_f32(beside, NATIVE, result), beside.get((BY_HAND, setting(result)))
    note = _note(result, base)
    proven = note in ("", "reference")
    return Row(
        workload=result.workload,
        variant=result.variant,
        machine=file.machine.cpu_model,
        result=result,
        speedup=times_as_fast(base, result) if proven else None,
        by_hand=times_as_fast(hand, result) if proven and hand and not unproven(hand) else None,
        note=note,
    )


def _absent(file: ResultFile, lack: Missing) -> Row:
    machine = file.machine.cpu_model
    return Row(lack.workload, lack.variant, machine, None, None, None, MISSING, 0, lack.reason)


def _note(result: Result, base: Result | None) -> str:
    """Why there is no speedup; "" where there is one."""
    if result.variant == NATIVE and not result.origin:
        return "reference"
    return unproven(result) or ("no baseline" if base is None else "")


def _means(measured: Sequence[Row]) -> list[Row]:
    """Geometric means of the variants that were measured on several workloads."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in measured:
        if row.result and row.speedup and row.variant != NATIVE and not row.outside:
            same = (row.machine, row.variant, row.result.precision, row.result.threads)
            groups.setdefault((*same, row.result.batch, row.result.scenario), []).append(row)
    return [_mean(group) for group in groups.values() if len(group) > 1]


def mean_of(result: Result | None) -> str:
    """The name of a mean over workloads of that result's batch."""
    return GEOMEAN if result is None or result.batch == 1 else f"{GEOMEAN}, batch {result.batch}"


def _mean(group: Sequence[Row]) -> Row:
    speedups = [row.speedup for row in group if row.speedup is not None]
    by_hand = [row.by_hand for row in group if row.by_hand is not None]
    return Row(
        workload=mean_of(group[0].result),
        batch=group[0].result.batch if group[0].result else 1,
        variant=group[0].variant,
        precision=group[0].result.precision if group[0].result else "",
        machine=group[0].machine,
        result=None,
        speedup=geometric_mean(speedups),
        by_hand=geometric_mean(by_hand) if len(by_hand) == len(group) else None,
        workloads=len(group),
    )
