"""Roofline: GFLOP/s over operations per byte, below the machine's own measured roof.

The roof is min(peak GFLOP/s of the precision, GB/s x operations per byte) (Williams, Waterman and
Patterson 2009, doi:10.1145/1498765.1498785); operations are those counted for a call, bytes the
fewest that it has to move. The slope is the rate of the memory beyond the caches; what a cache
holds comes faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy

from isthmus.reports.display import significant
from isthmus.reports.files.file_fields import Roofline
from isthmus.reports.files.result import ResultFile
from isthmus.reports.tables.efficiency import efficiency

from .panels import Panel, Picture, around, legend, says, scale, short
from .points import Point, few, grouped, latest, variants
from .style import INK, SOFT, Looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["panels"]

HEIGHT = 3.2
LETTER = 0.075  # inches of a workload's name above the axes
LONGEST = 22  # letters of it
VALUES = 0.72  # inches right of the axes, for the names of the roofs
Place = tuple[float, float]


def panels(files: Sequence[ResultFile], looks: Looks) -> Picture:
    """A panel per machine whose peaks were measured, a mark per workload and variant."""
    found = {point: place for point in latest(files) if (place := _place(point))}
    every = grouped(found, [point.machine for point in found])
    groups, left_out = few(every, lambda point: point.result.workload)
    made = [_panel(machine, {p: found[p] for p in at}, looks) for machine, at in groups.items()]
    shown = variants(point for group in groups.values() for point in group)
    return Picture([legend(shown, looks, lines=False), *made], left_out) if made else Picture()


def _place(point: Point) -> Place | None:
    """(operations per byte, GFLOP/s) of a result that has a roof."""
    found = efficiency(point.result, point.file.roofline)
    if not found.roof_gflop_per_s or not found.operations_per_byte or not found.gflop_per_s:
        return None
    return found.operations_per_byte, found.gflop_per_s


def _panel(machine: str, places: dict[Point, Place], looks: Looks) -> Panel:
    roof = list(places)[-1].file.roofline or Roofline()
    peaks, gb_per_s = {peak.precision: peak.gflop_per_s for peak in roof.peaks}, roof.gb_per_s or 0
    ridges = [peak / gb_per_s for peak in peaks.values()]
    xs = around([*(x for x, _ in places.values()), *ridges], True, 0.12)
    ys = around([*(y for _, y in places.values()), *peaks.values()], True, 0.08)

    def draw(axes: Axes) -> None:
        scale(axes, "x", xs, True)
        scale(axes, "y", ys, True)
        axes.set_xlabel("operations per byte, logarithmic", loc="left")
        axes.set_ylabel("GFLOP/s, logarithmic")
        _roofs(axes, peaks, gb_per_s)
        _names(axes, {point.result.workload: x for point, (x, _) in places.items()})
        for point, place in reversed(places.items()):
            look = looks[point.result.variant]
            axes.plot(*place, color=look.light, marker=look.mark)

    said = [
        (p.result.variant, f"on {p.result.workload} {significant(y)} GFLOP/s")
        for p, (_, y) in places.items()
    ]
    names = LETTER * max(len(short(point.result.workload, LONGEST)) for point in places)
    return Panel(machine, HEIGHT, draw, says(said), right=VALUES, above=names + 0.5)


def _roofs(axes: Axes, peaks: dict[str, float], gb_per_s: float) -> None:
    """A line per precision, its name and GFLOP/s to the right of the axes."""
    xs = numpy.geomspace(*axes.get_xlim(), 60)
    low, high = numpy.log(axes.get_ylim())
    names = {f"{name} {significant(peak)}": peak for name, peak in peaks.items()}
    wanted = {name: (numpy.log(peak) - low) / (high - low) for name, peak in names.items()}
    for name, at in spread(wanted, gap=0.06).items():
        axes.plot(xs, numpy.minimum(names[name], gb_per_s * xs), color=INK, linewidth=1.2)
        axes.text(1.02, at, name, transform=axes.transAxes, va="center_baseline", size=9)


def _names(axes: Axes, every: dict[str, float]) -> None:
    """Each workload's name above the axes, a line down to its marks."""
    low, high = numpy.log(axes.get_xlim())
    wanted = {name: (numpy.log(x) - low) / (high - low) for name, x in every.items()}
    for name, at in spread(wanted, gap=0.045).items():
        axes.plot(
            [wanted[name], wanted[name], at],
            [0, 1, 1.03],
            transform=axes.transAxes,
            color=SOFT,
            linewidth=0.5,
            clip_on=False,
            zorder=0,
        )
        text = short(name, LONGEST)
        axes.text(
            at, 1.04, text, rotation=90, ha="center", va="bottom", size=9, transform=axes.transAxes
        )


def spread(places: dict[str, float], gap: float) -> dict[str, float]:
    """The places moved as little as sight needs to be `gap` apart, none beyond 1 if they fit."""
    names = sorted(places, key=lambda name: places[name])
    moved: dict[str, float] = {}
    least = 0.0
    for at, name in enumerate(names):
        most = 1.0 - gap * (len(names) - 1 - at)
        moved[name] = max(least, min(places[name], most))
        least = moved[name] + gap
    return moved
