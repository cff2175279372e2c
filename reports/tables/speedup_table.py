"""The speedup table and the one-line verdict above it, in readers' words."""

from __future__ import annotations

import math
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
from isthmus.reports.files.budget import PARITY_LIMIT, is_low, judged
from isthmus.reports.files.file_fields import Missing
from isthmus.reports.files.result import BY_HAND, NATIVE

from .missing import reasons
from .speedup import Row

__all__ = ["speedup_table", "verdict", "warnings"]

SETTINGS = ("sequence", "batch", "threads", "scenario")
FIRST = ("cpu", "gpu", "onnxruntime-cpu")  # which variant the verdict speaks of
ANSWERS = ("speedup", "max rel. error", "cosine", "top-1", "by hand", "ms", "requests/s")
DIRECTION = (
    "Speedup: median time of native NumPy / median time of the variant, above 1 is faster; in "
    "brackets its 95 % interval over interleaved rounds. By hand: the same ratio to OpenVINO "
    "called by hand. Parity with the NumPy reference: greatest relative error, least cosine, "
    "share of samples with the same top answer. Isthmus CPU runs "
    "on OpenVINO; Isthmus GPU and Isthmus ONNX CPU run on ONNX Runtime."
)
LOW = (
    "Precision: that of most matrix products and convolutions, as the runtime tells it. Cosine and "
    "top-1 of a precision below f32 are of inputs that were not timed. One that is outside its "
    "budget (cosine >= 0.99, top-1 >= 99 %) enters no mean and no comparison."
)


def speedup_table(rows: Sequence[Row]) -> Table:
    """Speedup with its interval, parity beside it, ratio to OpenVINO by hand, ms, requests/s."""
    shared, varying = split([_facts(row) for row in rows if row.result])
    first = int(varying[:1] == ["precision"])
    lacks = [
        Missing(workload=row.workload, variant=row.variant, reason=row.missing)
        for row in rows
        if row.missing
    ]
    return Table(
        title="Speedup over native NumPy",
        headers=tuple(
            map(Cell, ("workload", "variant", *varying[:first], *ANSWERS, *varying[first:]))
        ),
        rows=tuple(_cells(row, varying, first) for row in rows),
        left=2,
        strong=frozenset(at for at, row in enumerate(rows) if row.mean),
        shared=shared,
        notes=(
            DIRECTION,
            *([LOW] if any(map(_is_low, rows)) else []),
            *_means_note(rows),
            *reasons(lacks),
        ),
    )


def verdict(rows: Sequence[Row]) -> str:
    """One line: how many times as fast as NumPy, with the interval and over what."""
    row = _headline(rows)
    if row is None or row.speedup is None:
        return "No speedup is claimed: no variant has both a NumPy baseline and parity with it."
    over = (
        f"geometric mean of {row.workloads} workloads{_at(row, rows)}" if row.mean else row.workload
    )
    within = interval(row.speedup, " to ")
    sentence = f"{label(row.variant)} is {significant(row.speedup.ratio)}× as fast as native NumPy"
    return f"{sentence} ({over}, 95 % interval {within}).{_beside(row)}"


def _at(mean: Row, rows: Sequence[Row]) -> str:
    """Which of the means it is, where there are several."""
    batches = {row.result.batch for row in rows if row.result}
    return f" of batch {mean.batch}" if len(batches) > 1 else ""


def _beside(row: Row) -> str:
    if row.by_hand is None or row.variant == BY_HAND:
        return ""
    return f" It runs at {significant(row.by_hand.ratio)}× the speed of OpenVINO by hand."


def warnings(rows: Sequence[Row]) -> tuple[str, ...]:
    """One line per variant whose float32 outputs are not the reference's, or whose accuracy in
    a lower precision is outside the budget."""
    return tuple(_warning(row) for row in rows if _wrong(row) or (row.outside and _is_low(row)))


