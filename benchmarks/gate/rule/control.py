"""The control: two processes of the same work, which no change can touch, in every round.

Where their ratio moves away from 1 the machine, or the harness, favours a side, and no regression
is believed. How far their times move between rounds is how far the machine itself drifted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import numpy

from isthmus.benchmarks.harness.processes import Process, cycles
from isthmus.benchmarks.harness.variants import Variant
from isthmus.benchmarks.portable.timing.inputs import write_sets
from isthmus.reports.files.turns import turns_of
from isthmus.system.signals import begun

from .judge import judged, question
from .metrics import LATENCY
from .observations import Observation, Pair
from .verdict import Verdict

__all__ = ["WORTH_SAYING", "Control", "under_control"]

NAME = "control"
WORK = Variant("control", "on_control")
SECONDS = 0.2
WORTH_SAYING = 1.1


@dataclass
class Control:
    """Its rounds so far; `place` is a folder of its own, `margin` what its times may move by."""

    place: Path
    threads: int
    margin: float
    base: list[Observation] = field(default_factory=list)
    head: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        write_sets(self.place / "inputs.npz", [{"nothing": numpy.zeros(1)}])

    def measure(self) -> None:
        """One round: both sides take turns, in alternating order."""
        with ExitStack() as ended:
            given = self.place, WORK, self.threads, SECONDS
            group = [begun(ended, Process, *given) for _ in range(2)]
            for one in group:
                one.opened()
            cycles(group)
            both = [_observation(one) for one in group]
        base, head = both if len(self.base) % 2 == 0 else reversed(both)
        self.base.append(base)
        self.head.append(head)

    def verdict(self) -> Verdict | None:
        """None without rounds."""
        pair = Pair(NAME, self.base, self.head, interleaved=True)
        asked = question(pair, LATENCY, self.margin)
        return judged([asked])[0] if asked else None

    def drift(self) -> float:
        """The upper quartile of the rounds' times over the lower; NaN without rounds."""
        both = zip(self.base, self.head, strict=True)
        middles = [median([*one.seconds, *other.seconds]) for one, other in both]
        if not middles:
            return math.nan
        low, high = numpy.quantile(middles, (0.25, 0.75))
        return float(high / low)


def _observation(process: Process) -> Observation:
    record = process.record
    assert record is not None
    return Observation(record["seconds"], turns_of(record["seconds"], record["windows"]["turns"]))


def under_control(verdicts: Sequence[Verdict], control: Verdict | None) -> list[Verdict]:
    """The verdicts, or where the control moved, without the regressions: nobody knows."""
    if control is None or control.kind in ("equivalent", "inconclusive"):
        return list(verdicts)
    reason = (
        f"the control, which no change touches, came out at {control.ratio:.3f} "
        f"[{control.low:.3f}, {control.high:.3f}]; measure again on a quieter machine"
    )
    return [_doubted(verdict, reason) for verdict in verdicts]


def _doubted(verdict: Verdict, reason: str) -> Verdict:
    timed = verdict.kind in ("regressed", "improved") and verdict.ratio is not None
    return replace(verdict, kind="inconclusive", reason=reason) if timed else verdict
