"""The one object that every output of the gate is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ALONE", "KINDS", "Kind", "Outcome", "Side", "Verdict"]

Kind = Literal["regressed", "improved", "equivalent", "inconclusive", "missing", "new"]
# The gravest first; this is the order in which people read them.
KINDS: tuple[Kind, ...] = (
    *("regressed", "inconclusive", "missing", "new", "improved", "equivalent"),
)
FINE, REGRESSED, INCONCLUSIVE = 0, 1, 4
# Why a benchmark of one side has no other verdict.
ALONE: Mapping[Kind, str] = {"missing": "in BASE, not in HEAD", "new": "in HEAD, not in BASE"}


@dataclass(frozen=True)
class Verdict:
    """What happened to one metric of one benchmark.

    base, head: in the metric's unit. ratio, low, high: head / base with the interval that decided,
    None where nothing was compared. margin: the smallest change that counts, as a share.
    place: the file that defines the benchmark, relative to the project; "" where not known.
    """

    benchmark: str
    metric: str
    kind: Kind
    reason: str
    unit: str = ""
    base: float | None = None
    head: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    margin: float | None = None
    rounds: int | None = None
    method: str = ""
    place: str = ""


@dataclass(frozen=True)
class Side:
    """What was compared: a file's path or a revision, its commit, when it was measured; or an
    environment by its name, with its Python and the versions of its packages."""

    label: str
    commit: str = ""
    measured: str = ""
    environment: str = ""
    python: str = ""
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Outcome:
    """Everything the gate has to say.

    control: the verdict on work that no change can touch, which says whether the machine drifted.
    machine: facts of the machine as text. warnings: one line each.
    """

    verdicts: tuple[Verdict, ...]
    base: Side
    head: Side
    strict: bool = False
    control: Verdict | None = None
    warnings: tuple[str, ...] = ()
    machine: Mapping[str, str] = field(default_factory=dict)
    threads: int | None = None
    spent_seconds: float | None = None
    budget_seconds: float | None = None

    @property
    def exit_code(self) -> int:
        """1 where anything regressed, 4 where anything is inconclusive under strict, else 0."""
        kinds = {verdict.kind for verdict in self.verdicts}
        if "regressed" in kinds:
            return REGRESSED
        return INCONCLUSIVE if self.strict and "inconclusive" in kinds else FINE

    @property
    def passed(self) -> bool:
        return self.exit_code == FINE

    @property
    def headline(self) -> str:
        """`1 regressed, 2 equivalent`, the gravest first."""
        counts = Counter(verdict.kind for verdict in self.verdicts)
        said = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
        return said or "nothing was compared"

    def gravest_first(self) -> tuple[Verdict, ...]:
        """The verdicts as people read them; within a kind as they were measured."""
        return tuple(sorted(self.verdicts, key=lambda verdict: KINDS.index(verdict.kind)))
