"""A bounded cache of what takes long to make: the entry used longest ago goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

T = TypeVar("T")


class Recent(Generic[T]):
    """At most so many values by their keys, any number for None; safe from several threads.

    What went is in use for as long as somebody has it. Two threads that ask for the same at once
    may both make it, and get the one that is kept.

    >>> from isthmus.program.recent import Recent
    >>> squares = Recent(2)
    >>> [squares(x, lambda x=x: x * x) for x in (2, 3, 2, 4)]
    [4, 9, 4, 16]
    >>> list(squares.known)
    [2, 4]
    """

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.known: OrderedDict[Hashable, T] = OrderedDict()
        self.lock = threading.Lock()

    def __call__(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of the key, made if it is not there."""
        with self.lock:
            if key in self.known:
                self.known.move_to_end(key)
                return self.known[key]
        made = make()  # outside of the lock, since it may take seconds
        gone = []  # and what goes ends outside of it
        with self.lock:
            made = self.known.setdefault(key, made)
            self.known.move_to_end(key)
            while self.most is not None and len(self.known) > self.most:
                gone.append(self.known.popitem(last=False))
        return made

    def __len__(self) -> int:
        return len(self.known)

    def __reduce__(self) -> tuple[object, ...]:
        """A copy begins empty: programs are made again where it is used."""
        return Recent, (self.most,)

    def clear(self) -> None:
        """Drop everything."""
        with self.lock:
            gone, self.known = self.known, OrderedDict()
        gone.clear()
