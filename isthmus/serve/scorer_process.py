"""What this process has opened: each program once, whichever thread asks for it first.

Engines hand a new copy of a scorer to every task, and run thousands of tasks in a process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from isthmus.program.requests.forks import forgets_at_fork

__all__ = ["Opened", "opened_here"]

MOST = 4  # programs that a process keeps; the one used longest ago goes first


class Opened:
    """Values by key. A forked process makes its own, since its copies have lost the runtime's
    threads, and keeps those as they are: ending them would wait for these threads.

    >>> from isthmus.serve.scorer_process import Opened
    >>> opened = Opened(most=2)
    >>> opened("a", lambda: 1), opened("a", lambda: 2)
    (1, 1)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.inherited: list[object] = []
        self.lock = threading.Lock()
        self.known: OrderedDict[Hashable, _Once] = OrderedDict()
        forgets_at_fork(self)

    def forget(self) -> None:
        """Begin anew, in a process that was forked."""
        self.inherited.append(self.known)
        self.lock, self.known = threading.Lock(), OrderedDict()

    def __call__(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of a key. Threads that ask for one that is being made wait for it."""
        with self.lock:
            once = self.known.setdefault(key, _Once())
            self.known.move_to_end(key)
            gone = [self.known.popitem(last=False) for _ in range(len(self.known) - self.most)]
        del gone  # outside of the lock: a program takes its time to end
        return once(make)


class _Once:
    """A value that is made once, or tried again where making it raised."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Any = None

    def __call__(self, make: Callable[[], Any]) -> Any:
        with self.lock:
            if self.value is None:
                self.value = make()
            return self.value


opened_here = Opened(MOST)
