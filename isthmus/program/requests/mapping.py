"""`Executable.map`: items in, results out, each item alone or several in a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.errors import UsageError

from .batches import Batches, Failure, Outcome
from .joining import Item
from .results import Results, Waited
from .workers import Workers

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["WINDOW", "as_arguments", "check_numbers", "in_batches", "one_by_one"]

WINDOW = 16  # batches of items are held, unless the caller says how many items

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def as_arguments(item: Any) -> Arguments:
    """An item as arguments: a dict is by name, a tuple by position, another the only one."""
    if isinstance(item, dict):
        return (), item
    return (item if isinstance(item, tuple) else (item,)), {}


def check_numbers(batch: Any, window: Any) -> None:
    """UsageError for what is no number of items."""
    for name, number in {"batch": batch, "window": window}.items():
        whole = isinstance(number, int) and not isinstance(number, bool)
        if number is not None and not (whole and number >= 1):
            raise UsageError(f"{name}={number!r}: give a whole number from 1, or leave it out")


def one_by_one(
    items: Iterable[Any], window: int, workers: Workers, call: Callable[..., Any]
) -> Results:
    """The result of a call for each item."""

    def begin(some: Sequence[Any]) -> tuple[list[Waited], list[Future[Any]]]:
        futures = [workers.submit(_called, call, item) for item in some]
        return [future.result for future in futures], futures

    return Results(items, max(1, window // 2), begin)


def _called(call: Callable[..., Any], item: Any) -> Any:
    args, kwargs = as_arguments(item)
    return call(*args, **kwargs)


def in_batches(
    items: Iterable[Any],
    batch: int,
    window: int,
    workers: Workers,
    batches: Batches,
    taken: Callable[[Any], Item],
    nested: Callable[[list[Any]], Any],
) -> Results:
    """The result of each item, of which up to `batch` are run at once.

    taken: an item as it is joined. nested: outputs as the function returned them.
    """

    def begin(some: Sequence[Any]) -> tuple[list[Waited], list[Future[Any]]]:
        outcomes: dict[int, Waited] = {}
        good: dict[int, Item] = {}
        for position, item in enumerate(some):
            try:
                good[position] = taken(item)
            except Exception as error:
                outcomes[position] = _place(None, 0, Failure(error), nested)
        futures = []
        for group in batches.groups(good, batch):
            future = workers.submit(batches.run, [good[position] for position in group])
            futures.append(future)
            for number, position in enumerate(group):
                outcomes[position] = _place(future, number, None, nested)
        return [outcomes[position] for position in range(len(some))], futures

    return Results(items, max(1, window // 2), begin)


def _place(
    future: Future[list[Outcome]] | None,
    number: int,
    failure: Failure | None,
    nested: Callable[[list[Any]], Any],
) -> Waited:
    """The result with a number in a group's, or the exception that is there."""

    def waited() -> Any:
        found = failure if future is None else future.result()[number]
        if isinstance(found, Failure):
            raise found.error
        assert found is not None
        return nested(found)

    return waited
