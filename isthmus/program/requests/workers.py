"""The threads that run what was submitted: as many as the backend has streams."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from .forks import forgets_at_fork

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["Workers"]

T = TypeVar("T")


class Workers:
    """Begun with the first request. They end when this object does, or the interpreter, which first
    computes what was submitted and not cancelled.

    A forked process has none of the threads, so it begins its own.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.pool: ThreadPoolExecutor | None = None
        self.lock = Lock()
        forgets_at_fork(self)

    def submit(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
        """The future of a call that a worker makes."""
        with self.lock:
            if self.pool is None:
                from concurrent.futures import ThreadPoolExecutor  # which imports logging

                self.pool = ThreadPoolExecutor(self.count, "isthmus")
            return self.pool.submit(function, *args, **kwargs)

    def forget(self) -> None:
        """In a forked process: the threads, and who had the lock."""
        self.pool, self.lock = None, Lock()
