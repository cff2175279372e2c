"""Median latency over the days of result files and stored runs, per workload and variant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from isthmus.reports.display import significant
from isthmus.reports.files.history.store_record import Record
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.result_fields import SINGLE
from isthmus.reports.tables.trends import Trend

from .panels import HEIGHT, Panel, Picture, around, hollow, is_log, legend, note, says, scale
from .points import Point, few, grouped, points, setting, titles, variants
from .style import SOFT, Look, Looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["panels"]

MOST_DATES = 3  # written below the axis
MOST_MARKS = 40  # of a line; a longer one is a line alone
SETTING = ("batch", "sequence", "precision", "threads", "scenario")
Days = dict[Point, float]
Starts = dict[tuple[str, str], float]  # change of level, by benchmark and date


def panels(files: Sequence[ResultFile], looks: Looks, trends: Sequence[Trend] = ()) -> Picture:
    """A panel per workload measured on two days or more; a line joins files of one machine."""
    every = [*points(files), *_stored(files, trends)]
    days = {point: day for point in every if (day := _day(point)) is not None}
    starts = {(t.name, run.measured): step for t in trends for run, step in t.starts()}
    every = sorted(days, key=lambda point: days[point])
    groups = grouped(every, titles([(p.result.workload, setting(p.result)) for p in every]))
    dated = {title: at for title, at in groups.items() if len({days[point] for point in at}) > 1}
    kept, left_out = few(dated, lambda point: point.result.variant)
    shown = [point for group in kept.values() for point in group]
    found = [_panel(title, group, days, starts, looks) for title, group in kept.items()]
    return Picture([legend(variants(shown), looks), *found], left_out) if found else Picture()


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


def _stored(files: Sequence[ResultFile], trends: Sequence[Trend]) -> list[Point]:
    """The stored runs as points, without those whose files are given."""
    given = {(file.measured, result.fullname) for file in files for result in file.results}
    return [
        _point(trend, run, latency)
        for trend in trends
        for run, latency in zip(trend.runs, trend.latencies_ms, strict=True)
        if (run.measured, trend.name) not in given
    ]


def _point(trend: Trend, run: Record, latency_ms: float) -> Point:
    known = {name: trend.facts[name] for name in SETTING if name in trend.facts}
    result = Result(
        *(run.path, trend.name, trend.workload, trend.variant, latency_ms / 1e3),
        **{"scenario": SINGLE, **known},
    )
    return Point(ResultFile(run.path, run.machine, run.measured, run.commit, (result,)), result)


def _panel(title: str, group: Sequence[Point], days: Days, starts: Starts, looks: Looks) -> Panel:
    ys = [point.result.latency_ms for point in group]
    xs, log = sorted({days[point] for point in group}), is_log(ys)

    def draw(axes: Axes) -> None:
        scale(axes, "y", around(ys, log, 0.1), log)
        note(axes, "", "median milliseconds" + (", logarithmic" if log else ""))
        _dates(axes, xs)
        lines = [(point.result.variant, *_machine(point)) for point in group]
        for (variant, *_), line in reversed(grouped(group, lines).items()):
            _line(axes, looks[variant], line, days)
            _changes(axes, looks[variant], line, days, starts)

    newest = [point for point in group if days[point] == xs[-1]]
    last = [(p.result.variant, f"{significant(p.result.latency_ms)} ms") for p in newest]
    return Panel(title, HEIGHT, draw, "last: " + says(last), above=0.56)


def _line(axes: Axes, look: Look, line: Sequence[Point], days: Days) -> None:
    xs, ys = [days[point] for point in line], [point.result.latency_ms for point in line]
    axes.plot(xs, ys, color=look.light, marker=look.mark if len(line) <= MOST_MARKS else "")


def _changes(axes: Axes, look: Look, line: Sequence[Point], days: Days, starts: Starts) -> None:
    """An outline where a new level begins, and how far it is from the one before."""
    for point in line:
        step = starts.get((point.result.fullname, point.file.measured))
        if step is not None:
            at = days[point], point.result.latency_ms
            axes.plot(*at, linestyle="", markersize=8, **hollow(look))
            _said(axes, step, at)


def _said(axes: Axes, step: float, at: tuple[float, float]) -> None:
    """Beside the outline, where the line does not come from."""
    side, align = (-7, "right") if step > 0 else (7, "left")
    text = f"{100 * step:+.0f} %"
    axes.annotate(text, at, (side, 2), textcoords="offset points", ha=align, color=SOFT)


def _dates(axes: Axes, days: Sequence[float]) -> None:
    """The first and the last day written, and some between."""
    low, high = around([days[0], days[-1]], False, 0.08)
    count = min(MOST_DATES, len(days))
    ticks = [days[at * (len(days) - 1) // (count - 1)] for at in range(count)]
    texts = [datetime.fromtimestamp(tick * 86400).strftime("%Y-%m-%d") for tick in ticks]
    axes.set(xticks=ticks, xlim=(low, high))
    *_, last = axes.set_xticklabels(texts)
    last.set_horizontalalignment("right")  # or it would leave the picture
