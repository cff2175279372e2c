"""Names from the sizes that show them: h from an axis of size 4*h + 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .dims import Dim, plain_name

__all__ = ["Solution", "solutions"]


class Solution(NamedTuple):
    """name = (size - rest) // factor, which leaves nothing."""

    size: Dim
    rest: int | Dim
    factor: int


def solutions(shown: Sequence[Dim]) -> dict[str, Solution]:
    """How sizes that arrays show tell the names that are no size themselves.

    >>> from isthmus.graph.size_text import parse
    >>> solutions([parse("w"), parse("4*h + w")])
    {'h': Solution(size=4*h + w, rest=w, factor=4)}
    """
    known = {name for size in shown if (name := plain_name(size)) is not None}
    found: dict[str, Solution] = {}
    for _ in shown:  # each time at least one more name, or none that is left can be told
        for size in shown:
            unknown = size.names() - known
            solved = _solved(size, *unknown) if len(unknown) == 1 else None
            if solved is not None:
                found.update(dict.fromkeys(unknown, solved))
                known |= unknown
    return found


def _solved(size: Dim, name: str) -> Solution | None:
    factor = dict(size.terms).get((name,), 0)
    rest = size - factor * Dim({(name,): 1})
    inside = isinstance(rest, Dim) and name in rest.names()
    return Solution(size, rest, factor) if factor > 0 and not inside else None
