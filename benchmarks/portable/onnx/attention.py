"""softmax(q kᵀ scale + mask) v, found in a graph of matrix products and made one node.

For runtimes whose users call one function for it. The node is `ScaledDotProductAttention` of
(q, k, v, mask or ""), its attribute the scale; q, k, v: [batch, heads, length, width].
"""

from __future__ import annotations

from dataclasses import replace

from .graph import Graph, Node, used

__all__ = ["with_attention"]

NAME = "ScaledDotProductAttention"
Makers = dict[str, Node]


def with_attention(graph: Graph) -> Graph:
    """The same graph, each attention in it one node."""
    makers = {name: node for node in graph.nodes for name in node.outputs}
    nodes = [_attention(graph, makers, node) or node for node in graph.nodes]
    return replace(graph, nodes=used(nodes, graph.outputs))


def _attention(graph: Graph, makers: Makers, node: Node) -> Node | None:
    """The one node for a product whose left operand is a softmax over its last axis."""
    softmax = _made_by(makers, node.inputs[0], "Softmax") if node.op == "MatMul" else None
    if softmax is None or softmax.attributes.get("axis", -1) not in (-1, 3):
        return None
    scores, mask = _masked(graph, makers, softmax.inputs[0])
    scores, after = _scaled(graph, makers, scores)
    product = _made_by(makers, scores, "MatMul")
    keys = product and _made_by(makers, product.inputs[1], "Transpose")
    if not product or not keys or keys.attributes.get("perm") != [0, 1, 3, 2]:
        return None
    queries, before = _scaled(graph, makers, product.inputs[0])
    operands = (queries, keys.inputs[0], node.inputs[1], mask)
    return Node(NAME, operands, node.outputs, {"scale": before * after})


def _made_by(makers: Makers, name: str, op: str) -> Node | None:
    node = makers.get(name)
    return node if node and node.op == op else None


def _masked(graph: Graph, makers: Makers, name: str) -> tuple[str, str]:
    """The scores and what is added to them, "" for nothing."""
    added = _made_by(makers, name, "Add")
    for scores, mask in (added.inputs, added.inputs[::-1]) if added else ():
        if _made_by(makers, _scaled(graph, makers, scores)[0], "MatMul"):
            return scores, mask
    return name, ""


def _scaled(graph: Graph, makers: Makers, name: str) -> tuple[str, float]:
    """What is multiplied or divided by a constant number, and the factor."""
    for op, power in (("Mul", 1), ("Div", -1)):
        node = _made_by(makers, name, op)
        factor = graph.constants.get(node.inputs[1]) if node else None
        if node and factor is not None and factor.size == 1:
            return node.inputs[0], float(factor.item()) ** power
    return name, 1.0
