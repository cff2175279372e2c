"""Latency against requests per second: one point per batch, and what a server scenario kept up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isthmus.reports.display import significant
from isthmus.reports.files.result import ResultFile
from isthmus.reports.files.result_fields import SINGLE

from .panels import HEIGHT, Panel, Picture, around, hollow, is_log, legend, note, says, scale
from .points import Point, few, grouped, latest, setting, titles, variants
from .style import SOFT, Look, Looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["panels"]

APART = ("precision", "threads", "machine")  # settings that a line does not join
Place = tuple[float, float]  # requests/s, ms


def panels(files: Sequence[ResultFile], looks: Looks) -> Picture:
    """A panel per model with several batches or a server's result, a line per variant."""
    every = [point for point in latest(files) if _place(point)]
    groups = grouped(every, titles([_named(point) for point in every]))
    worth = {title: group for title, group in groups.items() if _worth(group)}
    if not worth:
        return Picture()
    kept, left_out = few(worth, lambda point: point.result.variant)
    shown = variants(point for group in kept.values() for point in group)
    drawn = [_panel(title, group, looks) for title, group in kept.items()]
    return Picture([legend(shown, looks), *drawn], left_out)


def _named(point: Point) -> tuple[str, dict[str, str]]:
    facts = setting(point.result, point.machine)
    name = point.result.model or point.result.workload
    whole = f"{name}, {facts['sequence']}" if facts["sequence"] else name
    return whole, {fact: facts[fact] for fact in APART}


def _place(point: Point) -> Place | None:
    """Median ms of a single stream, the 99th percentile of a server; None for other scenarios."""
    result, served = point.result, point.result.scenario_result
    if result.scenario == SINGLE:
        return result.requests_per_second, result.latency_ms
    if served is None or result.scenario != "server" or not served.achieved_per_s:
        return None
    late = served.percentiles_ms.get("99")
    return (served.achieved_per_s, late) if late else None


def _worth(group: Sequence[Point]) -> bool:
    batches = {point.result.batch for point in group}
    return len(batches) > 1 or any(point.result.scenario != SINGLE for point in group)


def _panel(title: str, group: Sequence[Point], looks: Looks) -> Panel:
    places = {point: _place(point) or (0.0, 0.0) for point in group}
    xs, ys = [x for x, _ in places.values()], [y for _, y in places.values()]
    logs = is_log(xs), is_log(ys)

    def draw(axes: Axes) -> None:
        scale(axes, "x", around(xs, logs[0], 0.1), logs[0])
        scale(axes, "y", around(ys, logs[1], 0.1), logs[1])
        note(axes, "requests/s" + (", logarithmic" if logs[0] else ""), "milliseconds")
        names = [point.result.variant for point in group]
        for variant, points in reversed(grouped(group, names).items()):
            _line(axes, looks[variant], points, places)

    return Panel(
        title, HEIGHT, draw, says([_said(point, places[point]) for point in group]), above=0.56
    )


def _said(point: Point, place: Place) -> tuple[str, str]:
    kind = f"batch {point.result.batch}" if point.result.scenario == SINGLE else "server"
    return point.result.variant, f"{kind}: {significant(place[0])}/s, {significant(place[1])} ms"


def _line(axes: Axes, look: Look, group: Sequence[Point], places: dict[Point, Place]) -> None:
    alone = sorted((p for p in group if p.result.scenario == SINGLE), key=lambda p: p.result.batch)
    if alone:
        axes.plot(
            *zip(*(places[p] for p in alone), strict=True), color=look.light, marker=look.mark
        )
    for point in (p for p in group if p not in alone):
        axes.plot(*places[point], **hollow(look), linestyle="none")
        _name(axes, "server p99", places[point])
    for point in alone:
        if point.result.variant == "cpu":
            _name(axes, f"{point.result.batch}", places[point])


def _name(axes: Axes, text: str, place: Place) -> None:
    axes.annotate(
        text,
        place,
        (6, -11),
        textcoords="offset points",
        size=9,
        color=SOFT,
    )
