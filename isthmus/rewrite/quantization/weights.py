"""Weights alone in integers of eight bits: each is multiplied back where it is read.

One scale for each sum (output channel), symmetric, so that 0 stays 0. Arithmetic stays in floats.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from isthmus import npx
from isthmus.graph.constraints import assuming
from isthmus.graph.nodes import Constant, Graph, Node, Value
from isthmus.graph.passes import Known, copy_node, expand, with_bodies
from isthmus.trace.array import Array
from isthmus.trace.blocks import inside_block
from isthmus.trace.constants import constant, copying
from isthmus.trace.discovery import recording
from isthmus.trace.location import located
from isthmus.trace.recording import as_value

from .integers import FULL, weight_in_integers
from .places import Stays, hides_layers, is_layer

__all__ = ["with_small_weights"]


def with_small_weights(graph: Graph, stays: Stays) -> Graph:
    """The graph with the constant weights of dense layers, matrix products and convolutions as
    int8; in the bodies of loops and branches as well.

    stays: the nodes whose weights are kept as they are. The result is the graph itself where there
    is no such weight; else it does not hold the arrays that were replaced.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus.rewrite.quantization import with_small_weights
    >>> w = numpy.ones((4, 2), numpy.float32)
    >>> graph = im.trace(lambda x: x @ w, im.spec("float32", ["n", 4])).graph
    >>> for node in with_small_weights(graph, lambda node: False).nodes():
    ...     print(node)
    npx.dequantize(int8[4, 2], float32[2], None)
    np.matmul(float32[n, 4], float32[4, 2])
    """
    whole = expand(graph, lambda node: stays(node) or not hides_layers(node))
    if not any(is_layer(node) and not stays(node) for node in whole.all_nodes()):
        return graph
    with assuming(graph.constraints), recording(), copying():
        work = _Weights(stays, dict(graph.constant_names))
        found = work.rewritten(whole)
        held = {id(constant.array) for constant in found.constants()}
        names = {key: name for key, name in work.names.items() if key in held}
        return replace(found, constant_names=names)


class _Weights:
    """Each weight as integers, made once however often it is read."""

    def __init__(self, stays: Stays, names: dict[int, str]) -> None:
        self.stays = stays
        self.names = names
        self.made: dict[tuple[int, int], tuple[Constant, Any]] = {}  # by id of the array, and axis

    def rewritten(self, graph: Graph) -> Graph:
        known: Known = {}
        for node in graph.nodes():
            copy = copy_node(node, known)
            if node.bodies:
                copy.attributes = with_bodies(node, self.rewritten)
            made = self._layer(copy) if is_layer(node) and not self.stays(node) else copy.results
            known.update(zip(map(id, node.results), made, strict=True))
        return replace(graph, outputs=tuple(known.get(id(v), v) for v in graph.outputs))

    def _layer(self, node: Node) -> tuple[Value, ...]:
        x, weight, *others = node.operands
        assert isinstance(weight, Constant) and node.op.weight_axis is not None
        axis = node.op.weight_axis % weight.type.ndim
        op: Any = node.op
        with located(node.location), inside_block(node.block):
            whole, scale = self._integers(weight, axis)
            operands = [x, as_value(npx.dequantize(Array(whole), scale, axis=axis)), *others]
            given = [None if value is None else Array(value) for value in operands]
            return (as_value(op(*given, **node.attributes)),)

    def _integers(self, weight: Constant, axis: int) -> tuple[Constant, Any]:
        key = (id(weight.array), axis)
        if key not in self.made:
            whole, scale = weight_in_integers(weight.array, axis, FULL)
            kept = constant(whole)
            self.made[key] = kept, scale
            if id(weight.array) in self.names:
                self.names[id(kept.array)] = self.names[id(weight.array)]
        return self.made[key]
