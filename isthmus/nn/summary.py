"""A block as a table: what each block in it returns, and how many parameters it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from isthmus.graph.tree import leaves

from .held import Holder

__all__ = ["returned", "table", "watching"]

Results = dict[int, str]  # id of a block -> the types of what it returned first
_watched: ContextVar[Results | None] = ContextVar("isthmus summary", default=None)

HEADS = ("block", "type", "result", "parameters")


@contextmanager
def watching() -> Iterator[Results]:
    """For as long as a block is traced: what the blocks in it return."""
    found: Results = {}
    token = _watched.set(found)
    try:
        yield found
    finally:
        _watched.reset(token)


def returned(block: Holder, result: Any) -> None:
    """Take note of what a block returned, if somebody watches."""
    found = _watched.get()
    if found is not None:
        types = (str(getattr(leaf, "type", "")) for _, leaf in leaves(result))
        found.setdefault(id(block), ", ".join(filter(None, types)))


def table(rows: Sequence[tuple[str, str, str, int]], total: int) -> str:
    """Rows of (path, type, result, parameters) in columns, and the sum below."""
    texts = [HEADS, *((name, kind, result, f"{count:,}") for name, kind, result, count in rows)]
    texts.append(("", "", "all, each once", f"{total:,}"))
    widths = [max(len(row[i]) for row in texts) for i in range(len(HEADS))]
    return "\n".join(_line(row, widths) for row in texts)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    *words, number = row
    cells = [word.ljust(width) for word, width in zip(words, widths, strict=False)]
    return "  ".join([*cells, number.rjust(widths[-1])]).rstrip()
