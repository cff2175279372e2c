"""Real measurements on a machine that others use: what needs a quiet moment waits for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from isthmus.errors import IsthmusError

__all__ = ["in_a_quiet_moment"]

TRIES = 6
DISTURBED = "no turns of both sides were undisturbed"

Found = TypeVar("Found")


def in_a_quiet_moment(measure: Callable[[], Found]) -> Found:
    """What it finds; measured again where the harness says that others disturbed all of it."""
    for _ in range(TRIES - 1):
        try:
            return measure()
        except IsthmusError as problem:
            if DISTURBED not in str(problem):
                raise
    return measure()
