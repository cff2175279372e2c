"""The pass: formulas in a graph become the operators that a backend has kernels for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from isthmus.errors import IsthmusError
from isthmus.graph.constraints import assuming
from isthmus.graph.nodes import Graph, Node, Result, Value, topological
from isthmus.graph.passes import with_replaced
from isthmus.trace.array import Array
from isthmus.trace.discovery import recording
from isthmus.trace.location import located
from isthmus.trace.recording import as_value

from .formulas import Formula, Row, parameters
from .matching import AXIS, Bound, matched, uses_of
from .patterns import Table, kind_of, patterns_of
from .views import Views

__all__ = ["Kernels", "canonical"]


@dataclass(frozen=True)
class Kernels:
    """What a backend has for composites.

    keeps: whether it computes one whole. agrees: whether its kernel gives what the NumPy body
    gives, of NaN and infinities too. fast: numerics="fast", in which that does not matter.
    """

    keeps: Callable[[Node], bool]
    agrees: Callable[[Node], bool]
    fast: bool


def canonical(graph: Graph, kernels: Kernels) -> Graph:
    """The graph with formulas that the backend has a kernel for as the operators of that kernel.

    A graph of primitives and of composites that the backend keeps, in bodies as well. A formula is
    replaced if all of it is used for nothing else, and the kernel's numbers are NumPy's.
    """
    present = {node.op for node in graph.all_nodes()}
    table = patterns_of(present, kernels.keeps, kernels.fast)
    if not table:
        return graph
    with assuming(graph.constraints):
        return _rewritten(graph, kernels, table)


def _rewritten(graph: Graph, kernels: Kernels, table: Table) -> Graph:
    instead = _replacements(graph, graph.nodes(), kernels, table)
    return with_replaced(graph, instead, lambda body: _rewritten(body, kernels, table))


def _replacements(
    graph: Graph, nodes: Sequence[Node], kernels: Kernels, table: Table
) -> dict[int, Value]:
    """By the id of a node, the value to be computed instead of its result; largest first."""
    uses = uses_of(graph)
    views = Views(uses)
    covered: set[int] = set()
    found: dict[int, Value] = {}
    for node in reversed(nodes):
        if id(node) in covered or len(node.results) != 1:
            continue
        for bound, row in _matches(node, views, uses, table):
            rounds = any(one.precision for one in bound.nodes)  # which no operator does inside
            value = None if rounds else _target(node, bound, row, kernels)
            if value is not None:
                found[id(node)] = value
            if value is not None or not row.targets:
                covered.update(map(id, bound.nodes))
                break
    return found


def _matches(
    node: Node, views: Views, uses: Mapping[int, int], table: Table
) -> Iterator[tuple[Bound, Row]]:
    """The formulas that the node is the last of, and whose other nodes nothing else reads."""
    view = views(node.results[0])
    for pattern in table.get(kind_of(view), ()):
        bound = matched(pattern.value, pattern.views, node.results[0], views)
        if bound is not None and _is_closed(bound, node, uses):
            yield bound, pattern.row


def _is_closed(bound: Bound, root: Node, uses: Mapping[int, int]) -> bool:
    covered = {id(node): node for node in bound.nodes}
    inside: dict[int, int] = {}
    for node in covered.values():
        for value in node.needs:
            inside[id(value)] = inside.get(id(value), 0) + 1
    results = (result for node in covered.values() if node is not root for result in node.results)
    return all(inside.get(id(result), 0) == uses.get(id(result), 0) for result in results)


# What is put in the place


def _target(node: Node, bound: Bound, row: Row, kernels: Kernels) -> Value | None:
    """The first of the row's targets that the backend computes with NumPy's numbers."""
    was_network = any(not kernels.agrees(inner) for inner in bound.composites)
    for target in row.targets:
        value = _recorded(target, bound, node)
        if value is None or not value.type.same(node.results[0].type):
            continue
        made = [new for new in _made(value, bound) if new.expansion]
        fits = all(
            kernels.keeps(new) and (kernels.fast or was_network or kernels.agrees(new))
            for new in made
        )
        if fits:
            return value
    return None


def _recorded(target: Formula, bound: Bound, node: Node) -> Value | None:
    """The target of what was matched; None where it takes no such arrays."""
    wanted = parameters(target)
    if AXIS not in wanted and bound.values.get(AXIS, -1) != -1:
        return None
    given = {
        name: Array(value) if isinstance(value, Value) else value
        for name, value in bound.values.items()
        if name in wanted
    }
    try:
        with recording(), located(node.location):
            return as_value(target(*(given[name] for name in wanted)))
    except (IsthmusError, TypeError):
        return None


def _made(value: Value, bound: Bound) -> list[Node]:
    known = {id(v.node) for v in bound.values.values() if isinstance(v, Result)}
    return topological([value], known)
