"""Benchmarks of a file that cannot be read: each is inconclusive, and the others are judged."""

from __future__ import annotations

from isthmus.benchmarks.gate.rule.verdict import Verdict
from isthmus.reports import ResultFile

from .judging import alone

__all__ = ["LEAVE_OUT", "damaged"]

LEAVE_OUT = "or skip it in tool.isthmus.gate.benchmarks of pyproject.toml"


def damaged(base: ResultFile, head: ResultFile) -> list[Verdict]:
    """A verdict on each that is in both files, and damaged in one of them at least."""
    sides = {"BASE": base, "HEAD": head}
    reasons: dict[str, list[str]] = {}
    for side, file in sides.items():
        for one in file.damaged:
            reasons.setdefault(one.fullname, []).append(f"{side}: {one.reason}")
    shared = {*base.fullnames} & {*head.fullnames}
    return [
        alone(name, "inconclusive", f"{'; '.join(said)}, {LEAVE_OUT}")
        for name, said in reasons.items()
        if name in shared
    ]
