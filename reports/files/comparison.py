"""What may be compared with what: the same work, settings, machine and file, proven outputs.

One file is one interleaved run on one machine. Two results of it are comparable where workload,
sequence, batch, threads, precision and scenario are equal; a lower precision stands beside
float32's where that is the baseline. A ratio is claimed only where the outputs of both were
compared with the reference's.
"""

from __future__ import annotations

import math

from isthmus.reports.stats.intervals import LogRatio, log_ratio

from .budget import F32
from .result import NATIVE, Result, ResultFile
from .turns import log_ratio_by_turns

__all__ = ["Index", "in_f32", "indexed", "setting", "times_as_fast", "unproven"]

Setting = tuple[str, int | str | None, int, int | None, str, str]
Index = dict[tuple[str, Setting], Result]


def setting(result: Result, precision: str | None = None) -> Setting:
    """What must be equal for two latencies to be comparable, beside file and machine.

    precision: another than the result's.
    """
    work = (result.workload, result.sequence, result.batch)
    return (*work, result.threads, precision or result.precision, result.scenario)


def indexed(file: ResultFile) -> Index:
    """The file's results by variant and setting."""
    return {(result.variant, setting(result)): result for result in file.results}


def in_f32(beside: Index, variant: str, result: Result) -> Result | None:
    """That variant's result for the same work in float32, whatever the precision of this one."""
    same = beside.get((variant, setting(result)))
    return same or beside.get((variant, setting(result, F32)))


def unproven(result: Result) -> str:
    """Why its speed says nothing: "no parity", "not a number"; "" where it is proven."""
    if result.variant == NATIVE:
        return ""
    if result.parity_max_rel_error is None:
        return "no parity"
    return "not a number" if math.isinf(result.parity_max_rel_error) else ""


def times_as_fast(base: Result | None, result: Result) -> LogRatio | None:
    """log(base / result): processes of one file took turns, or its rounds were interleaved."""
    if base is None:
        return None
    if not base.rounds or not result.rounds:
        value = math.log(base.median_seconds / result.median_seconds)
        return LogRatio(value, math.inf, math.inf, "no raw times")
    by_turns = log_ratio_by_turns(base, result)
    return by_turns or log_ratio(base.rounds, result.rounds, paired=True)
