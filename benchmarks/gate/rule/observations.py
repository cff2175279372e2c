"""What one process told of one benchmark; a series of them, one a round, is a side of the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isthmus.reports.files.turns import Turns


@dataclass(frozen=True)
class Seen:
    """Seconds a call, and what a process has once: `values` by the metric's name, in its unit.

    turns: log of the median seconds by cycle, where the two sides' processes took turns; empty
    where they did not. parity: greatest relative error against the reference, None where it was
    not compared. facts: what both sides must share, such as threads and the model's hash.
    samples: how many of the seconds each of the turns has.
    """

    seconds: Sequence[float]
    turns: Turns = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    parity: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    samples: Sequence[int] = ()


Series = Sequence[Seen]


@dataclass(frozen=True)
class Pair:
    """A benchmark on both sides, a `Seen` for each round.

    interleaved: round i of base and round i of head were measured together. place: the file that
    defines it, relative to the project; "" where not known.
    """

    benchmark: str
    base: Series
    head: Series
    interleaved: bool = field(default=False, kw_only=True)
    place: str = field(default="", kw_only=True)
