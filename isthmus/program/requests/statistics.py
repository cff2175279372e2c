"""How much of what batches computed was asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock

from .forks import forgets_at_fork

__all__ = ["Counter", "Stats"]


@dataclass(frozen=True)
class Stats:
    """What `Executable.map` has run in batches, summed over all its calls.

    items: that were given. runs: of the program. asked, computed: tokens, which are an item's named
    sizes multiplied, without and with padding.

    >>> from isthmus.program.requests.statistics import Stats
    >>> Stats(items=2, runs=1, asked=30, computed=40).padding
    0.25
    """

    items: int = 0
    runs: int = 0
    asked: int = 0
    computed: int = 0

    @property
    def padding(self) -> float:
        """1 - asked / computed: the part of the work that was padding."""
        return 1 - self.asked / self.computed if self.computed else 0.0

    def __str__(self) -> str:
        return (
            f"{self.items:,} items in {self.runs:,} runs, {self.asked:,} tokens asked, "
            f"{self.computed:,} computed ({self.padding:.1%} padding)"
        )


class Counter:
    """Adds up, from several threads."""

    def __init__(self) -> None:
        self.total = Stats()
        self.lock = Lock()
        forgets_at_fork(self)

    def forget(self) -> None:
        """In a forked process: who had the lock."""
        self.lock = Lock()

    def add(self, items: int, asked: int, computed: int) -> None:
        """One run more."""
        with self.lock:
            old = self.total
            self.total = replace(
                old,
                items=old.items + items,
                runs=old.runs + 1,
                asked=old.asked + asked,
                computed=old.computed + computed,
            )
