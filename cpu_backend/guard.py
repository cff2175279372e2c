"""No request is made while another of its program runs: the plugin reads the graph for it without
taking the graph's lock (2026.4), where a run may be changing its sizes. Seen once in some 100,000
calls of 64 threads, as the end of the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

__all__ = ["Guard"]


class Guard:
    """As many places to run as the program has streams; whoever makes a request takes them all.

    >>> from isthmus.cpu_backend.guard import Guard
    >>> guard = Guard(streams=2)
    >>> place = guard.taken()
    >>> place.release()
    >>> with guard.all_taken():
    ...     print(guard.places[0].locked(), guard.places[1].locked())
    True True
    """

    def __init__(self, streams: int) -> None:
        self.places = [threading.Lock() for _ in range(streams)]
        self.turns = count()

    def taken(self) -> threading.Lock:
        """A place to run, which the caller releases; a free one if there is any."""
        for place in self.places:
            if place.acquire(False):
                return place
        place = self.places[next(self.turns) % len(self.places)]
        place.acquire()
        return place

    @contextmanager
    def all_taken(self) -> Iterator[None]:
        """Nobody runs meanwhile."""
        for place in self.places:  # always in this order, so that two wait for each other never
            place.acquire()
        try:
            yield
        finally:
            for place in self.places:
                place.release()
