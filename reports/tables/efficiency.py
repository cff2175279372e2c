"""How much of the machine's own measured peak a result reaches.

GFLOP/s = operations / median seconds / 1e9; intensity = operations / bytes. What the machine allows
is the roof, min(peak of the precision, intensity x GB/s) (Williams, Waterman, Patterson 2009,
doi:10.1145/1498765.1498785). A number that rests on something unknown is None.

The bytes are the fewest that a call has to move, however operators are fused: its inputs, outputs
and weights, each once, in the precision that runs. They come at the rate of the level of memory
that holds them. So nothing is above the roof of a machine that stays as it was when its peaks were
measured; what is, is marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.reports.display import ABSENT, Cell, Table, facts, label, readable, significant, split
from isthmus.reports.files.file_fields import Peak, Roofline
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE
from isthmus.reports.money.cost import on_gpu

__all__ = ["efficiency", "efficiency_table", "least_bytes", "peaks_said"]

SETTINGS = ("sequence", "batch", "precision", "threads")
MARK = " *"
DRIFT = 0.05  # relative: above it the machine was not the same at the end of the run
RULE = (
    "Operations are counted, a multiply-add as two; time is the median of a call. Peak: the "
    "fastest product of the precision that runs, of several shapes and libraries, by up to as many "
    "threads. Roof: min(peak, operations per byte × the peak of the level of memory that holds the "
    "bytes); bytes are inputs, outputs and weights, once each."
)
ABOVE = (
    "* above 100 %: faster than anything that was measured for the peaks. The machine was slower "
    "then, or the kernel leaves out operations that are counted, such as those on padding."
)
WIDTHS = {"f32": 4, "bf16": 2, "f16": 2, "int8": 1}  # bytes of a weight


@dataclass(frozen=True)
class Efficiency:
    """`of_peak` and `of_roof` are shares, 1 for all of it; each is None where it is not known."""

    gflop_per_s: float | None
    of_peak: float | None
    operations_per_byte: float | None
    roof_gflop_per_s: float | None
    of_roof: float | None


def efficiency(result: Result, roofline: Roofline | None) -> Efficiency:
    """A call's rate beside the peaks of the machine that it ran on.

    Only for calls one at a time: where calls overlap, the time of one is not what it computed.
    The peaks are those of processors, so that a GPU's result has none.
    """
    if result.scenario != SINGLE:
        return Efficiency(None, None, None, None, None)
    rate = _over(result.operations, 1e9 * result.median_seconds)
    moved = least_bytes(result)
    intensity = _over(result.operations, moved)
    peak = _peak(result, roofline)
    roof = _roof(peak, intensity, roofline.gb_per_s_of(moved) if roofline and moved else None)
    return Efficiency(rate, _over(rate, peak), intensity, roof, _over(rate, roof))


def least_bytes(result: Result) -> float | None:
    """What a call has to move, in its precision; of older files the bytes of its weights."""
    counted = result.least_bytes or result.parameter_bytes
    width = WIDTHS.get(result.precision)
    return counted * width / WIDTHS["f32"] if counted and width else None


def _peak(result: Result, roofline: Roofline | None) -> float | None:
    """GFLOP/s of the result's precision, by as many threads."""
    if roofline is None or result.threads is None or on_gpu(result.variant):
        return None
    if roofline.threads != result.threads:
        return None
    peaks = {peak.precision: peak.gflop_per_s for peak in roofline.peaks}
    return peaks.get(result.precision)


def _roof(peak: float | None, intensity: float | None, gb_per_s: float | None) -> float | None:
    if peak is None or intensity is None or gb_per_s is None:
        return None
    return min(peak, intensity * gb_per_s)


def _over(amount: float | None, other: float | None) -> float | None:
    """Nothing was counted where an amount is 0 or None."""
    return amount / other if amount and other else None


def efficiency_table(files: Sequence[ResultFile]) -> Table:
    """A row per result whose operations are counted, of the files that hold the peaks."""
    measured = [(file, result) for file in files for result in file.results if _counted(result)]
    every = [
        facts(result, SETTINGS) | {"machine": file.machine.cpu_model or ABSENT}
        for file, result in measured
    ]
    shared, varying = split(every)
    answers = ("GFLOP per call", "GFLOP/s", "% of peak", "ops/byte", "% of roof")
    rows = tuple(
        (*_cells(result, file.roofline), *(Cell(row[name]) for name in varying))
        for (file, result), row in zip(measured, every, strict=True)
    )
    return Table(
        title="Efficiency: share of this machine's measured peak",
        headers=tuple(map(Cell, ("workload", "variant", *answers, *map(readable, varying)))),
        rows=rows,
        left=2,
        shared=shared,
        notes=(RULE, *_above(rows), *_notes(files)) if rows else (),
    )


def _counted(result: Result) -> bool:
    return bool(result.operations) and result.scenario == SINGLE


def _cells(result: Result, roofline: Roofline | None) -> tuple[Cell, ...]:
    found = efficiency(result, roofline)
    return (
        Cell(result.workload),
        Cell(label(result.variant)),
        _amount(_over(result.operations, 1e9)),
        _amount(found.gflop_per_s),
        _percent(found.of_peak),
        _amount(found.operations_per_byte),
        _percent(found.of_roof),
    )


def _amount(value: float | None) -> Cell:
    return Cell(ABSENT if value is None else significant(value))


def _percent(share: float | None) -> Cell:
    """Marked above 100 %, as rounded."""
    if share is None:
        return Cell(ABSENT)
    return Cell(f"{significant(100 * share, 3 if share >= 1 else 2)} %{MARK * (share > 1.005)}")


def _above(rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    if any(cell.text.endswith(MARK) for row in rows for cell in row):
        yield ABOVE


def _notes(files: Sequence[ResultFile]) -> Iterator[str]:
    """What each file's peaks are."""
    for file in files:
        name = f"{Path(file.path).name}: " if len(files) > 1 else ""
        if file.roofline is None:
            yield f"{name}the machine's peaks were not measured."
            continue
        yield f"{name}peaks {peaks_said(file.roofline)}."
        if abs(file.roofline.drift or 0) > DRIFT:
            yield f"{name}the peaks moved by more than {DRIFT:.0%} during the run: take care."


def _by(peak: Peak, roofline: Roofline) -> str:
    """Who reached it, and by how many threads, where those were not all."""
    alone = peak.threads is not None and peak.threads != roofline.threads
    return f"{peak.by or '?'}{f', threads: {peak.threads}' if alone else ''}"


def peaks_said(roofline: Roofline) -> str:
    """`with 2 threads: f32 213 GFLOP/s (openvino 2026.4.1, ...), memory 37.7 GB/s, ...`."""
    parts = [
        f"{peak.precision} {significant(peak.gflop_per_s)} GFLOP/s ({_by(peak, roofline)})"
        for peak in roofline.peaks
    ]
    parts += [f"{one.level} {significant(one.gb_per_s)} GB/s" for one in roofline.memory]
    if roofline.gb_per_s and not roofline.memory:
        parts.append(f"memory {significant(roofline.gb_per_s)} GB/s")
    if roofline.drift is not None:
        parts.append(f"drift over the run {100 * roofline.drift:.1f} %")
    return f"with {roofline.threads or 'unknown'} threads: {', '.join(parts)}"
