"""How long a turn is: as in the harness, or some calls."""

from __future__ import annotations

from isthmus.benchmarks.portable.timing.timing import TURN_SECONDS

__all__ = ["COLD_SECONDS", "turn_seconds"]

TURN_CALLS, LONGEST_TURN_SECONDS = 2, 1.0
COLD_SECONDS = 0.25  # a call that takes longer is none to warm caches up for


def turn_seconds(call_seconds: float) -> float:
    """0.1 s or two calls, the longer; a second at most, in which there is always a call.

    >>> turn_seconds(0.001), turn_seconds(0.1), turn_seconds(5.0)
    (0.1, 0.2, 1.0)
    """
    return min(max(TURN_SECONDS, TURN_CALLS * call_seconds), LONGEST_TURN_SECONDS)
