"""The threads of BLAS and LAPACK, by which NumPy computes products and solves equations.

Their number belongs to the process, not to the thread that calls. So the limits in force are
counted here: the smallest holds, and what was set before comes back with the last one. Only where
a library is built on OpenMP has each calling thread a number of its own.
"""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import Any

__all__ = ["at_most", "find_libraries"]


class Limits:
    """The limits in force, of all threads of the process."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.shared: list[Any] = []  # controllers of threadpoolctl, of libraries that count once
        self.own: list[Any] = []  # and of those that count for each thread
        self.modules = 0  # imported when the libraries were looked for
        self.before: list[int] = []  # the threads of each shared library without any limit
        self.active: list[int] = []

    def find(self) -> None:
        """Look for libraries again if modules were imported since, which may have brought some.

        That takes a millisecond or more, so it is done where programs are loaded.
        """
        with self.lock:
            if self.active or self.modules == len(sys.modules):
                return
            from threadpoolctl import ThreadpoolController

            found = ThreadpoolController().select(user_api="blas").lib_controllers
            self.own = [library for library in found if _is_for_each_thread(library)]
            self.shared = [library for library in found if not _is_for_each_thread(library)]
            self.modules = len(sys.modules)

    def enter(self, threads: int) -> bool:
        """Whether a limit was set; it is not where it is no limit, and need not be left then."""
        with self.lock:
            if not self.active:
                self.before = [library.num_threads for library in self.shared]
            if threads >= max(self.before, default=0):
                return False
            self.active.append(threads)
            self._set()
            return True

    def leave(self, threads: int) -> None:
        with self.lock:
            self.active.remove(threads)
            self._set()

    def _set(self) -> None:
        least = min(self.active, default=None)
        for library, before in zip(self.shared, self.before, strict=True):
            _set(library, before if least is None else min(before, least))

    def forget(self) -> None:
        """In a process that was forked: the threads that had set limits are not in it."""
        self.lock = Lock()
        if self.active:
            self.active = []
            self._set()


def _is_for_each_thread(library: Any) -> bool:
    return getattr(library, "threading_layer", "") in ("openmp", "gomp")


def _set(library: Any, threads: int) -> None:
    """Set it from any thread: threadpoolctl 3.8 ignores all but the first that ever set it, which
    is right for limits that nobody counts."""
    let_go = getattr(library, "clear_controlling_thread", None)
    if let_go is not None:
        let_go(force=True)
    library.set_num_threads(threads)
    if let_go is not None:
        let_go(force=True)


_limits = Limits()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_limits.forget)


def find_libraries() -> None:
    """Look for the libraries that `at_most` limits, if there may be new ones."""
    _limits.find()


class at_most:
    """BLAS and LAPACK in so many threads meanwhile, or fewer: never in more than were set before.

    Where other threads have limits of their own the smallest holds for all.

    >>> import numpy
    >>> from isthmus.system.blas import at_most
    >>> with at_most(1):
    ...     product = numpy.ones((2, 2)) @ numpy.ones((2, 2))
    """

    __slots__ = ("entered", "own", "threads")

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def __enter__(self) -> None:
        self.entered = _limits.enter(self.threads)
        self.own = [(library, library.num_threads) for library in _limits.own]
        for library, before in self.own:
            library.set_num_threads(min(before, self.threads))

    def __exit__(self, *_: object) -> None:
        for library, before in self.own:
            library.set_num_threads(before)
        if self.entered:
            _limits.leave(self.threads)
