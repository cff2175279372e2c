"""How long a turn is: as in the harness, or some calls."""

from __future__ import annotations

from isthmus.benchmarks.portable.timing.timing import TURN_SECONDS

__all__ = ["LONGEST_TURN_SECONDS", "turn_seconds"]

TURN_CALLS, LONGEST_TURN_SECONDS = 3, 1.0


def turn_seconds(call_seconds: float) -> float:
    """0.1 s or three calls, the longer; a second at most, in which there is always a call.

    >>> turn_seconds(0.001), turn_seconds(0.1), turn_seconds(5.0)
    (0.1, 0.30000000000000004, 1.0)
    """
    return min(max(TURN_SECONDS, TURN_CALLS * call_seconds), LONGEST_TURN_SECONDS)
