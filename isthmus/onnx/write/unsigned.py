"""Weights of signed bytes as unsigned ones, whose products no processor's kernel saturates.

Without VNNI or AMX ONNX Runtime adds pairs of products of unsigned and signed bytes in 16 bits,
which ends at 32767; of unsigned bytes alone it adds them in 32 (2026, version 1.32). Signed ones of
seven bits are left as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy

from isthmus.graph.nodes import Constant, Graph, Node, Type, Value
from isthmus.graph.passes import Known, copy_node, with_bodies
from isthmus.trace.op import OPERATORS

__all__ = ["with_unsigned_weights"]

DEQUANTIZE = OPERATORS["npx.dequantize"]
LARGEST = 64  # 255 * 64 + 255 * 64 is below 32767
SHIFT = 128


def with_unsigned_weights(graph: Graph) -> Graph:
    """The graph with q - z of signed bytes as (q + 128) - (z + 128), where they are constants."""
    if not any(map(_is_wide, graph.all_nodes())):
        return graph
    known: Known = {}
    names = dict(graph.constant_names)
    for node in graph.nodes():
        copy = copy_node(node, known)
        if _is_wide(node):
            copy.operands = _shifted(node, names)
        if node.bodies:
            copy.attributes = with_bodies(node, with_unsigned_weights)
        known.update(zip(map(id, node.results), copy.results, strict=True))
    outputs = tuple(known.get(id(value), value) for value in graph.outputs)
    return replace(graph, outputs=outputs, constant_names=names)


def _is_wide(node: Node) -> bool:
    q, zero = (node.operands[0], node.operands[2]) if node.op is DEQUANTIZE else (None, None)
    if not isinstance(q, Constant) or not (zero is None or isinstance(zero, Constant)):
        return False
    return q.type.dtype == numpy.int8 and bool((abs(q.array.astype("int16")) > LARGEST).any())


def _shifted(node: Node, names: dict[int, str]) -> Any:
    q, scale, zero = node.operands
    assert isinstance(q, Constant) and scale is not None
    moved, middle = _unsigned(q.array), _unsigned(_zeros(scale, zero))
    if id(q.array) in names:
        names[id(moved.array)] = names[id(q.array)]
    return moved, scale, middle


def _zeros(scale: Value, zero: Value | None) -> Any:
    """The zero point, in the shape of the scale."""
    if isinstance(zero, Constant):
        return zero.array
    return numpy.zeros([int(size) for size in scale.type.shape], numpy.int8)


def _unsigned(array: Any) -> Constant:
    moved = (array.astype(numpy.int16) + SHIFT).astype(numpy.uint8)
    return Constant(Type(moved.dtype, moved.shape), moved)
