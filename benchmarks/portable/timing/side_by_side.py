"""Queries that are sent when they are due, whether those before them are answered or not.

So a server's own queue is measured: it may compute together what waits, and refuse too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

Call = Callable[[Any], Any]
Clock = Callable[[], float]

__all__ = ["Unanswered", "at_once_of", "serve_side_by_side", "with_side_by_side"]

_AT_ONCE = "queries_at_once"


class Unanswered(Exception):
    """A query that is refused for lack of time or room: the rate is too high."""


def with_side_by_side(call: Call, at_once: int) -> Call:
    """The function itself, of which from now on so many calls may be made at once."""
    vars(call)[_AT_ONCE] = at_once
    return call


def at_once_of(call: Call) -> int:
    """How many calls may be made at once; 1 of what was not said to take more."""
    return int(getattr(call, _AT_ONCE, 1))


def serve_side_by_side(
    call: Call,
    inputs: Iterable[Any],
    due: Sequence[float],
    at_once: int,
    most_seconds: float,
    clock: Clock,
    sleep: Callable[[float], None],
) -> list[float]:
    """The latency of each query that was answered, from when it was due, in the order of these.

    One that comes when so many are out waits for a place, and its time counts. Nothing is sent
    after `most_seconds`.
    """
    began = clock()

    def answered(at: float, arrays: Any) -> float | None:
        if clock() - began > most_seconds:
            return None
        try:
            call(arrays)
        except Unanswered:
            return None
        return clock() - began - at

    sent: list[Future[float | None]] = []
    with ThreadPoolExecutor(at_once) as threads:
        for at, arrays in zip(due, inputs, strict=False):
            if clock() - began > most_seconds:
                break
            # No spinning on the clock as for a program in this process: the threads need the time.
            sleep(max(0.0, began + at - clock()))
            sent.append(threads.submit(answered, at, arrays))
        found = [one.result() for one in sent]
    return [latency for latency in found if latency is not None]
