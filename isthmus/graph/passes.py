"""Rewrites of a graph. A graph is never changed; each pass makes a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

from .dims import Dim
from .nodes import Graph, Node, Result, Value, topological
from .shapes import evaluate

__all__ = [
    "Known",
    "copy_node",
    "expand",
    "is_standard",
    "with_bodies",
    "with_replaced",
    "with_sizes",
    "without_idle_nodes",
]

Known = MutableMapping[int, Value]  # id of an old value -> the new one


def expand(graph: Graph, keep: Callable[[Node], bool], *, bodies: bool = True) -> Graph:
    """The graph with every composite that is not kept replaced by what it is made of.

    bodies: in the bodies of control flow as well.

    >>> import isthmus as im
    >>> from isthmus.extend import expand
    >>> graph = im.trace(im.npx.hard_sigmoid, im.spec("float32", ["n"])).graph
    >>> len(graph.nodes()), len(expand(graph, keep=lambda node: False).nodes()) > 1
    (1, True)
    """
    known: Known = {}
    done: set[int] = set()
    _expand(graph.outputs, keep, known, done, bodies)
    return replace(graph, outputs=tuple(known.get(id(v), v) for v in graph.outputs))


def is_standard(node: Node) -> bool:
    """Whether a composite is what runtimes have under its name, as its operator says."""
    return node.op.is_standard is None or bool(node.op.is_standard(node))


def _expand(
    outputs: Sequence[Value],
    keep: Callable[[Node], bool],
    known: Known,
    done: set[int],
    bodies: bool,
) -> None:
    for node in topological(outputs, done):
        done.add(id(node))
        if node.expansion and not keep(node):
            _expand(node.expansion, keep, known, done, bodies)
            made: Iterable[Value] = (known.get(id(v), v) for v in node.expansion)
        else:
            copy = copy_node(node, known)
            if bodies and node.bodies:
                copy.attributes = with_bodies(node, lambda body: expand(body, keep))
            made = copy.results
        known.update(zip(map(id, node.results), made, strict=True))


def without_idle_nodes(graph: Graph) -> Graph:
    """The graph without the nodes that do nothing: transposes, reshapes, casts, slices and joins
    that give an operand as it is; in the bodies of control flow as well.

    >>> import isthmus as im
    >>> from isthmus.graph.passes import without_idle_nodes
    >>> graph = im.trace(lambda x: im.np.moveaxis(x, 0, 0) + 1, im.spec("float32", ["n"])).graph
    >>> len(graph.nodes()), len(without_idle_nodes(graph).nodes())
    (2, 1)
    """
    known: Known = {}
    for node in graph.nodes():
        at = None if node.op.unchanged is None else node.op.unchanged(node)
        if at is not None and not node.precision:  # which would round its operand
            value = node.operands[at]
            assert value is not None
            known[id(node.results[0])] = known.get(id(value), value)
            continue
        copy = copy_node(node, known)
        if node.bodies:
            copy.attributes = with_bodies(node, without_idle_nodes)
        known.update(zip(map(id, node.results), copy.results, strict=True))
    return replace(graph, outputs=tuple(known.get(id(v), v) for v in graph.outputs))


def with_replaced(
    graph: Graph, instead: Mapping[int, Value], change: Callable[[Graph], Graph]
) -> Graph:
    """The graph with other values in place of the only results of some nodes.

    instead: by the id of such a node; the values are made of old ones. change: for the bodies of
    control flow. Where there is nothing to do, the graph itself.
    """
    nodes = graph.nodes()
    if not instead and not any(node.bodies for node in nodes):
        return graph
    known: Known = {}
    old = set(map(id, nodes))
    for node in nodes:
        if id(node) in instead:
            (result,), made = node.results, instead[id(node)]
            for new in topological([made], old):
                known.update(zip(map(id, new.results), copy_node(new, known).results, strict=True))
                old.add(id(new))  # which several of them may be made of
            known[id(result)] = known.get(id(made), made)
            continue
        copy = copy_node(node, known)
        if node.bodies:
            copy.attributes = with_bodies(node, change)
        known.update(zip(map(id, node.results), copy.results, strict=True))
    return replace(graph, outputs=tuple(known.get(id(v), v) for v in graph.outputs))


def with_bodies(node: Node, change: Callable[[Graph], Any]) -> dict[str, Any]:
    """The node's attributes with its bodies changed."""
    return {
        key: change(value) if isinstance(value, Graph) else value
        for key, value in node.attributes.items()
    }


def copy_node(node: Node, known: Known) -> Node:
    """The node with its operands replaced by what is known of them, in its expansion as well."""
    operands = tuple(v if v is None else known.get(id(v), v) for v in node.operands)
    copy = Node(node.op, operands, node.attributes, node.location, _copied(node, known))
    copy.block, copy.precision = node.block, node.precision
    copy.results = tuple(Result(r.type, copy, r.index) for r in node.results)
    copy.shown = tuple(known[id(v)] for v in node.shown if id(v) in known)
    return copy


def _copied(node: Node, known: Known) -> tuple[Value, ...]:
    """The expansion of a composite, made of the operands that are known."""
    if not node.expansion:
        return ()
    outside = {id(value.node) for value in node.needs if isinstance(value, Result)}
    for inner in topological(node.expansion, outside):
        known.update(zip(map(id, inner.results), copy_node(inner, known).results, strict=True))
    return tuple(known.get(id(value), value) for value in node.expansion)


def with_sizes(attribute: Any, sizes: Mapping[str, int]) -> Any:
    """An attribute with every named size in it replaced by its number."""
    if isinstance(attribute, Dim):
        return evaluate(attribute, sizes)
    if isinstance(attribute, tuple | list):
        return type(attribute)(with_sizes(part, sizes) for part in attribute)
    if isinstance(attribute, slice):
        return slice(*with_sizes((attribute.start, attribute.stop, attribute.step), sizes))
    return attribute
