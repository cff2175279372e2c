"""Locks on open files, which end with the process that holds them, however it ends."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

__all__ = ["is_locked", "lock"]

# Not on Windows, where a file that is open cannot be removed anyway.
_fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None


def lock(file: IO[Any]) -> None:
    """Lock an open file until it is closed. OSError where another has it."""
    if _fcntl is not None:
        _fcntl.flock(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB)


def is_locked(path: Path) -> bool:
    """Whether a process has the file locked. OSError where it cannot be opened."""
    if _fcntl is None:
        return False
    with path.open("rb") as file:
        try:
            _fcntl.flock(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
