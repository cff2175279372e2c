"""In which block a node is recorded: its path from the outermost block, such as "encoder.layers.0".

Blocks say that they are entered while something is traced; what they hold is asked of the outermost
one, once. They lie above: here is what they are made as.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["Nested", "current_block", "entered_block", "inside_block"]


class Nested:
    """What knows the others of its kind that are directly in it, by name: a block."""

    def children(self) -> Iterator[tuple[str, Any]]:
        raise NotImplementedError


_Paths = Mapping[int, str]  # id of a block in the outermost one -> its path
_current: ContextVar[tuple[_Paths, str] | None] = ContextVar("isthmus block", default=None)


def current_block() -> str:
    """The path of the block whose `forward` is running; "" outside of all, and in the outermost."""
    found = _current.get()
    return "" if found is None else found[1]


@contextmanager
def entered_block(block: Nested) -> Iterator[None]:
    """For as long as the block's `forward` runs; what the outermost does not hold has its path."""
    outer = _current.get()
    paths, place = (_paths(block), "") if outer is None else outer
    token = _current.set((paths, paths.get(id(block), place)))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def inside_block(path: str) -> Iterator[None]:
    """For as long as nodes are recorded that were of this block, as of a program that is read."""
    token = _current.set(({}, path))
    try:
        yield
    finally:
        _current.reset(token)


def _paths(block: Nested) -> _Paths:
    """The block and those in it; one in several places has its first name, as its parameters do."""
    found: dict[int, str] = {}
    waiting: list[tuple[str, Any]] = [("", block)]
    for path, held in waiting:
        if id(held) not in found:
            found[id(held)] = path
            names = held.children()
            waiting += [(f"{path}.{name}" if path else name, child) for name, child in names]
    return found
