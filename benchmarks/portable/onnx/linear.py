"""x Wᵀ + b over the last axis of any array: exports write Reshape, Gemm, Reshape.

For a runtime that fuses its own dense layer with the activation after it. The node is `Linear` of
(x, weight, bias, shape of the result); its row still has to look whether that shape is x's own.
"""

from __future__ import annotations

from dataclasses import replace

from .graph import Graph, Node, used

__all__ = ["with_linear"]

Makers = dict[str, Node]


def with_linear(graph: Graph) -> Graph:
    """The same graph, each such layer in it one node."""
    makers = {name: node for node in graph.nodes for name in node.outputs}
    nodes = [_linear(graph, makers, node) or node for node in graph.nodes]
    return replace(graph, nodes=used(nodes, graph.outputs))


def _linear(graph: Graph, makers: Makers, node: Node) -> Node | None:
    product = makers.get(node.inputs[0]) if node.op == "Reshape" else None
    if not (product and _is_layer(product)):
        return None
    flat = makers.get(product.inputs[0])
    target = graph.constants.get(flat.inputs[1]) if flat and flat.op == "Reshape" else None
    if not flat or target is None or target.size != 2 or target[0] != -1:
        return None
    operands = (flat.inputs[0], *product.inputs[1:3], node.inputs[1])
    return Node("Linear", operands, node.outputs, node.attributes)


def _is_layer(node: Node) -> bool:
    plain = {node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)} == {1.0}
    turned = bool(node.attributes.get("transB")) and not node.attributes.get("transA")
    return node.op == "Gemm" and plain and turned and len(node.inputs) == 3
