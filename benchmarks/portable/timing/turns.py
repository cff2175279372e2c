"""Processes that take turns: one runs, the others are stopped, so that all meet the same machine.

On a shared machine the speed of all processes changes from second to second, for reasons that
nothing inside tells (another guest on the same core). Two processes one after the other meet
different machines; two that alternate every quarter of a second meet the same.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable
from typing import TextIO

__all__ = ["Turns", "end_with_parent"]

TURN, GO = "turn", "go"
SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


class Turns:
    """Asks the harness for a turn, and waits until it is given."""

    def __init__(self, say: Callable[[str], None], hear: TextIO) -> None:
        self._say, self._hear = say, hear

    def __call__(self) -> None:
        """Returns when this process may run. Raises EOFError where the harness has gone."""
        self._say(TURN)
        if self._hear.readline().strip() != GO:
            raise EOFError("the harness has ended")


def end_with_parent() -> None:
    """Be killed when the harness is: a stopped process would stay for ever. Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
