"""Weights of signed bytes as unsigned ones, whose products no processor's kernel saturates.

Without VNNI or AMX ONNX Runtime adds pairs of products of unsigned and signed bytes in 16 bits,
which ends at 32767; of unsigned bytes alone it adds them in 32 (2026, version 1.32). Signed ones of
seven bits are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy

from isthmus.graph.nodes import Constant, Graph, Node, Type, Value
from isthmus.graph.operator import Operator
from isthmus.graph.passes import Known, copy_node, with_bodies
from isthmus.trace.op import OPERATORS

__all__ = ["with_unsigned_weights"]

LARGEST = 64  # 255 * 64 + 255 * 64 is below 32767
SHIFT = 128


# Of an operator, where a weight is among its operands, its scale, and its zero point.
Places = tuple[int, int | None, int]
WEIGHTS: Mapping[Operator, tuple[Places, ...]] = {
    OPERATORS["npx.dequantize"]: ((0, 1, 2),),
    OPERATORS["npx.integer_matmul"]: ((1, None, 3),),
    OPERATORS["npx.quantized_lstm"]: ((1, 8, 9), (2, 10, 11)),
}


def with_unsigned_weights(graph: Graph) -> Graph:
    """The graph with q - z of signed bytes as (q + 128) - (z + 128), where they are constants."""
    if not any(map(_wide, graph.all_nodes())):
        return graph
    known: Known = {}
    names = dict(graph.constant_names)
    for node in graph.nodes():
        copy = copy_node(node, known)
        for places in _wide(node):
            copy.operands = _shifted(copy, places, names)
        if node.bodies:
            copy.attributes = with_bodies(node, with_unsigned_weights)
        known.update(zip(map(id, node.results), copy.results, strict=True))
    outputs = tuple(known.get(id(value), value) for value in graph.outputs)
    return replace(graph, outputs=outputs, constant_names=names)


def _wide(node: Node) -> list[Places]:
    """Where a node has weights of signed bytes that are constants, and of eight bits."""
    return [places for places in WEIGHTS.get(node.op, ()) if _is_wide(node, places)]


def _is_wide(node: Node, places: Places) -> bool:
    q, zero = node.operands[places[0]], node.operands[places[2]]
    if not isinstance(q, Constant) or not (zero is None or isinstance(zero, Constant)):
        return False
    return q.type.dtype == numpy.int8 and bool((abs(q.array.astype("int16")) > LARGEST).any())


def _shifted(node: Node, places: Places, names: dict[int, str]) -> Any:
    operands = list(node.operands)
    q, zero = operands[places[0]], operands[places[2]]
    scale = None if places[1] is None else operands[places[1]]
    assert isinstance(q, Constant)
    moved, middle = _unsigned(q.array), _unsigned(_zeros(scale, zero))
    if id(q.array) in names:
        names[id(moved.array)] = names[id(q.array)]
    operands[places[0]], operands[places[2]] = moved, middle
    return tuple(operands)


def _zeros(scale: Value | None, zero: Value | None) -> Any:
    """The zero point, in the shape of the scale, or one."""
    if isinstance(zero, Constant):
        return zero.array
    if scale is None:
        return numpy.zeros((), numpy.int8)
    return numpy.zeros([int(size) for size in scale.type.shape], numpy.int8)


def _unsigned(array: Any) -> Constant:
    moved = (array.astype(numpy.int16) + SHIFT).astype(numpy.uint8)
    return Constant(Type(moved.dtype, moved.shape), moved)
