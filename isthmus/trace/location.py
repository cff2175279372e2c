"""The line of the user's program that a node is recorded for, which its errors name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["located", "user_line"]

_PACKAGE = str(Path(__file__).parents[1])
_given: ContextVar[str | None] = ContextVar("isthmus location", default=None)


@contextmanager
def located(place: str) -> Iterator[None]:
    """For as long as nodes are recorded that are of this place, and not of the caller's line.

    place: "" for nodes of a program whose lines are not known, such as one read from a file.
    """
    token = _given.set(place)
    try:
        yield
    finally:
        _given.reset(token)


def user_line() -> str:
    """`file:line` of the nearest caller outside this package; asked by what an operator calls."""
    given = _given.get()
    if given is not None:
        return given
    frame = sys._getframe(3)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
