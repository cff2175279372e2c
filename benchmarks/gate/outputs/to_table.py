"""Verdicts as a table of text: what all rows share is said once, above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from isthmus.benchmarks.gate.rule.judge import CONFIDENCE
from isthmus.benchmarks.gate.rule.verdict import KINDS, Kind, Verdict
from isthmus.reports.display import ABSENT, Cell, Facts, Table, readable, split

from .to_text import amount, clipped, interval, ratio, share
from .to_text import title as title_of

__all__ = ["cells", "most_telling", "table"]

# The verdict is first, so that no line begins with a name: logs take some for commands.
LEFT = ("verdict", "benchmark", "metric", "why")
SAID_ONCE = ("metric", "margin", "by")  # where all rows that have them agree
KEPT = ("verdict", "benchmark", "why", "base", "head", "head/base", "interval")
SHOWN, REGRESSIONS_SHOWN = 50, 1000
NOTES = (
    "head/base above 1 is worse; of throughput, better.",
    f"Intervals hold together at {CONFIDENCE:.0%} (Holm's correction over all of them).",
)


def table(title: str, verdicts: Sequence[Verdict]) -> Table:
    """A row each, in the order given; regressions are set bold."""
    every = _agreed([cells(verdict) for verdict in verdicts])
    shared, names = split(every, KEPT)
    return Table(
        title=title,
        headers=tuple(Cell(readable(name)) for name in names),
        rows=tuple(tuple(Cell(row[name]) for name in names) for row in every),
        left=sum(name in LEFT for name in names),
        strong=frozenset(at for at, row in enumerate(verdicts) if row.kind == "regressed"),
        shared=shared,
        notes=NOTES if any(verdict.ratio is not None for verdict in verdicts) else (),
    )


def _agreed(every: Sequence[Facts]) -> list[Facts]:
    """A row that was not compared disagrees with no other."""
    said = {name: {row[name] for row in every} - {ABSENT} for name in SAID_ONCE}
    shared = {name: values.pop() for name, values in said.items() if len(values) == 1}
    return [row | shared for row in every]


def cells(verdict: Verdict) -> Facts:
    """The columns by name; a dash is what does not apply."""
    return {
        "verdict": verdict.kind,
        "benchmark": clipped(verdict.benchmark),
        "metric": title_of(verdict.metric) or ABSENT,
        "why": clipped(verdict.reason) or ABSENT,
        "base": amount(verdict.base, verdict.unit),
        "head": amount(verdict.head, verdict.unit),
        "head/base": ratio(verdict),
        "interval": interval(verdict),
        "margin": share(verdict.margin),
        "by": clipped(verdict.method) or ABSENT,
    }


def most_telling(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], str]:
    """The first of each kind, most of those that regressed; and a line that counts the others."""
    seen, kept = Counter[Kind](), list[Verdict]()
    for verdict in verdicts:
        seen[verdict.kind] += 1
        if seen[verdict.kind] <= _most(verdict.kind):
            kept.append(verdict)
    left = [f"{seen[kind] - _most(kind)} {kind}" for kind in KINDS if seen[kind] > _most(kind)]
    return kept, f"Not shown: {', '.join(left)}." if left else ""


def _most(kind: Kind) -> int:
    return REGRESSIONS_SHOWN if kind == "regressed" else SHOWN
