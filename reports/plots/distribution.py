"""The share of calls that took at most so long: every sample of every round, per workload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import NDArray

from isthmus.reports.display import significant
from isthmus.reports.files.result import ResultFile

from .panels import HEIGHT, Panel, Picture, around, is_log, legend, note, says, scale
from .points import Point, by_title, few, latest, variants
from .style import Look, Looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["panels"]

MOST = 100  # points of a line; more are not seen and would fill the page
Array = NDArray[numpy.float64]


def panels(files: Sequence[ResultFile], looks: Looks) -> Picture:
    """A panel per workload and scenario, a line per variant with a mark at its median."""
    every = [point for point in latest(files) if point.result.rounds]
    if not every:
        return Picture()
    groups, left_out = few(by_title(every), lambda point: point.result.variant)
    shown = variants(point for group in groups.values() for point in group)
    drawn = [_panel(title, group, looks) for title, group in groups.items()]
    return Picture([legend(shown, looks), *drawn], left_out)


def ecdf(samples: Array) -> tuple[Array, Array]:
    """(values, share of samples at or below each), from 0, both ends, at most `MOST` points."""
    ordered = numpy.sort(samples)
    at = numpy.unique(numpy.linspace(0, len(ordered) - 1, min(MOST, len(ordered))).astype(int))
    return numpy.r_[ordered[0], ordered[at]], numpy.r_[0.0, (at + 1) / len(ordered)]


def _panel(title: str, group: Sequence[Point], looks: Looks) -> Panel:
    samples = [_milliseconds(point) for point in group]
    ends = [float(end) for each in samples for end in (each.min(), each.max())]
    log = is_log(ends)

    def draw(axes: Axes) -> None:
        scale(axes, "x", around(ends, log), log)
        scale(axes, "y", (0.0, 100.0), False, after=" %")
        note(axes, "milliseconds" + (", logarithmic" if log else ""), "share of calls within")
        for point, each in reversed(list(zip(group, samples, strict=True))):
            _line(axes, each, looks[point.result.variant])

    medians = [f"median {significant(float(numpy.median(each)))} ms" for each in samples]
    names = [point.result.variant for point in group]
    return Panel(title, HEIGHT, draw, says(list(zip(names, medians, strict=True))), above=0.56)


def _line(axes: Axes, milliseconds: Array, look: Look) -> None:
    values, shares = ecdf(milliseconds)
    line: dict[str, Any] = {"color": look.light, "drawstyle": "steps-post"}
    axes.plot(values, 100 * shares, **line)
    axes.plot(numpy.median(milliseconds), 50, color=look.light, marker=look.mark)


def _milliseconds(point: Point) -> Array:
    return 1e3 * numpy.concatenate([numpy.asarray(each) for each in point.result.rounds])
