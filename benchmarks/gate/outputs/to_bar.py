"""An interval as a bar, in units of its own margin: every row has the same band, -1 to 1.

To the right is worse, whichever way the metric counts. What lies beyond the picture is an arrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from isthmus.benchmarks.gate.rule.metrics import METRICS
from isthmus.benchmarks.gate.rule.verdict import Verdict

__all__ = ["bar"]

EDGE = 6.0  # margins from the middle to either end of the picture
FAR = 1e6  # margins; sorts as well as infinity, and a script can read it


@dataclass(frozen=True)
class Bar:
    """The interval as an SVG path, how much worse the ratio is in margins, its place in view."""

    path: str
    worse: float
    place: float | None


def bar(verdict: Verdict) -> Bar | None:
    """None where there is no interval."""
    ends = (verdict.low, verdict.high)
    if verdict.ratio is None or not verdict.margin or None in ends:
        return None
    worse = _margins(verdict, verdict.ratio)
    left, right = sorted(_margins(verdict, end) for end in ends if end is not None)
    path = f"M{_clipped(left):.2f} 0H{_clipped(right):.2f}{_arrow(left)}{_arrow(right)}"
    return Bar(path, _clipped(worse, FAR), worse if abs(worse) < EDGE else None)


def _margins(verdict: Verdict, ratio: float) -> float:
    """log(ratio) / log(1 + margin), positive where it is worse."""
    if not 0 < ratio < math.inf:
        steps = -math.inf if ratio <= 0 else math.inf
    else:
        steps = math.log(ratio) / math.log1p(verdict.margin or math.nan)
    metric = METRICS.get(verdict.metric)
    return steps if metric is None or metric.higher_is_worse else -steps


def _clipped(steps: float, edge: float = EDGE) -> float:
    return min(max(steps, -edge), edge)


def _arrow(end: float) -> str:
    """A head where the interval goes on beyond the picture."""
    if abs(end) <= EDGE:
        return ""
    edge, back = math.copysign(EDGE, end), math.copysign(EDGE - 0.4, end)
    return f"M{back:.2f}-.4 {edge:.2f} 0 {back:.2f} .4"
