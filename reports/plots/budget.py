"""Auto within the budget: how many times as fast as ONNX Runtime in f32, and as the best peer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from isthmus.reports.display import interval, label, significant
from isthmus.reports.stats.intervals import LogRatio
from isthmus.reports.tables.budget import BudgetRow

from .bars import Bar, margin, panel
from .panels import Picture
from .points import MOST_LINES
from .style import Looks

__all__ = ["CAPTION", "panels"]

CAPTION = (
    "The fastest of Isthmus's variants at any precision within the budget of accuracy. Bars: "
    "median time of the other / median time of it. Whiskers: 95 % intervals."
)
TITLES = {
    "over_onnxruntime": "over ONNX Runtime in f32",
    "over_peer": "over the best peer within the same budget",
}


def panels(rows: Sequence[BudgetRow], looks: Looks) -> Picture:
    """A panel for each of the two, a bar a workload, coloured as the variant that is fastest."""
    drawn, left_out = [], 0
    for name, title in TITLES.items():
        told = [(row, ratio) for row in rows if (ratio := getattr(row, name)) is not None]
        bars = [_bar(row, ratio, looks) for row, ratio in told[:MOST_LINES]]
        left_out += len(told) - len(bars)
        if bars:
            ends = [bar.high if bar.known else bar.value for bar in bars]
            limits = (0.0, max(1.0, *ends))
            drawn.append(panel(title, bars, limits, False, left=margin(bars), after="×", mark=1))
    return Picture(drawn, left_out)


def _bar(row: BudgetRow, ratio: LogRatio, looks: Looks) -> Bar:
    low, high = ratio.interval()
    known = math.isfinite(high)
    text = f"{significant(ratio.ratio)}×"
    who = f" {label(row.ours.variant)}, {row.ours.precision}" if row.ours else ""
    return Bar(
        row.workload,
        ratio.ratio,
        text,
        looks[row.ours.variant if row.ours else "cpu"].light,
        low if known else math.nan,
        high if known else math.nan,
        says=f"{text} [{interval(ratio)}]{who}",
    )
