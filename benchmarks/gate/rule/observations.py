"""What one process told of one benchmark, or one stored run; a series of them is a side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from isthmus.reports.files.turns import Turns
from isthmus.reports.stats.intervals import FEWEST_ROUNDS
from isthmus.reports.stats.summaries import Summary, summary_of

from .terms import NOTHING, Terms

__all__ = ["Observation", "Observed", "Pair", "Series", "summarised"]


@dataclass(frozen=True)
class Observation:
    """Seconds a call, and what is told once: `values` by the metric's name, in its unit.

    turns: log of the median seconds by cycle, where the two sides' processes took turns; empty
    where they did not. parity: greatest relative error against the reference, None where it was
    not compared. facts: what both sides must share, such as threads and the model's hash.
    calls: how many of the seconds each of the turns has. loaded: calls overlapped or waited, so
    that their times add up to no rate. label: what a stored run is called. summary: of the times
    where a file kept no others.
    """

    seconds: Sequence[float]
    turns: Turns = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    parity: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    calls: Sequence[int] = ()
    loaded: bool = False
    label: str = ""
    summary: Summary | None = None


Series = Sequence[Observation]
Observed = tuple[Observation, Observation]  # base's and head's, of one round


@dataclass(frozen=True)
class Pair:
    """A benchmark on both sides, an `Observation` for each round, and what is asked of it.

    interleaved: round i of base and round i of head were measured together. runs: base's are stored
    runs, oldest first, and head's is one. place: the file that defines it, relative to the project;
    "" where not known.
    """

    benchmark: str
    base: Series
    head: Series
    _: KW_ONLY
    terms: Terms = NOTHING
    interleaved: bool = False
    runs: bool = False
    place: str = ""

    @property
    def rounds(self) -> int:
        """Of the side that has fewer; of stored runs, those of base."""
        return len(self.base) if self.runs else min(len(self.base), len(self.head))

    @property
    def is_lone(self) -> bool:
        """Whether a side has too few processes to tell how processes differ."""
        return not self.runs and self.rounds < FEWEST_ROUNDS

    @property
    def calls(self) -> int:
        """Times that are known of the side that has fewer, in all its processes."""
        return min(sum(_calls(one) for one in side) for side in (self.base, self.head))


def summarised(side: Series) -> Summary | None:
    """All its times as one; None where a process has none, or neither times nor quartiles."""
    times = [time for one in side for time in one.seconds]
    if not times and len(side) == 1:
        return side[0].summary
    return summary_of(times) if times and all(one.seconds for one in side) else None


def _calls(one: Observation) -> int:
    return len(one.seconds) or (one.summary.rounds if one.summary else 0)