def _warning(row: Row) -> str:
    who = f"{row.workload}, {label(row.variant)}"
    if _is_low(row):
        return f"{who}: outside the budget of accuracy ({row.outside}); it counts nowhere."
    return (
        f"{who}: relative error {_error(row)} is above {PARITY_LIMIT:g}; "
        "the speed is that of another computation."
    )


def _facts(row: Row) -> Facts:
    precision = facts(row.result, ("precision",))
    return precision | facts(row.result, SETTINGS) | {"machine": row.machine or ABSENT}


def _cells(row: Row, varying: Sequence[str], first: int) -> tuple[Cell, ...]:
    """The settings last, but for so many that stand beside the variant."""
    known = {"machine": row.machine, "precision": row.precision}
    known = _facts(row) if row.result else known
    settings = [Cell(known.get(name, "")) for name in varying]
    return (*_names(row), *settings[:first], *_answers(row), *_speed(row), *settings[first:])


def _names(row: Row) -> tuple[Cell, Cell]:
    over = f"of {row.workloads} workloads" if row.mean else ""
    return Cell(row.workload, over), Cell(label(row.variant))


def _answers(row: Row) -> tuple[Cell, ...]:
    if row.missing:
        return Cell(row.note), Cell(""), Cell(""), Cell(""), Cell("")
    by_hand = Cell("1×", "reference") if row.variant == BY_HAND else ratio_cell(row.by_hand)
    return ratio_cell(row.speedup, row.note), *_parity(row), by_hand


def _speed(row: Row) -> tuple[Cell, Cell]:
    if row.result is None:
        return Cell(""), Cell("")
    rate = significant(row.result.requests_per_second)
    return Cell(significant(row.result.latency_ms)), Cell(rate)


def _parity(row: Row) -> tuple[Cell, Cell, Cell]:
    """Error, cosine and top-1 agreement, and what of it is too far off."""
    found = judged(row.result) if row.result else None
    error = Cell(_error(row), f"above {PARITY_LIMIT:g}" if _wrong(row) else "")
    if found is None:
        return error, Cell(""), Cell("")
    cosine = ABSENT if found.cosine is None else f"{found.cosine:.6f}"
    off = {words.split()[0]: words.partition(" below ")[2] for words in [row.outside] if words}
    marks = [f"below {off[name]}" if off.get(name) else "" for name in ("cosine", "top-1")]
    return error, Cell(cosine, marks[0]), Cell(_percent(found.top1_agreement), marks[1])


def _error(row: Row) -> str:
    """The error, "reference" for the baseline, "not compared" where it is not known."""
    if row.result is None:
        return ""
    if row.note == "reference":
        return "reference"
    error = row.result.parity_max_rel_error
    return "not compared" if error is None else f"{error:.1e}"


def _percent(share: float | None) -> str:
    """Rounded down, so that 100 % is all of them."""
    return ABSENT if share is None else f"{math.floor(1000 * share) / 10:g} %"


def _wrong(row: Row) -> bool:
    """True for float32 outputs that are not the reference's."""
    if row.result is None or row.result.parity_max_rel_error is None or _is_low(row):
        return False
    return row.result.parity_max_rel_error > PARITY_LIMIT


def _is_low(row: Row) -> bool:
    return row.result is not None and is_low(row.result)


def _headline(rows: Sequence[Row]) -> Row | None:
    """Ours before any other's, a mean over workloads before a single one."""
    claims = [row for row in rows if row.speedup and row.variant != NATIVE and not row.outside]
    ranks = {variant: rank for rank, variant in enumerate(FIRST)}
    claims.sort(key=lambda row: (ranks.get(row.variant, len(FIRST)), not row.mean, -row.workloads))
    return claims[0] if claims else None


def _means_note(rows: Sequence[Row]) -> tuple[str, ...]:
    """A mean over fewer workloads than its neighbour's is not comparable with it."""
    counts = {row.workloads for row in rows if row.mean}
    if len(counts) < 2:
        return ()
    return ("Geometric means over different numbers of workloads are not comparable.",)
