"""What a result file says beside its results: what is missing, and the machine's own peaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .checks import (
    count_or_none,
    listed,
    mapping,
    number,
    positive,
    positive_or_none,
    text,
    text_or_empty,
)
from .result_fields import SINGLE


@dataclass(frozen=True)
class Missing:
    """A variant that did not run a workload, and why."""

    workload: str
    variant: str
    scenario: str
    reason: str


def missing_of(where: str, value: Any) -> tuple[Missing, ...]:
    """From the file's `missing`."""
    every = listed(where, "missing", value)
    return tuple(_missing(f"{where}: missing[{at}]", item) for at, item in enumerate(every))


def _missing(where: str, value: Any) -> Missing:
    said = mapping(where, "entry", value)
    return Missing(
        workload=text(where, "workload", said.get("workload")),
        variant=text(where, "variant", said.get("variant")),
        scenario=text(where, "scenario", said.get("scenario") or SINGLE),
        reason=text(where, "reason", said.get("reason")),
    )


def roofline_of(where: str, value: Any) -> dict[str, Any] | None:
    """The machine's own peaks as they are written, their numbers checked; None if not measured."""
    if value is None:
        return None
    said = mapping(where, "roofline", value)
    peaks = listed(where, "roofline.peaks", said.get("peaks"))
    return said | {
        "peaks": [_peak(f"{where}: roofline.peaks[{at}]", peak) for at, peak in enumerate(peaks)],
        "gb_per_s": positive_or_none(f"{where}: roofline", "gb_per_s", said),
        "drift": _drift(where, said.get("drift")),
        "threads": count_or_none(where, "roofline.threads", said.get("threads")),
    }


def _peak(where: str, value: Any) -> dict[str, Any]:
    said = mapping(where, "peak", value)
    return {
        "precision": text(where, "precision", said.get("precision")),
        "gflop_per_s": positive(where, "gflop_per_s", said.get("gflop_per_s")),
        "by": text_or_empty(where, "by", said.get("by")),
    }


def _drift(where: str, value: Any) -> float | None:
    """How far the peak moved between the beginning and the end; either sign."""
    return None if value is None else number(where, "roofline.drift", value)
