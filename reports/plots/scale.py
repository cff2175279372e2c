"""Axes for latencies, rates and ratios: logarithmic where the values span more than tenfold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_FROM = 10  # on a linear axis a tenth of the longest bar is too short to read
MOST_TICKS = 6
Limits = tuple[float, float]


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
