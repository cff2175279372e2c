"""Sizes that only values decide: which array shows each, and which nodes must wait for it.

`np.arange(np.flatnonzero(x).shape[0])` has no operand that depends on x. Its node is told by
`Node.shown` to come after the one that finds the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Graph, Node, Result, Value, topological

__all__ = [
    "finders_are",
    "finds_sizes",
    "is_recording",
    "record_sizes",
    "recording",
    "shown_outside",
]

# The node that finds each size, by the size's name, in the program that is being recorded.
_finders: ContextVar[dict[str, Node] | None] = ContextVar("isthmus finders", default=None)


@contextmanager
def recording() -> Iterator[None]:
    """For as long as a program is recorded, perhaps inside of another."""
    token = _finders.set(dict(_finders.get() or {}))
    try:
        yield
    finally:
        _finders.reset(token)


def is_recording() -> bool:
    """Whether a function is being traced."""
    return _finders.get() is not None


def record_sizes(node: Node) -> None:
    """Enter the size that the node finds, and in its `shown` what it must wait for."""
    finders_are([node])
    known = _finders.get()
    if known:
        shapes = [value.type.shape for value in node.operands if value is not None]
        used = sorted(set(_used_names(node)) - set(_names(shapes)))
        node.shown = tuple(known[name].results[0] for name in used if name in known)


def finders_are(nodes: Sequence[Node]) -> None:
    """Say that these nodes find their sizes from now on, such as copies that took a place."""
    known = _finders.get()
    if known is None:
        return
    for node in nodes:
        if node.discovered is not None:
            known.update(dict.fromkeys(node.discovered.names(), node))


def _used_names(node: Node) -> Iterator[str]:
    found = set() if node.discovered is None else node.discovered.names()
    parts = (list(node.attributes.values()), [result.type.shape for result in node.results])
    yield from (name for name in _names(parts) if name not in found)


def shown_outside(results: Sequence[Value], since: int) -> tuple[Value, ...]:
    """What nodes numbered from `since`, of which the results are made, wait for outside of them."""
    inner = topological(results, since=since)
    found = (value for node in inner for value in node.shown)
    outside = (v for v in found if isinstance(v, Result) and v.node.made < since)
    return tuple({id(value): value for value in outside}.values())


def finds_sizes(node: Node) -> bool:
    """Whether the node finds a size, or what it is made of does."""
    if node.discovered is not None:
        return True
    outside = {id(value.node) for value in node.needs if isinstance(value, Result)}
    return any(map(finds_sizes, topological(node.expansion, outside)))


def _names(part: Any) -> Iterator[str]:
    """The names in an attribute that the tracer gave, so that values decide them."""
    match part:
        case Dim():
            yield from (name for name in part.names() if "__" in name)
        case tuple() | list():
            for one in part:
                yield from _names(one)
        case slice():
            yield from _names((part.start, part.stop, part.step))
        case Graph():
            inner = list(part.all_nodes())
            found: set[str] = {
                n for node in inner if node.discovered is not None for n in node.discovered.names()
            }
            used = (name for node in inner for name in _used_names(node))
            yield from (name for name in used if name not in found)
