"""Which candidates go, when all is known, and which one is taken: rules on the turns they had."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .entry import Cost, Entry, ratio

__all__ = ["KEPT", "LEAST_ROUNDS", "choose", "is_decided", "outdone", "ranked", "spared"]

LEAST_ROUNDS = 8  # from which on the intervals are those of signed ranks
WORTH = 1.01  # what is closer than that is equally good
KEPT = 3  # at least, of a stage
CLEARLY = 1.1  # times the best's median


def ranked(racing: Sequence[Entry], cost: Cost) -> list[Entry]:
    """The best first."""
    return sorted(racing, key=lambda entry: entry.cost(cost))


def spared(racing: Sequence[Entry], default: Entry, cost: Cost) -> list[Entry]:
    """The default, and the best of float32 beside it: what is left where all that round miss the
    accuracy when more samples are looked at."""
    exact = [e for e in ranked(racing, cost) if e.setting.is_exact and e is not default]
    return [default, *exact[:1]]


def outdone(racing: Sequence[Entry], default: Entry, cost: Cost) -> list[tuple[Entry, float]]:
    """Those of the worse half that are clearly slower than the best, and how many times as slow.

    Slower: the interval says so, or the medians do by a tenth. None that is `spared` is among them.
    """
    order, stay = ranked(racing, cost), spared(racing, default, cost)
    found = []
    for entry in order[max(KEPT, math.ceil(len(order) / 2)) :]:
        times = ratio(entry, order[0], cost)
        if all(entry is not one for one in stay) and (
            times.interval()[0] > 1 or times.ratio > CLEARLY
        ):
            found.append((entry, times.ratio))
    return found


def is_decided(racing: Sequence[Entry], default: Entry, cost: Cost) -> bool:
    """Whether nobody may be better than the best by what is worth while, and it is known whether
    the best is better than the default."""
    best, *others = ranked(racing, cost)
    if len(best.windows) < LEAST_ROUNDS:
        return False
    ends = {id(entry): ratio(entry, best, cost).interval() for entry in others}
    low, high = ends.get(id(default), (math.inf, math.inf))
    return all(low > 1 / WORTH for low, _ in ends.values()) and (low > 1 or high < WORTH)


def choose(racing: Sequence[Entry], default: Entry, cost: Cost) -> Entry:
    """The best, or what is as good and keeps more of the numbers; the default unless another was
    seen to be faster than it, in the rounds that both had.

    As good: the interval of the ratio holds 1, or the ratio is below 1.01.
    """
    best = ranked(racing, cost)[0]
    tied = [entry for entry in racing if entry is best or _as_good(entry, best, cost)]
    if default in tied:
        return default
    faster = [entry for entry in tied if ratio(entry, default, cost).interval()[1] < 1]
    return min(faster, key=lambda entry: entry.setting.preference, default=default)


def _as_good(entry: Entry, best: Entry, cost: Cost) -> bool:
    found = ratio(entry, best, cost)
    return found.interval()[0] <= 1 or found.ratio < WORTH
