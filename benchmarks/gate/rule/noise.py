"""The noise floor: how far comparisons of equals were off on this machine, and its memory.

    floor = max over the benchmarks of |mean| + t(0.975) * s / sqrt(n)

over the n log ratios of rounds of base against itself: with 95 % the machine favours neither side
by more. No margin is below it. `isthmus gate --self-test --history DIR` keeps it in DIR.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

from isthmus.benchmarks.harness import result
from isthmus.benchmarks.harness.fingerprint import conditions, fingerprint
from isthmus.errors import FileError
from isthmus.reports.files.checks import share_or_none
from isthmus.reports.files.history.store_record import machine_name
from isthmus.reports.files.same_machine import machine_of
from isthmus.reports.stats.student import t_quantile

__all__ = ["Spread", "floor_of", "recalled", "remember", "spread_of"]

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


def floor_of(spreads: Mapping[str, Spread]) -> float:
    """The greatest bound; never below what the clock tells."""
    return max([CLOCK, *(spread.bound for spread in spreads.values())])


def remember(folder: Path, floor: float, facts: Mapping[str, Any]) -> Path:
    """Keep the floor of this machine in the history."""
    now = datetime.now(UTC)
    path = _place(folder) / f"self-test-{now:%Y-%m-%dT%H%M%S}.noise"
    result.write(path, {"datetime": now.isoformat(), "floor": floor, **facts})
    return path


def recalled(folder: Path) -> float | None:
    """The floor that the newest self-test on this machine found; None without one."""
    paths = sorted(_place(folder).glob(FILES))
    if not paths:
        return None
    try:
        found = json.loads(paths[-1].read_text(encoding="utf-8"))["floor"]
    except (OSError, ValueError, LookupError, TypeError):
        raise FileError(f"{paths[-1]}: is no self-test; delete it, and test again") from None
    return share_or_none(str(paths[-1]), "floor", found)


def _place(folder: Path) -> Path:
    """The machine's own folder of a history."""
    ours = {"fingerprint": fingerprint(), "conditions": conditions()}
    return folder / machine_name(machine_of({"isthmus": ours}))
