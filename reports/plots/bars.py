"""Horizontal bars under headings, each with its interval and its value, for ratios and dollars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .panels import FOOT, Limits, Panel, scale, short
from .style import INK, PAPER, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Bar", "Line", "bars_of", "margin", "panel"]

ROW = 0.235  # inches from bar to bar
LETTER = 0.082  # inches, of the widest font in use
LONGEST = 22  # letters beside a bar; the table has the whole name
VALUES = 0.72  # inches right of the axes, for the longest bar's value


@dataclass(frozen=True)
class Bar:
    """A bar and, where low and high are finite, its interval; `hollow` ones are outlines."""

    label: str
    value: float
    text: str
    colour: str
    low: float = math.nan
    high: float = math.nan
    hollow: bool = False
    says: str = ""  # for those who cannot see it; else the text

    @property
    def known(self) -> bool:
        """True where there is an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)


Line = Bar | str  # a bar, or a heading above bars


def bars_of(lines: Sequence[Line]) -> list[Bar]:
    """The lines that are bars."""
    return [line for line in lines if isinstance(line, Bar)]


def margin(lines: Sequence[Line]) -> float:
    """Inches that the longest label needs."""
    return LETTER * max(len(short(bar.label, LONGEST)) for bar in bars_of(lines)) + 0.12


def panel(
    title: str,
    lines: Sequence[Line],
    limits: Limits,
    log: bool,
    *,
    left: float,
    before: str = "",
    after: str = "",
    mark: float | None = None,
) -> Panel:
    """The lines from top to bottom, bars from 0, or from 1 on a logarithmic axis.

    `before` and `after` stand around every tick, a dashed line at `mark`.
    """

    def draw(axes: Axes) -> None:
        scale(axes, "x", limits, log, before, after)
        axes.set(ylim=(len(lines) - 0.4, -0.6), yticks=[])
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        if mark is not None:
            axes.axvline(mark, color=SOFT, linewidth=0.9, linestyle=(0, (3, 3)))
        bars = {at: line for at, line in enumerate(lines) if isinstance(line, Bar)}
        _bars(axes, bars, 1.0 if log else 0.0)
        _intervals(axes, {at: bar for at, bar in bars.items() if bar.known})
        _texts(axes, lines, left)

    says = ", ".join(f"{bar.label} {bar.says or bar.text}" for bar in bars_of(lines))
    return Panel(title, ROW * len(lines), draw, says, left, VALUES, below=FOOT - 0.2)


def _bars(axes: Axes, bars: dict[int, Bar], base: float) -> None:
    """Every bar from the base, its value at its end."""
    colours = [bar.colour for bar in bars.values()]
    fills = [PAPER if bar.hollow else bar.colour for bar in bars.values()]
    lengths = [bar.value - base for bar in bars.values()]
    axes.barh(list(bars), lengths, 0.68, left=base, color=fills, edgecolor=colours)
    for at, bar in bars.items():
        end = max(bar.value, bar.high if bar.known else base, base)
        _text(axes, bar.text, (min(end, axes.get_xlim()[1]), at), 5, axes.transData, INK)


def _intervals(axes: Axes, bars: dict[int, Bar]) -> None:
    values = [bar.value for bar in bars.values()]
    below = [max(bar.value - bar.low, 0) for bar in bars.values()]
    above = [max(bar.high - bar.value, 0) for bar in bars.values()]
    look: dict[str, Any] = {"color": INK, "capsize": 3, "linewidth": 1.3, "fmt": "none"}
    axes.errorbar(values, list(bars), xerr=[below, above], **look)


def _texts(axes: Axes, lines: Sequence[Line], left: float) -> None:
    """Labels and headings, flush left in the margin."""
    for at, line in enumerate(lines):
        text, colour = (line, SOFT) if isinstance(line, str) else (short(line.label, LONGEST), INK)
        _text(axes, text, (0, at), -72 * left + 1.5, axes.get_yaxis_transform(), colour)


def _text(
    axes: Axes, text: str, at: tuple[float, float], points: float, where: object, colour: str
) -> None:
    """Text whose left end is `points` right of the place."""
    axes.annotate(
        text,
        at,
        (points, 0),
        xycoords=where,  # type: ignore[arg-type]
        textcoords="offset points",
        va="center_baseline",
        color=colour,
        annotation_clip=False,
    )
