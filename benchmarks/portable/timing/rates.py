"""How often a second something is done, at its best: the clock of the machine's own peaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

__all__ = ["REPEATS", "best_of", "best_rate", "rate"]

REPEATS = 4
FIRST_SHARE = 4  # the first look at each of several takes so much less


def best_rate(call: Callable[[], object], seconds: float) -> float:
    """Calls per second, in the best of the repeats, each of so many seconds at the least."""
    call()
    return max(rate(call, seconds) for _ in range(REPEATS))


def rate(call: Callable[[], object], seconds: float) -> float:
    """Calls per second over so many seconds, one call at the least."""
    count, started = 0, perf_counter()
    while (passed := perf_counter() - started) < seconds or not count:
        call()
        count += 1
    return count / passed


def best_of(
    calls: Mapping[str, tuple[float, Callable[[], object]]], seconds: float
) -> tuple[str, float]:
    """The name of the call that does most work a second, and how much.

    calls: the work of each, in any unit. All are looked at, and the best timed again.
    """
    looks: dict[str, float] = {}
    for name, (work, call) in calls.items():
        call()
        looks[name] = work * rate(call, seconds / FIRST_SHARE)
    name = max(looks, key=lambda each: looks[each])
    work, call = calls[name]
    return name, max(looks[name], work * best_rate(call, seconds))
