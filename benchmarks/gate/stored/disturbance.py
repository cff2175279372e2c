"""What else the machine did while a file of one process was measured, and what is left to believe.

A call that is short beside the time that a kernel gives a process at once is interrupted seldom,
and then for long: its median is its own, and what its mean has above it others took. Over the
benchmarks of a file

    taken = median of (1 - median / mean)     of short calls

A call that is long beside that time is 1 / (1 - taken) times as slow. So, the noise between
processes being n, a benchmark's ratio is believed from (1 + n) / (1 - taken) on, by the run that
others took more of; and from 1 + n on where the benchmarks moved together, since neighbours come
and go while a file is measured: where the median over five of them or more, of the ratio of their
fastest calls, which met no neighbour, is beyond 1 + n itself. (`studies/apart.py`)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from isthmus.benchmarks.gate.rule.observations import Pair, Series

__all__ = ["Disturbance", "believed", "disturbance_of"]

SHORT_SECONDS, ENOUGH_CALLS = 0.002, 20
TOGETHER = 5  # benchmarks
QUIET = 0.05  # garbage collectors and timers take as much


@dataclass(frozen=True)
class Disturbance:
    """Of two files: the share of each that others took, and the log of what all moved by.

    moved: None of too few benchmarks to tell.
    """

    taken: Mapping[str, float]
    moved: float | None

    def margin(self, lone: float) -> float:
        """The least that is believed, where `lone` is the noise between processes."""
        if self.moved is not None and abs(self.moved) > math.log1p(lone):
            return lone
        return (1 + lone) / (1 - max(self.taken.values())) - 1

    def lines(self, lone: float) -> Iterator[str]:
        """One where less is believed for it."""
        margin = self.margin(lone)
        said = " and ".join(
            f"{share:.0%} of {side}'s" for side, share in self.taken.items() if share
        )
        if said and margin > lone:
            yield (
                f"{said} time went beyond the calls' medians, as beside other work: of one process "
                f"a side nothing below {margin:.0%} is believed; measure again on a quieter "
                "machine, or both in turn"
            )


def disturbance_of(pairs: Sequence[Pair]) -> Disturbance:
    """Of the benchmarks with too few processes to tell how processes differ."""
    lone = [pair for pair in pairs if pair.is_lone]
    sides = {"BASE": [pair.base for pair in lone], "HEAD": [pair.head for pair in lone]}
    moved = [log for pair in lone if (log := _log_of_fastest(pair)) is not None]
    return Disturbance(
        {side: _taken(every) for side, every in sides.items()},
        median(moved) if len(moved) >= TOGETHER else None,
    )


def believed(pairs: Sequence[Pair], found: Disturbance) -> list[Pair]:
    """With the margin of each that has one process a side."""
    return [_wider(pair, found) if pair.is_lone else pair for pair in pairs]


def _wider(pair: Pair, found: Disturbance) -> Pair:
    margin = found.margin(pair.terms.lone_margin)
    if margin == pair.terms.lone_margin:
        return pair
    return replace(pair, terms=replace(pair.terms, lone_margin=margin))


def _taken(sides: Sequence[Series]) -> float:
    shares = [share for side in sides if (share := _above_the_median(side)) is not None]
    taken = median(shares) if shares else 0.0
    return taken if taken > QUIET else 0.0


def _above_the_median(side: Series) -> float | None:
    """1 - median / mean; None of long calls, and of few."""
    times = [time for one in side for time in one.seconds]
    if times:
        count, middle, mean = len(times), median(times), fmean(times)
    elif len(side) == 1 and (told := side[0].summary) and told.mean is not None:
        count, middle, mean = told.rounds, told.median, told.mean
    else:
        return None
    return 1 - middle / mean if count >= ENOUGH_CALLS and middle <= SHORT_SECONDS else None


def _log_of_fastest(pair: Pair) -> float | None:
    base, head = (_fastest(side) for side in (pair.base, pair.head))
    return math.log(head / base) if base and head else None


def _fastest(side: Series) -> float | None:
    if not all(one.seconds or one.summary for one in side):
        return None
    told = (one.summary.min for one in side if one.summary)
    return min((*(time for one in side for time in one.seconds), *told))
