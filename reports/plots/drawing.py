"""The plots of a report: each draws from the report alone, or says in one line why it cannot."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.reports.content import Report

from . import budget, cost, distribution, history, points, roofline, speedup, throughput
from .panels import Panel, Picture, columns_for, figure
from .style import Looks, looks, style
from .svg import png, svg, svg_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLOTS", "Drawing", "draw"]


@dataclass(frozen=True)
class Plot:
    """`name`: of its files; `table`: a word of the title of the table below; `none`: why absent."""

    name: str
    title: str
    table: str
    caption: str
    none: str
    picture: Callable[[Report, Looks], Picture]

    def above(self, title: str) -> bool:
        """True for the title of the table that this plot stands above."""
        return bool(self.table) and self.table in title.lower()


PLOTS = (
    Plot(
        "speedup",
        "How many times as fast as NumPy",
        "speedup",
        "Bars: median time of NumPy / median time of the variant. Whiskers: 95 % intervals. "
        "Outlines: outside the budget of accuracy.",
        "no variant has both a NumPy baseline and parity with it.",
        lambda report, looks: speedup.panels(report.rows, looks),
    ),
    Plot(
        "budget",
        "Auto within the budget of accuracy",
        "within the budget",
        budget.CAPTION,
        "no precision below f32 was measured.",
        lambda report, looks: budget.panels(report.budget, looks),
    ),
    Plot(
        "cost",
        "Dollars per million requests, by instance",
        "dollars",
        cost.CAPTION,
        "no result has a price.",
        lambda report, looks: cost.panels(report.costs, looks),
    ),
    Plot(
        "distribution",
        "How latency is spread",
        "",
        "Every timed call of every round: the share that took at most so long. Mark: the median.",
        "no file keeps its raw times.",
        lambda report, looks: distribution.panels(report.files, looks),
    ),
    Plot(
        "throughput",
        "Latency against requests per second",
        "scenarios",
        "A line joins the batches of a variant, median latency; the batch stands beside Isthmus "
        "CPU. Outlines: the server scenario's 99th percentile at the rate that was kept up.",
        "no model was measured with several batches, or as a server.",
        lambda report, looks: throughput.panels(report.files, looks),
    ),
    Plot(
        "roofline",
        "Roofline",
        "efficiency",
        "Marks: operations of a call / its median time. Black: the most that this machine "
        "computed and moved, measured in the same run. Bytes are those of every operand and "
        "result; fused operators move fewer, so that a mark may stand above the roof.",
        "no CPU result has its operations and bytes, and its machine's measured peaks.",
        lambda report, looks: roofline.panels(report.files, looks),
    ),
    Plot(
        "history",
        "History",
        "over time",
        "Median latency, one point per result file or stored run; a line joins those of one "
        "machine. Outlines: the first run of a new level, and its change.",
        "no workload is in files of two dates.",
        lambda report, looks: history.panels(report.files, looks, report.trends),
    ),
)


@dataclass(frozen=True)
class Drawing:
    """A plot drawn for one report: no panels where there is nothing to draw."""

    plot: Plot
    panels: tuple[Panel, ...]
    left_out: int = 0  # measurements that it has no room for

    @property
    def caption(self) -> str:
        """What it shows, and how much of it."""
        left = f" {self.left_out:,} more are in the tables alone." if self.left_out else ""
        return f"{self.plot.caption}{left}"

    def figure(self) -> Figure | None:
        """All panels in one figure."""
        with _drawing(self.plot.name):
            return figure(self.panels, columns_for(self.panels)) if self.panels else None

    def svgs(self) -> tuple[str, ...]:
        """An <svg> per panel, for a page."""
        return tuple(self._svg(at, panel) for at, panel in enumerate(self.panels))

    def _svg(self, at: int, panel: Panel) -> str:
        with _drawing(f"{self.plot.name}-{at}"):
            return svg(figure([panel]), f"{self.plot.title}. {panel.title}: {panel.says}")

    def files(self) -> dict[str, bytes]:
        """The figure as a .svg and a .png; nothing where nothing is drawn."""
        made = self.figure()
        if made is None:
            return {}
        with _drawing(self.plot.name):
            label = f"{self.plot.title}. {self.caption}"
            text = svg_file(made, label).encode()
            return {f"{self.plot.name}.svg": text, f"{self.plot.name}.png": png(made)}


def draw(report: Report) -> tuple[Drawing, ...]:
    """Every plot of the report, drawn or not."""
    variants = points.variants(points.points(report.files))
    every = looks(["cpu", *variants, *(trend.variant for trend in report.trends)])
    made = ((plot, plot.picture(report, every)) for plot in PLOTS)
    return tuple(Drawing(plot, tuple(one.panels), one.left_out) for plot, one in made)


@contextmanager
def _drawing(salt: str) -> Iterator[None]:
    """Our style; a name in letters that matplotlib's font lacks is the reader's font's affair."""
    with style(salt), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        yield
