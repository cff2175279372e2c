"""What a forked process must not take over: threads that are not in it, locks that they hold."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["Forgets", "forgets_at_fork"]


class Forgets(Protocol):
    """Something with threads or locks."""

    def forget(self) -> None:
        """Begin anew, in a process that was forked."""


_known: WeakSet[Forgets] = WeakSet()


def forgets_at_fork(each: Forgets) -> None:
    """From now on `forget` is called in forked processes, as long as the object lives."""
    _known.add(each)


def _forget_all() -> None:
    for each in list(_known):
        each.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
