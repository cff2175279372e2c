"""Bodies of loops and branches: graphs of their own, which a node has as attributes.

A body reads nothing but its inputs. What it takes from the program around it becomes further
inputs of the body and operands of the node, so that it is computed once, outside. Constants stay
inside, where a runtime can prepare them for its kernels.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .dims import Dim
from .nodes import Constant, Graph, Input, Node, Result, Value, topological
from .passes import Known, copy_node

__all__ = ["discovered_names", "enclosed", "inlined", "stepping"]


def discovered_names(nodes: Collection[Node]) -> set[str]:
    """The names of the sizes that running the nodes tells."""
    sizes = (node.discovered for node in nodes)
    return {name for size in sizes if size is not None for name in size.names()}


def enclosed(
    bodies: Sequence[Sequence[Value]], own: tuple[Input, ...], since: int, *, lift: bool
) -> tuple[list[Value], list[Graph]]:
    """What bodies take from outside, and each body as a graph of its inputs and those values.

    bodies: their outputs, made of nodes numbered from `since`. lift: compute what depends on
    none of their own inputs outside as well, as for a loop, if it cannot raise.
    """
    outputs = [value for body in bodies for value in body]
    nodes = topological(outputs, since=since)
    staying = _staying(nodes, own, lift)
    inside = [node for node in nodes if id(node) in staying]
    taken = _taken(inside, outputs, own)
    inputs = tuple(Input(value.type, f"taken.{i}") for i, value in enumerate(taken))
    known: Known = dict(zip(map(id, taken), inputs, strict=True))
    for node in inside:
        known.update(zip(map(id, node.results), copy_node(node, known).results, strict=True))
    return taken, [_graph((*own, *inputs), [known.get(id(v), v) for v in body]) for body in bodies]


def _graph(inputs: tuple[Input, ...], outputs: Sequence[Value]) -> Graph:
    return Graph(inputs, tuple(outputs), tuple(f"output.{i}" for i in range(len(outputs))))


def _staying(nodes: Sequence[Node], own: Sequence[Input], lift: bool) -> set[int]:
    """The ids of the nodes that are computed at every step."""
    if not lift:
        return set(map(id, nodes))
    changing, staying = set(map(id, own)), set[int]()
    inner = discovered_names(nodes)
    for node in nodes:
        depends = any(id(value) in changing for value in node.needs)
        if depends or _may_raise(node) or _mentions(node, inner):
            staying.add(id(node))
            changing.update(map(id, node.results))
    return staying


def _may_raise(node: Node) -> bool:
    if node.expansion:
        outside = {id(value.node) for value in node.needs if isinstance(value, Result)}
        return any(map(_may_raise, topological(node.expansion, outside)))
    return bool(node.bodies) or node.op.may_raise


def _mentions(node: Node, names: set[str]) -> bool:
    sizes = (size for result in node.results for size in result.type.shape)
    return any(isinstance(size, Dim) and not names.isdisjoint(size.names()) for size in sizes)


def _taken(inside: Sequence[Node], outputs: Sequence[Value], own: Sequence[Input]) -> list[Value]:
    """The values from outside that nodes or outputs read, each once, in order."""
    made = {id(result) for node in inside for result in node.results} | set(map(id, own))
    read = [value for node in inside for value in node.operands] + list(outputs)
    taken = {
        id(value): value
        for value in read
        if value is not None and not isinstance(value, Constant) and id(value) not in made
    }
    return list(taken.values())


def stepping(condition: Graph, body: Graph, variables: int) -> Graph:
    """A loop's body with one output before the others: whether there is a next step."""
    after = (*body.outputs[:variables], *body.inputs[variables:])
    outputs = (*inlined(condition, after), *body.outputs)
    return _graph(body.inputs, outputs)


def inlined(body: Graph, values: Sequence[Value]) -> list[Value]:
    """The body's outputs for other values than its inputs, made of new nodes."""
    known: Known = dict(zip(map(id, body.inputs), values, strict=True))
    for node in body.nodes():
        known.update(zip(map(id, node.results), copy_node(node, known).results, strict=True))
    return [known.get(id(value), value) for value in body.outputs]
