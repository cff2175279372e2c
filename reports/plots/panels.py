"""A plot is panels of one width: beside one another on a screen, below one another on a phone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.0  # inches: on a phone's 328 pixels 10 pt are still 11 pixels
LONGEST = 46  # letters of a title
TITLE, FOOT = 0.36, 0.52  # inches above and below the axes


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
    """The name, cut where it would run out of its place; the tables have it whole."""
    return name if len(name) <= most else name[: most - 1] + "…"


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
