"""What line plots share: a legend as a panel of its own, and the axes' labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.reports.display import label

from .panels import Panel
from .style import PAPER, SOFT, Look, Looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.22  # inches of a line of the legend
COLUMNS = 2
HEIGHT = 2.3  # inches of the axes


def legend(variants: Iterable[str], looks: Looks, *, lines: bool = True) -> Panel:
    """Every variant's colour and mark beside its name."""
    every = [(variant, looks[variant]) for variant in variants]
    rows = math.ceil(len(every) / COLUMNS)

    def draw(axes: Axes) -> None:
        axes.set(xlim=(0, COLUMNS), ylim=(rows - 0.5, -0.5))
        axes.axis("off")
        for at, (variant, look) in enumerate(every):
            _entry(axes, variant, look, (at // rows, at % rows), lines)

    says = ", ".join(label(variant) for variant, _ in every)
    return Panel("", ROW * rows, draw, f"Legend: {says}", 0.05, 0.05, 0.05, 0.05)


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
