"""The results of many items, in their order, while only a window of the items is held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from isthmus.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Results", "Waited"]

Waited = Callable[[], Any]  # one result, or the item's own exception


class Results(Iterator[Any]):
    """Half a window is read and handed over while the other half is run.

    An item that failed raises its exception where its result would be, and the next call goes on
    behind it. What the iterable itself raises comes behind the results of the items before it, and
    is the end. For one thread. `close`, or dropping the iterator, cancels what has not begun.
    """

    def __init__(
        self,
        items: Iterable[Any],
        half: int,
        begin: Callable[[Sequence[Any]], tuple[list[Waited], list[Future[Any]]]],
    ) -> None:
        """begin: starts items; their results in order, and the futures behind them."""
        self.half = half
        self.begin = begin
        self.waiting: deque[tuple[deque[Waited], list[Future[Any]]]] = deque()
        self.ended = False
        try:
            self.items = iter(items)
        except TypeError:
            raise UsageError(
                f"map: {type(items).__name__} given; give an iterable of items, such as a list"
            ) from None

    def __iter__(self) -> Results:
        return self

    def __next__(self) -> Any:
        while not self.ended and len(self.waiting) < 2:
            self._read()
        while self.waiting and not self.waiting[0][0]:
            self.waiting.popleft()
            if not self.ended:
                self._read()
        if not self.waiting:
            raise StopIteration
        return self.waiting[0][0].popleft()()

    def close(self) -> None:
        """Cancel what has not begun; there are no more results."""
        self.ended = True
        for _, futures in self.waiting:
            for future in futures:
                future.cancel()
        self.waiting.clear()

    __del__ = close

    def _read(self) -> None:
        """Start the next half of a window, if there are items."""
        items: list[Any] = []
        error: Exception | None = None
        try:
            for item in islice(self.items, self.half):
                items.append(item)
        except Exception as problem:
            error = problem
        self.ended = error is not None or len(items) < self.half
        results, futures = self.begin(items) if items else ([], [])
        if error is not None:
            results = [*results, _raising(error)]
        if results:
            self.waiting.append((deque(results), futures))


def _raising(error: Exception) -> Waited:
    def raised() -> Any:
        raise error

    return raised
