"""Sums of many elements as several of few, in a graph for a runtime that adds in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from isthmus.graph.constraints import assuming
from isthmus.graph.nodes import Graph, Node, Value, topological
from isthmus.graph.operator import Addition
from isthmus.graph.passes import Known, copy_node, with_bodies
from isthmus.trace.array import Array
from isthmus.trace.discovery import recording
from isthmus.trace.recording import as_value

__all__ = ["additions", "in_stages"]

IsLong = Callable[[Addition], bool]


def additions(graph: Graph) -> list[Addition]:
    """The sums of the graph and its bodies that are long, or are for some sizes.

    >>> import isthmus as im
    >>> from isthmus.rewrite.staged_sums import additions
    >>> additions(im.trace(lambda x: im.np.sum(x, axis=1), im.spec("float32", [2, "n"])).graph)
    [Addition(terms=n, most=128, sides=(1, 1))]
    """
    return [found for node in graph.all_nodes() if (found := _addition(node)) is not None]


def _addition(node: Node) -> Addition | None:
    if node.op.adds is None or node.precision:  # the digits of half precision are fewer
        return None
    found: Addition | None = node.op.adds(node)
    return found if found is not None and (found.names() or found.is_long({})) else None


def in_stages(graph: Graph, is_long: IsLong) -> Graph:
    """The graph with the sums for which `is_long` holds by stages; itself where there are none.

    >>> import isthmus as im
    >>> from isthmus.rewrite.staged_sums import in_stages
    >>> graph = im.trace(lambda x: im.np.sum(x, axis=1), im.spec("float32", [2, 4096])).graph
    >>> for node in in_stages(graph, lambda found: found.is_long({})).nodes():
    ...     print(node)
    np.reshape(float32[2, 4096])
    np.reshape(float32[2, 4096])
    np.sum(float32[2, 64, 64])
    np.sum(float32[2, 64])
    np.reshape(float32[2])
    """
    if not any(map(is_long, additions(graph))):
        return graph
    with assuming(graph.constraints):
        return _rewritten(graph, is_long)


def _rewritten(graph: Graph, is_long: IsLong) -> Graph:
    known: Known = {}
    _rewrite(graph.outputs, is_long, known, set(), inside=False)
    return replace(graph, outputs=tuple(known.get(id(v), v) for v in graph.outputs))


def _rewrite(
    outputs: Sequence[Value], is_long: IsLong, known: Known, done: set[int], inside: bool
) -> None:
    """What is known of the nodes of the outputs. inside: of a composite that is taken apart,
    whose sums are as long as it is."""
    for node in topological(outputs, done):
        done.add(id(node))
        found = _addition(node)
        is_split = found is not None and (inside or is_long(found))
        if is_split and node.op.in_stages is not None:
            made = _staged(node, known)
        elif node.expansion and (is_split or inside):
            _rewrite(node.expansion, is_long, known, done, inside=True)
            made = [known.get(id(value), value) for value in node.expansion]
        else:
            copy = copy_node(node, known)
            if node.bodies:
                copy.attributes = with_bodies(node, lambda body: _rewritten(body, is_long))
            made = list(copy.results)
        known.update(zip(map(id, node.results), made, strict=True))


def _staged(node: Node, known: Known) -> list[Value]:
    """The node's result by its operator's stages."""
    assert node.op.in_stages is not None
    operands = [None if v is None else Array(known.get(id(v), v)) for v in node.operands]
    with recording():
        return [as_value(node.op.in_stages(*operands, **node.attributes))]
