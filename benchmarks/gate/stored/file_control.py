"""The control of two result files: benchmarks in both that the change cannot have touched.

Peers, unless the project names others: OpenVINO by hand runs none of Isthmus's code. Where the
slowest of them moved, the machine did; they are no benchmarks of the project's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.benchmarks.gate.rule.judge import judged, question
from isthmus.benchmarks.gate.rule.metrics import LATENCY
from isthmus.benchmarks.gate.rule.observations import Pair
from isthmus.benchmarks.gate.rule.process_observations import seen_of
from isthmus.benchmarks.gate.rule.refusal import loaded
from isthmus.benchmarks.gate.rule.settings import Settings, matches
from isthmus.benchmarks.gate.rule.verdict import Verdict
from isthmus.reports.stats.intervals import FEWEST_ROUNDS
from isthmus.reports.tables.peers import PEERS

from .asked import Both


def split(both: Sequence[Both], settings: Settings) -> tuple[list[Both], list[Both]]:
    """The project's own, and the control; files of nothing but peers are of peers' own."""
    found: dict[bool, list[Both]] = {True: [], False: []}
    for pair in both:
        found[_is_control(pair, settings)].append(pair)
    return (found[False], found[True]) if found[False] else (found[True], [])


def _is_control(both: Both, settings: Settings) -> bool:
    """The same version of the same runtime on both sides, one call after another."""
    old, new = both
    named = matches(settings.control, old.fullname) if settings.control else old.variant in PEERS
    return named and old.runtime == new.runtime and not loaded(old) and not loaded(new)


def verdict_of(controls: Sequence[Both], settings: Settings) -> Verdict | None:
    """That of the control that moved farthest; None without any that has raw times."""
    pairs = [Pair(old.fullname, seen_of(old), seen_of(new)) for old, new in controls]
    asked = [one for pair in pairs if (one := question(pair, LATENCY, _margin(pair, settings)))]
    moved = [one for one in judged(asked) if one.kind in ("regressed", "improved")]
    return max(moved or judged(asked), key=_distance, default=None)


def _margin(pair: Pair, settings: Settings) -> float:
    """As for the project's own benchmarks."""
    lone = min(len(pair.base), len(pair.head)) < FEWEST_ROUNDS
    return max(settings.margin, settings.lone_margin) if lone else settings.margin


def _distance(verdict: Verdict) -> float:
    ratio = verdict.ratio or 1.0
    return max(ratio, 1 / ratio)
