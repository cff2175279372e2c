"""A plot is panels of one width: beside one another on a screen, below one another on a phone.

What their axes share stands here, too: scales with round ticks, logarithmic where the values span
more than tenfold, labels, and a legend as a panel of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from isthmus.reports.display import label

from .style import PAPER, SOFT, Look, Looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "HEIGHT",
    "LOG_FROM",
    "Limits",
    "Panel",
    "Picture",
    "around",
    "columns_for",
    "figure",
    "hollow",
    "is_log",
    "legend",
    "note",
    "says",
    "scale",
    "short",
]

WIDTH = 4.0  # inches: on a phone's 328 pixels 10 pt are still 11 pixels
HEIGHT = 2.3  # inches of the axes of a line plot
LONGEST = 46  # letters of a title
TITLE, FOOT = 0.36, 0.52  # inches above and below the axes
ENTRY, ENTRIES = 0.22, 2  # inches of a line of a legend, and names beside one another in it
LOG_FROM = 10  # on a linear axis a tenth of the longest bar is too short to read
MOST_TICKS = 6
Limits = tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """One set of axes, `height` inches high, and what draws into it; margins in inches.

    `says`: its numbers as a sentence, for those who cannot see it.
    """

    title: str
    height: float
    draw: Callable[[Axes], None]
    says: str = ""
    left: float = 0.62
    right: float = 0.12
    above: float = TITLE
    below: float = FOOT

    @property
    def whole(self) -> float:
        """Inches with the title and the axis below."""
        return self.above + self.height + self.below


class Picture(NamedTuple):
    """Panels, and of how many measurements there was no place in them."""

    panels: Sequence[Panel] = ()
    left_out: int = 0


def figure(panels: Sequence[Panel], columns: int = 1) -> Figure:
    """The panels in rows, left to right."""
    from matplotlib.figure import Figure

    rows = [panels[at : at + columns] for at in range(0, len(panels), columns)]
    heights = [max(panel.whole for panel in row) for row in rows]
    made = Figure(figsize=(WIDTH * min(columns, len(panels)), sum(heights)))
    for at, row in enumerate(rows):
        top = sum(heights[at:])
        for column, panel in enumerate(row):
            _place(made, panel, column * WIDTH, top)
    return made


def short(name: str, most: int) -> str:
    """The name without its middle where it would run out of its place; the tables have it whole."""
    end = most // 2
    return name if len(name) <= most else f"{name[: most - 1 - end]}…{name[-end:]}"


def columns_for(panels: Sequence[Panel]) -> int:
    """One column for a few panels, as many as make the picture no taller than wide for more."""
    height = sum(panel.whole for panel in panels)
    return 1 if height <= 2 * WIDTH else min(4, math.ceil(math.sqrt(height / WIDTH)))


def _place(made: Figure, panel: Panel, left: float, top: float) -> None:
    """Axes at these inches from the left and from the bottom, under their title."""
    width, height = made.get_size_inches()
    inside = WIDTH - panel.left - panel.right
    bottom = top - panel.above - panel.height
    box = (left + panel.left) / width, bottom / height, inside / width, panel.height / height
    title = (left + 0.02) / width, (top - 0.06) / height
    made.text(*title, short(panel.title, LONGEST), weight="bold", size=10.5, va="top")
    panel.draw(made.add_axes(box))


def is_log(values: Sequence[float]) -> bool:
    """True where the values, all above zero, span more than tenfold."""
    return max(values) / min(values) > LOG_FROM


def around(values: Sequence[float], log: bool, share: float = 0.06) -> Limits:
    """Limits that leave `share` of the axis free on both sides of the values."""
    low, high = min(values), max(values)
    if log:
        room = max((high / low) ** share, 1.05)
        return low / room, high * room
    space = share * (high - low) or share * high
    return max(0.0, low - space), high + space


def scale(
    axes: Axes, which: str, limits: Limits, log: bool, before: str = "", after: str = ""
) -> None:
    """Set the axis "x" or "y", linear or logarithmic, with round ticks and no others."""
    from matplotlib.ticker import NullLocator

    ticks = decades(*limits) if log else steps(*limits)
    axes.set(**{f"{which}scale": "log" if log else "linear"})
    texts = [f"{before}{plain(tick)}{after}" for tick in ticks]
    axes.set(**{f"{which}ticks": ticks, f"{which}ticklabels": texts})
    axes.set(**{f"{which}lim": limits})
    (axes.xaxis if which == "x" else axes.yaxis).set_minor_locator(NullLocator())


def decades(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... or fewer of each power of ten, where those are more than six."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leads in ((1, 2, 5), (1, 3), (1,)):
        every = [float(f"{lead}e{power}") for power in powers for lead in leads]
        inside = [tick for tick in every if low * 0.999 <= tick <= high * 1.001]
        if len(inside) <= MOST_TICKS:
            break
    few = inside[:: math.ceil(len(inside) / MOST_TICKS) or 1]
    return few if len(few) > 1 else steps(low, high)


def steps(low: float, high: float) -> list[float]:
    """Multiples, within [low, high], of the least of 1, 2, 5 x 10^k that gives six at most."""
    power = 10.0 ** math.floor(math.log10((high - low) / 5))
    step = next(power * lead for lead in (1, 2, 5, 10) if (high - low) / (power * lead) <= 5)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{step * count:.12g}") for count in range(first, last + 1)]


def plain(value: float) -> str:
    """`0.05`, `1,000`: no exponent that a reader has to decode."""
    return f"{value:,.10g}" if 1e-4 <= abs(value) < 1e9 or value == 0 else f"{value:g}"


def legend(variants: Iterable[str], looks: Looks, *, lines: bool = True) -> Panel:
    """Every variant's colour and mark beside its name."""
    every = [(variant, looks[variant]) for variant in variants]
    rows = math.ceil(len(every) / ENTRIES)

    def draw(axes: Axes) -> None:
        axes.set(xlim=(0, ENTRIES), ylim=(rows - 0.5, -0.5))
        axes.axis("off")
        for at, (variant, look) in enumerate(every):
            _entry(axes, variant, look, (at // rows, at % rows), lines)

    says = ", ".join(label(variant) for variant, _ in every)
    return Panel("", ENTRY * rows, draw, f"Legend: {says}", 0.05, 0.05, 0.05, 0.05)


def _entry(axes: Axes, variant: str, look: Look, at: tuple[float, float], lines: bool) -> None:
    column, row = at
    xs = [column + 0.02, column + 0.08, column + 0.14] if lines else [column + 0.08]
    axes.plot(xs, [row] * len(xs), color=look.light, marker=look.mark, markevery=[len(xs) // 2])
    axes.text(column + 0.18, row, label(variant), va="center_baseline")


def hollow(look: Look) -> dict[str, Any]:
    """A mark that is an outline: another scenario's, or a file's alone."""
    return {"color": look.light, "marker": look.mark, "markerfacecolor": PAPER}


def note(axes: Axes, x: str, y: str) -> None:
    """Axis labels: x below, y above the axis, level, where a phone's reader can read it."""
    axes.set_xlabel(x, loc="left")
    axes.annotate(
        y, (0, 1), (-40, 8), xycoords="axes fraction", textcoords="offset points", color=SOFT
    )


def says(values: Sequence[tuple[str, str]]) -> str:
    """`Isthmus CPU 117 ms, NumPy 260 ms`."""
    return ", ".join(f"{label(variant)} {value}" for variant, value in values)
