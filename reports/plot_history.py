"""Median latency over the days of several result files, per workload and variant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from .display import significant
from .plot_data import Point, grouped, points, setting, titles, variants
from .plot_lines import HEIGHT, legend, note, says
from .plot_panels import Panel
from .plot_scale import around, is_log, scale
from .plot_style import Look, Looks
from .result import ResultFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DATES = 3  # written below the axis
Days = dict[Point, float]


def panels(files: Sequence[ResultFile], looks: Looks) -> list[Panel]:
    """A panel per workload measured on two days or more; a line joins files of one machine."""
    days = {point: day for point in points(files) if (day := _day(point)) is not None}
    every = sorted(days, key=lambda point: days[point])
    groups = grouped(every, titles([(p.result.workload, setting(p.result)) for p in every]))
    kept = {title: at for title, at in groups.items() if len({days[point] for point in at}) > 1}
    shown = [point for group in kept.values() for point in group]
    found = [_panel(title, group, days, looks) for title, group in kept.items()]
    return [legend(variants(shown), looks), *found] if found else []


def _day(point: Point) -> float | None:
    """Days since 1970, from the date that the file states."""
    try:
        return datetime.fromisoformat(point.file.measured).timestamp() / 86400
    except ValueError:
        return None


def _machine(point: Point) -> tuple[str, ...]:
    """What must be equal for two dates to be joined."""
    machine = point.file.machine
    return machine.cpu_model, machine.cores, machine.gpu, machine.instance_type


def _panel(title: str, group: Sequence[Point], days: Days, looks: Looks) -> Panel:
    ys = [point.result.latency_ms for point in group]
    xs, log = sorted({days[point] for point in group}), is_log(ys)

    def draw(axes: Axes) -> None:
        scale(axes, "y", around(ys, log, 0.1), log)
        note(axes, "", "median milliseconds" + (", logarithmic" if log else ""))
        _dates(axes, xs)
        lines = [(point.result.variant, *_machine(point)) for point in group]
        for (variant, *_), line in reversed(grouped(group, lines).items()):
            _line(axes, looks[variant], line, days)

    newest = [point for point in group if days[point] == xs[-1]]
    last = [(p.result.variant, f"{significant(p.result.latency_ms)} ms") for p in newest]
    return Panel(title, HEIGHT, draw, "last: " + says(last), above=0.56)


def _line(axes: Axes, look: Look, line: Sequence[Point], days: Days) -> None:
    xs, ys = [days[point] for point in line], [point.result.latency_ms for point in line]
    axes.plot(xs, ys, color=look.light, marker=look.mark)


def _dates(axes: Axes, days: Sequence[float]) -> None:
    """The first and the last day written, and some between."""
    low, high = around([days[0], days[-1]], False, 0.08)
    count = min(MOST_DATES, len(days))
    ticks = [days[at * (len(days) - 1) // (count - 1)] for at in range(count)]
    texts = [datetime.fromtimestamp(tick * 86400).strftime("%Y-%m-%d") for tick in ticks]
    axes.set(xticks=ticks, xlim=(low, high))
    axes.set_xticklabels(texts)
