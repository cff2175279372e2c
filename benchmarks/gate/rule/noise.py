"""The noise floor: how far comparisons of equals were off on this machine, and its memory.

    floor = max over the benchmarks of |mean| + t(0.975) * s / sqrt(n)

over the n log ratios of rounds of base against itself: with 95 % the machine favours neither side
by more. No margin is below it.

    between = max over the benchmarks of the larger of t(0.9995) * s * sqrt(2) and the widest pair

over the n logs of the times of processes that were measured one after the other: two of them, with
nothing changed, are farther apart once in a thousand times. Files of one process a side are two
such processes. `isthmus gate --self-test --history DIR` keeps both in DIR.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

from isthmus.benchmarks.harness import result
from isthmus.benchmarks.harness.fingerprint import conditions, fingerprint
from isthmus.errors import FileError
from isthmus.reports.files.checks import amount_or_none, share_or_none
from isthmus.reports.files.history.store_record import machine_name
from isthmus.reports.files.same_machine import Machine, machine_of
from isthmus.reports.stats.student import t_quantile

from .settings import Settings

__all__ = [
    "Noise",
    "Spread",
    "between_of",
    "floor_of",
    "informed",
    "is_here",
    "recalled",
    "remember",
    "spread_of",
]

RARE = 0.001  # the chance that two processes are farther apart
FEWEST_PROCESSES = 5
CLOCK = 0.001  # a sample is at least a thousand times the timer's resolution (process/timing.py)
FILES = "self-test-*.noise"  # no record of a run, and no reader of those looks at it


@dataclass(frozen=True)
class Spread:
    """Log ratios of equals, one a round: their number, mean and standard deviation."""

    rounds: int
    mean: float
    deviation: float

    @property
    def bound(self) -> float:
        """|mean| and its 95 % on top, as a share."""
        error = self.deviation / math.sqrt(self.rounds)
        return math.expm1(abs(self.mean) + t_quantile(0.975, self.rounds - 1) * error)


def spread_of(logs: Sequence[float]) -> Spread:
    """Of at least two rounds."""
    values = numpy.array(logs)
    return Spread(len(logs), float(values.mean()), float(values.std(ddof=1)))


def between_of(logs: Mapping[str, Sequence[float]]) -> float | None:
    """How far apart two processes come out, as a share; None of too few processes to tell."""
    bounds = [_apart(each) for each in logs.values() if len(each) >= FEWEST_PROCESSES]
    return math.expm1(max(bounds)) if bounds else None


def _apart(logs: Sequence[float]) -> float:
    spread = spread_of(logs)
    bound = t_quantile(1 - RARE / 2, spread.rounds - 1) * spread.deviation * math.sqrt(2)
    return max(bound, max(logs) - min(logs))


def floor_of(spreads: Mapping[str, Spread]) -> float:
    """The greatest bound; never below what the clock tells."""
    return max([CLOCK, *(spread.bound for spread in spreads.values())])


def remember(folder: Path, floor: float, facts: Mapping[str, Any]) -> Path:
    """Keep the floor of this machine in the history."""
    now = datetime.now(UTC)
    path = _place(folder) / f"self-test-{now:%Y-%m-%dT%H%M%S}.noise"
    result.write(path, {"datetime": now.isoformat(), "floor": floor, **facts})
    return path


@dataclass(frozen=True)
class Noise:
    """What a self-test on this machine found; an older one knows nothing between processes."""

    floor: float | None = None
    between: float | None = None


def recalled(folder: Path) -> Noise:
    """What the newest self-test on this machine found; nothing without one."""
    paths = sorted(_place(folder).glob(FILES))
    if not paths:
        return Noise()
    where = str(paths[-1])
    try:
        found = json.loads(paths[-1].read_text(encoding="utf-8"))
        floor, between = found["floor"], found.get("between")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise FileError(f"{where}: is no self-test; delete it, and test again") from None
    return Noise(share_or_none(where, "floor", floor), amount_or_none(where, "between", between))


def informed(settings: Settings, folder: Path | None = None) -> Settings:
    """The settings with the noise of this machine, where the folder or their history has it."""
    history = folder or settings.history
    if history is None:
        return settings
    known = recalled(history)
    return replace(settings, floor=known.floor, between=known.between)


def is_here(machine: Machine) -> bool:
    """Whether a file's machine can be this one, whose noise is known."""
    return not _here().differences(machine)


def _place(folder: Path) -> Path:
    """The machine's own folder of a history."""
    return folder / machine_name(_here())


def _here() -> Machine:
    """This machine, with what stands in for its processor's name where it has none."""
    this = platform.uname()
    told = {"node": this.node, "machine": this.machine, "system": this.system}
    ours = {"fingerprint": fingerprint(), "conditions": conditions()}
    return machine_of({**told, "isthmus": ours})
