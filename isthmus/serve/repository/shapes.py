"""Sizes that requests may have: those that clients pad to, and that are run as a server starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.nodes import Graph
from isthmus.graph.shapes import evaluate
from isthmus.program.inputs import Binder

from .settings import BUCKETS

__all__ = ["buckets_of", "shapes_at", "taken"]

Sizes = Mapping[str, int]


def buckets_of(
    graph: Graph, batch: str | None, given: Mapping[str, Sequence[int]]
) -> list[dict[str, int]]:
    """Sizes of all names but the batch's, from small to large; [{}] where there are none.

    Of several names the first sizes go together, the second ones, and so on, the last of a name
    that has fewer again. Raises UsageError for an unknown name, and for a given size that the
    program does not take.
    """
    names = [name for name in graph.dimension_names() if name != batch]
    if unknown := sorted(given.keys() - set(names)):
        has = f"it has {', '.join(names)}" if names else "it has none beside the batch"
        raise UsageError(f"buckets of {unknown[0]}: the program has no such size; {has}")
    if not names:
        return [{}]
    columns = {name: sorted(set(given.get(name) or BUCKETS)) for name in names}
    longest = max(map(len, columns.values()))
    rows = [
        {name: sizes[min(row, len(sizes) - 1)] for name, sizes in columns.items()}
        for row in range(longest)
    ]
    return [row for row in rows if _is_taken(graph, batch, row, given)]


def taken(graph: Graph, sizes: Sizes) -> None:
    """DimensionError for sizes that the program does not take."""
    shapes = shapes_at(graph, sizes)
    types = [replace(value.type, shape=shapes[value.name]) for value in graph.inputs]
    Binder(graph).sizes_of(types)


def shapes_at(graph: Graph, sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """The shape of each input, by name."""
    return {
        value.name: tuple(evaluate(size, sizes) for size in value.type.shape)
        for value in graph.inputs
    }


def _is_taken(
    graph: Graph, batch: str | None, row: Sizes, given: Mapping[str, Sequence[int]]
) -> bool:
    sizes = {**row, **({batch: 1} if batch is not None else {})}
    try:
        taken(graph, sizes)
        return min((n for shape in shapes_at(graph, sizes).values() for n in shape), default=1) > 0
    except DimensionError as problem:
        if given.keys() == set(row):  # all of it was asked for
            raise UsageError(f"buckets: {problem}") from None
        return False
