"""Which body of a loop or branch is being traced, so that no handle from outside is assigned to.

A body runs any number of times, or never. An assignment to an array from outside would have to
happen as often, which the handle cannot tell: it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from isthmus.graph.nodes import next_number

__all__ = ["Scope", "current", "entered", "is_outside"]


class Scope:
    """One body while it is traced; nodes it makes have numbers from `since`."""

    __slots__ = ("outer", "since")

    def __init__(self, outer: Scope | None) -> None:
        self.outer = outer
        self.since = next_number()


_current: ContextVar[Scope | None] = ContextVar("isthmus scope", default=None)


def current() -> Scope | None:
    """The innermost body that is being traced; None outside of all."""
    return _current.get()


@contextmanager
def entered() -> Iterator[Scope]:
    """A body inside the current one, for as long as it is traced."""
    scope = Scope(_current.get())
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


def is_outside(scope: Scope | None) -> bool:
    """Whether what was made in a scope is from outside of the body that is being traced."""
    inner = _current.get()
    while inner is not None:
        if inner is scope:
            return False
        inner = inner.outer
        if inner is scope:
            return True
    return False
