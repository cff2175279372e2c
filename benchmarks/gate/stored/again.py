"""What one process a side could not show, and what to type to know it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from shlex import quote

from isthmus.benchmarks.gate.rule.judge import CONFIDENCE
from isthmus.benchmarks.gate.rule.metrics import LATENCY
from isthmus.benchmarks.gate.rule.observations import Pair
from isthmus.benchmarks.gate.rule.verdict import Verdict
from isthmus.reports.money.cost import few
from isthmus.reports.stats.medians import rarest

__all__ = ["again", "too_few"]

WORTH_TYPING = 3  # files of tests in a command

Lone = tuple[Pair, Verdict]


def again(pairs: Sequence[Pair], verdicts: Sequence[Verdict], commit: str) -> Iterator[str]:
    """A line on those that moved within the noise, and one on those of too few rounds."""
    lone = {pair.benchmark: pair for pair in pairs if pair.is_lone}
    found = [
        (lone[one.benchmark], one)
        for one in verdicts
        if one.benchmark in lone and one.kind == "inconclusive" and one.ratio is not None
    ]
    yield from _within_the_noise([both for both in found if _moved(both[1])], commit)
    yield from _too_few([both for both in found if too_few(both[1], both[0])])


def too_few(verdict: Verdict, pair: Pair) -> str:
    """Why its rounds cannot decide it, and how many could; "" where they can."""
    unbounded = verdict.high is not None and not math.isfinite(verdict.high)
    if verdict.metric != LATENCY.name or verdict.kind != "inconclusive" or not unbounded:
        return ""
    if not pair.calls:
        return "neither its times nor their quartiles were kept; measure it again"
    family = _family(verdict)
    among = "" if family == 1 else f" among {family} benchmarks"
    said = f"{pair.calls} {'round shows' if pair.calls == 1 else 'rounds show'} nothing{among}"
    return f"{said}; measure again {_longer(pair, _needed(family))}"


def _longer(pair: Pair, rounds: int) -> str:
    """By which option."""
    ours = pair.benchmark.startswith("isthmus::")
    return "with isthmus bench --rounds 5" if ours else f"with --benchmark-min-rounds={rounds}"


def _family(verdict: Verdict) -> int:
    """Among how many questions it was decided."""
    return max(1, round((1 - CONFIDENCE) / (1 - (verdict.confidence or CONFIDENCE))))


def _needed(family: int) -> int:
    """Rounds a side of which all are apart by chance as rarely as the family asks."""
    tail = (1 - CONFIDENCE) / 2 / family
    return next(count for count in range(FEWEST, MOST) if rarest(count, count) <= tail)


FEWEST, MOST = 6, 100  # rounds: of fewer than 6 only extremes are known


def _moved(verdict: Verdict) -> bool:
    """Whether its interval leaves out equality."""
    low, high = verdict.low, verdict.high
    return low is not None and high is not None and not low <= 1 <= high and math.isfinite(high)


def _within_the_noise(found: Sequence[Lone], commit: str) -> Iterator[str]:
    if not found:
        return
    ratios = sorted(verdict.ratio or 1.0 for _, verdict in found)
    margin = max(verdict.margin or 0.0 for _, verdict in found)
    moved = f"{ratios[0]:.2f}" + (f" to {ratios[-1]:.2f}" if len(ratios) > 1 else "")
    subject = "1 benchmark" if len(found) == 1 else f"{len(found)} benchmarks"
    yield (
        f"{subject} came out at {moved} times BASE, which two processes of the same code may "
        f"({margin:.0%}); to know, measure both in turn: {_command(found, commit)}"
    )


def _too_few(found: Sequence[Lone]) -> Iterator[str]:
    if not found:
        return
    said = [
        f"{pair.benchmark} ({pair.calls} rounds, {verdict.ratio:.2f} times BASE)"
        for pair, verdict in sorted(found, key=lambda both: -abs(math.log(both[1].ratio or 1.0)))
    ]
    needed = max(_needed(_family(verdict)) for _, verdict in found)
    step = f"measure again {_longer(found[0][0], needed)}"
    yield f"not judged, for rounds are too few: {few(said)}; {step}"


def _command(found: Sequence[Lone], commit: str) -> str:
    """`isthmus gate against 0123456789ab --pytest tests/test_f.py`."""
    known = re.match(r"[0-9a-f]{7,40}\b", commit)
    revision = known[0] if known else "REVISION"
    places = list(dict.fromkeys(pair.place for pair, _ in found))
    if places == [""]:
        return f"isthmus gate against {revision}"
    shown = places if len(places) <= WORTH_TYPING and all(places) else ["PATH"]
    return f"isthmus gate against {revision} " + " ".join(f"--pytest {quote(at)}" for at in shown)
