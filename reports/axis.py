"""An axis for ratios: linear from 0, or logarithmic where they span more than tenfold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LOG_FROM = 10  # on a linear axis a tenth of the longest bar is too short to read


@dataclass(frozen=True)
class Axis:
    """Maps values in [low, high] to pixels in [left, right]."""

    low: float
    high: float
    left: float
    right: float
    log: bool

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return self.left + (self.right - self.left) * (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Round values inside the axis, five or so."""
        return _decades(self.low, self.high) if self.log else _steps(self.high)


def axis_for(values: Sequence[float], left: float, right: float) -> Axis:
    """The axis that shows 1 and every value."""
    low, high = min(1.0, *values), max(1.0, *values)
    if high / low > LOG_FROM:
        return Axis(low, high, left, right, log=True)
    return Axis(0.0, high, left, right, log=False)


def _decades(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... or only powers of ten where those are too many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leads in ((1, 2, 5), (1, 3), (1,)):
        every = [lead * 10.0**power for power in powers for lead in leads]
        inside = [tick for tick in every if low * 0.999 <= tick <= high * 1.001]
        if len(inside) <= 6:
            break
    return inside


def _steps(high: float) -> list[float]:
    """0, s, 2 s, ... with s the least of 1, 2, 5 times a power of ten that gives six at most."""
    power = 10.0 ** math.floor(math.log10(high / 5))
    step = next(power * lead for lead in (1, 2, 5, 10) if high / (power * lead) <= 5)
    return [step * count for count in range(int(high / step * 1.001) + 1)]
