"""The formulas as graphs that others are compared with, each traced when it is first looked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from isthmus.graph.nodes import Graph, Node, Value, topological
from isthmus.graph.operator import Operator
from isthmus.graph.passes import expand
from isthmus.trace.tracing import spec, traced_once

from .formulas import ROWS, Formula, Row, parameters
from .matching import uses_of
from .views import Call, Product, Sum, View, Views

__all__ = ["Pattern", "Table", "kind_of", "patterns_of"]


class Pattern(NamedTuple):
    """A formula as a graph."""

    value: Value
    views: Views
    row: Row


Kind = tuple[Any, ...]
Table = dict[Kind, list[Pattern]]

ARRAYS: Mapping[str, tuple[int | str, ...]] = {
    "beta": ("c",),
    "epsilon": (),
    "gamma": ("c",),
    "v": ("c", "d"),
    "x": ("n", "c"),
}


def patterns_of(present: Collection[Operator], keeps: Callable[[Node], bool], fast: bool) -> Table:
    """The formulas that a graph of these operators may have, by the kind of their last node.

    keeps: whether a composite is one node of the graph. fast: with those that differ from NumPy.
    """
    found: Table = {}
    for at, row in enumerate(ROWS):
        possible = all(any(op in present for op in one) for one in row.having)
        if not possible or (row.differs and not fast):
            continue
        kept = frozenset(node.op for node in _composites(at) if keeps(node))
        for pattern in _patterns(at, kept):
            found.setdefault(kind_of(pattern.views(pattern.value)), []).append(pattern)
    return found


@cache
def _composites(at: int) -> tuple[Node, ...]:
    """A node of each composite that the formulas of a row are written with."""
    nodes = (n for formula in ROWS[at].formulas for n in _with_parts(_traced(formula).outputs))
    return tuple({node.op: node for node in nodes if node.expansion}.values())


def _with_parts(outputs: Sequence[Value]) -> Iterator[Node]:
    for node in topological(outputs):
        yield node
        yield from _with_parts(node.expansion)


@cache
def _patterns(at: int, kept: frozenset[Operator]) -> tuple[Pattern, ...]:
    found = []
    for formula in ROWS[at].formulas:
        seen = expand(_traced(formula), lambda node: node.op in kept)
        found.append(Pattern(seen.outputs[0], Views(uses_of(seen)), ROWS[at]))
    return tuple(found)


@cache
def _traced(formula: Formula) -> Graph:
    names = parameters(formula)
    specs = tuple(spec("float32", ARRAYS[name]) for name in names)

    def call(*arrays: Any) -> Any:
        return formula(*arrays)

    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    )
    return traced_once(call, specs).graph


def kind_of(view: View | None) -> Kind:
    """What two values have in common if one may be the other."""
    match view:
        case Product():
            return "product", tuple(sorted(power for _, power in view.factors))
        case Sum():
            return "sum", len(view.terms)
        case Call():
            return "call", view.op
        case _:
            return ("none",)
