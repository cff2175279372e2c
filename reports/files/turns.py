"""Processes that took turns, compared turn by turn.

    log ratio of a round = median over its cycles of log(a's median in its turn / b's in its)

The turns of one cycle follow each other within a second or two and meet the same machine, while
its speed changes between rounds, and within them, by tens of per cent on a shared host. What
differs between processes stays in the rounds' ratios: rounds are the unit of replication.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from isthmus.reports.stats.intervals import FEWEST_ROUNDS, LogRatio, of_logs

from .result import Result

__all__ = ["Turns", "log_ratio_by_turns", "ratio_of_turns", "round_log", "turns_of"]

Turns = Mapping[Any, float]  # log of the median seconds, by cycle


def log_ratio_by_turns(a: Result, b: Result) -> LogRatio | None:
    """log(a / b) of two results of one run; None where their processes did not take turns."""
    both = list(zip(_rounds(a), _rounds(b), strict=False))
    if len(both) < max(FEWEST_ROUNDS, len(a.rounds), len(b.rounds)):
        return None
    return ratio_of_turns([one for one, _ in both], [other for _, other in both])


def ratio_of_turns(a: Sequence[Turns], b: Sequence[Turns]) -> LogRatio | None:
    """log(a / b) of rounds' turns; None where a round has no cycle with a good turn of both."""
    logs = [round_log(one, other) for one, other in zip(a, b, strict=True)]
    known = [log for log in logs if log is not None]
    if len(known) < len(logs):
        return None
    cycles = sum(len(one.keys() & other.keys()) for one, other in zip(a, b, strict=True))
    return of_logs(numpy.array(known), f"{len(known)} rounds, {cycles} turns each")


def round_log(a: Turns, b: Turns) -> float | None:
    """The median over the cycles that both have; None without any."""
    shared = sorted(a.keys() & b.keys())
    return float(numpy.median([a[at] - b[at] for at in shared])) if shared else None


def turns_of(seconds: Sequence[float], sizes: Sequence[tuple[int, int]]) -> Turns:
    """A round's samples as turns: sizes are the cycle of each window and its number of samples."""
    found, begin = dict[Any, float](), 0
    for cycle, count in sizes:
        found[cycle] = math.log(float(numpy.median(seconds[begin : begin + count])))
        begin += count
    return found


def _rounds(result: Result) -> list[Turns]:
    """The turns of each round; cycles of different groups are different cycles."""
    if len(result.processes) != len(result.rounds):
        return []
    return [
        {
            (process.group or 0, cycle): log
            for cycle, log in turns_of(seconds, process.windows.turns).items()
        }
        for process, seconds in zip(result.processes, result.rounds, strict=True)
        if sum(count for _, count in process.windows.turns) == len(seconds)
    ]
