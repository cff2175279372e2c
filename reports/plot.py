"""Speedup bars with their 95 % intervals as one SVG text, in light and dark, without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby

from .axis import Axis, axis_for
from .display import interval, label, significant
from .intervals import LogRatio
from .results import NATIVE
from .speedup import Row

# Narrow, so that a phone shows its text at a readable size.
WIDTH, LABELS, VALUES = 400, 134, 48
LONGEST = 17  # characters that fit beside the bars
HEADING, BAR, GAP, TOP, FOOT = 26, 24, 8, 8, 42
OURS = frozenset({"cpu", "gpu", "onnxruntime-cpu"})

Bar = tuple[Row, LogRatio]

STYLE = """
svg.speedup { font: 13px system-ui, sans-serif; color: #1b1f24; --bar: #a8b1bb; --ours: #0f766e;
  --line: #d9dee4; --soft: #57606a; max-width: 100%; height: auto }
@media (prefers-color-scheme: dark) {
  svg.speedup { color: #e6e9ed; --bar: #5f6b78; --ours: #2dbaa8; --line: #333b45; --soft: #9aa5b1 }
}
svg.speedup text { fill: currentColor } svg.speedup .soft { fill: var(--soft); font-size: 12px }
svg.speedup .head { font-weight: 600 } svg.speedup .bar { fill: var(--bar) }
svg.speedup .ours { fill: var(--ours) } svg.speedup .grid { stroke: var(--line) }
svg.speedup .one { stroke: var(--soft); stroke-dasharray: 3 3 }
svg.speedup .whisker { stroke: currentColor; stroke-width: 1.5 }
"""


def plot(rows: Sequence[Row]) -> str:
    """An SVG bar per row that has a speedup, grouped by workload; 1× is native NumPy."""
    bars = [(row, row.speedup) for row in rows if row.speedup and row.variant != NATIVE]
    if not bars:
        return _svg(48, ['<text x="0" y="28">No speedup to plot.</text>'])
    axis = axis_for(_ends(bars), LABELS, WIDTH - VALUES)
    marks, y = [], float(TOP)
    for workload, group in groupby(bars, key=lambda bar: bar[0].workload):
        lines = list(group)
        marks += _group(workload, lines, axis, y)
        y += HEADING + BAR * len(lines) + GAP
    return _svg(y + FOOT, [*_grid(axis, y), *marks])


def _ends(bars: Sequence[Bar]) -> list[float]:
    """Every value and every finite bound, all of which the axis must show."""
    ends = [end for _, speedup in bars for end in (speedup.ratio, *speedup.interval())]
    return [end for end in ends if 0 < end < math.inf]


def _group(workload: str, bars: Sequence[Bar], axis: Axis, y: float) -> list[str]:
    heading = f'<text class="head" x="0" y="{y + 17:g}">{escape(workload)}</text>'
    tops = (y + HEADING + BAR * at for at in range(len(bars)))
    return [heading, *(_bar(bar, axis, top) for bar, top in zip(bars, tops, strict=True))]


def _bar(bar: Bar, axis: Axis, y: float) -> str:
    row, speedup = bar
    start, end = axis(1.0 if axis.log else 0.0), axis(speedup.ratio)
    low, high = _whisker(speedup)
    name, value = escape(label(row.variant)), f"{significant(speedup.ratio)}×"
    left, width = min(start, end), max(abs(end - start), 1)
    middle, text_y, kind = y + BAR / 2, y + BAR / 2 + 4.5, "ours" if row.variant in OURS else ""
    return (
        f"<g><title>{name}: {value} [{interval(speedup)}]</title>"
        f'<text x="0" y="{text_y:g}">{_short(label(row.variant))}</text>'
        f'<rect class="bar {kind}" x="{left:.1f}" y="{y + 4:g}" width="{width:.1f}" height="16"/>'
        f'<path class="whisker" d="M{axis(low):.1f} {middle:g}H{axis(high):.1f}'
        f'M{axis(low):.1f} {middle - 4:g}v8M{axis(high):.1f} {middle - 4:g}v8"/>'
        f'<text x="{max(end, start, axis(high)) + 7:.1f}" y="{text_y:g}">{value}</text></g>'
    )


def _short(name: str) -> str:
    """The name, cut where it would run into its bar; the bar's title has it whole."""
    return escape(name if len(name) <= LONGEST else name[: LONGEST - 1] + "…")


def _whisker(speedup: LogRatio) -> tuple[float, float]:
    """The interval, or a point where none is known."""
    low, high = speedup.interval()
    return (low, high) if math.isfinite(high) else (speedup.ratio, speedup.ratio)


def _grid(axis: Axis, bottom: float) -> list[str]:
    lines = [
        f'<path class="grid" d="M{axis(tick):.1f} {TOP}V{bottom:g}"/>'
        f'<text class="soft" text-anchor="middle" x="{axis(tick):.1f}" y="{bottom + 16:g}">'
        f"{tick:g}×</text>"
        for tick in axis.ticks()
    ]
    scale = "logarithmic" if axis.log else "linear"
    caption = f"times as fast as NumPy, with 95 % intervals; {scale} axis"
    one = f'<path class="one" d="M{axis(1):.1f} {TOP}V{bottom:g}"/>'
    return [*lines, one, f'<text class="soft" x="0" y="{bottom + 36:g}">{caption}</text>']


def _svg(height: float, marks: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="speedup" role="img" {size}'
    body = "\n".join(marks)
    return (
        f'{head} aria-label="Speedup over native NumPy">\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )
