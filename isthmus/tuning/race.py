"""The race: candidates are opened one by one, take turns, and the worst are given up early.

Along one axis after the other (`axes`), variants of the best so far are opened, answer the samples
and are measured in a turn or two; then all that are left take turns, round by round, and those that
are clearly slower or in the worse half go (successive halving: Jamieson and Talwalkar 2016,
arXiv:1502.07943). At last the few that are left and the default take turns until the time is over
or all is decided. The default is in every round, so that what is chosen was compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from isthmus.errors import IsthmusError
from isthmus.reports.stats.intervals import FEWEST_ROUNDS

from .axes import Axis
from .candidates import Candidates
from .choosing import KEPT, LEAST_ROUNDS, is_decided, outdone, ranked, spared
from .confirming import confirmed, confirming_seconds
from .entry import Entry
from .turn_length import turn_seconds

__all__ = ["race"]

HALVING_ROUNDS, MOST_ROUNDS = 3, 200
FINALISTS = 3  # beside the default, and the best of float32
OVERTIME = 1.2  # times the budget, at most, for an interval
RESERVED_ROUNDS, MOST_RESERVED = 12, 0.5  # for the last stage, and the most of the budget they are


def race(candidates: Candidates, axes: Sequence[Axis]) -> Entry:
    """The one that is chosen; no process is left, whatever happens.

    Raises IsthmusError where no runtime runs the program.
    """
    try:
        candidates.open_default()
        for axis in axes:
            _along(axis, candidates)
        _last_stage(candidates)
        return confirmed(candidates)
    finally:
        candidates.close()


def _along(axis: Axis, candidates: Candidates) -> None:
    """Variants of the best so far, and a stage of all."""
    cost = candidates.terms.cost
    order = ranked(candidates.racing, cost)
    most = axis.within * order[0].cost(cost)
    leaders = [entry for entry in order if entry.cost(cost) <= most][: axis.leaders]
    until, before = _until(candidates), len(candidates.racing)
    columns = [axis.variants(leader.setting, candidates.offer) for leader in leaders]
    for row in zip_longest(*columns):  # the likeliest of each leader before the others of the first
        for setting in filter(None, row):
            candidates.attempt(setting, until)
    if len(candidates.racing) > max(KEPT, before):
        _rounds(candidates, HALVING_ROUNDS, "taking turns")
        for entry, times in outdone(candidates.racing, candidates.default, cost):
            entry.ends("slower", f"{times:.3g} times the best")


def _until(candidates: Candidates) -> float:
    """When candidates have to be there, so that rounds of the last stage are left, and time to
    confirm what they give."""
    budget, best = candidates.terms.budget_seconds, ranked(candidates.racing, candidates.terms.cost)
    last = [candidates.default, *best[:FINALISTS]]
    calls = [entry.contestant.call_seconds for entry in last if entry.contestant is not None]
    reserved = RESERVED_ROUNDS * sum(map(turn_seconds, calls))
    return budget - min(reserved + confirming_seconds(candidates), MOST_RESERVED * budget)


def _last_stage(candidates: Candidates) -> None:
    cost = candidates.terms.cost
    order = ranked(candidates.racing, cost)
    others = [entry for entry in order if entry is not candidates.default]
    stay = spared(candidates.racing, candidates.default, cost)
    for entry in others[FINALISTS:]:
        if any(entry is one for one in stay):
            continue
        times = entry.cost(cost) / order[0].cost(cost)
        entry.ends("slower", f"{times:.3g} times the best, and not among the last")

    confirming = confirming_seconds(candidates)

    def is_over() -> bool:
        """Where the budget is, though not before an interval is known, if that is soon."""
        budget, spent = candidates.terms.budget_seconds, candidates.spent
        rounds = len(candidates.default.windows)
        if spent > budget - confirming and rounds >= LEAST_ROUNDS:
            return True
        if spent > budget and rounds >= FEWEST_ROUNDS:
            return True
        if spent > OVERTIME * budget:
            return True
        return bool(others) and is_decided(candidates.racing, candidates.default, cost)

    _rounds(candidates, MOST_ROUNDS if others else LEAST_ROUNDS, "the last stage", is_over)


def _rounds(
    candidates: Candidates, most: int, text: str, is_over: Callable[[], bool] = lambda: False
) -> None:
    """So many rounds at most, in every second of which they go the other way round."""
    for entry in candidates.racing:
        entry.windows = []
    for number in range(most):
        candidates.say(f"{text}: {len(candidates.racing)} settings")
        for entry in candidates.racing[:: 1 if number % 2 == 0 else -1]:
            candidates.turn(entry)
        default = candidates.default
        if not default.races:
            raise IsthmusError(f"{default.setting}, the default, {default.reason}")
        if is_over():
            return
