"""What Linux says of a process: for tests of processes that are stopped or ended."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep

__all__ = ["becomes", "state"]

LONG_SECONDS = 60.0  # a signal takes its time to arrive where others are at work


def state(pid: int) -> str:
    """R runs, S sleeps, T is stopped, Z has ended; "" for none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def becomes(pid: int, *states: str) -> bool:
    """Whether it is in one of the states before long."""
    until = monotonic() + LONG_SECONDS
    while state(pid) not in states:
        if monotonic() > until:
            return False
        sleep(0.01)
    return True
