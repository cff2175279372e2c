"""A graph whose dense layers make integers of what they read by its own range, at every call.

Nothing is settled on samples, and a range that no sample had is not cut off. Finding the range
takes time at every call, and rows that are computed together share one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from isthmus import np, npx
from isthmus.graph.integer_sums import sums_fit
from isthmus.graph.nodes import Graph, Node, Value
from isthmus.graph.passes import Known
from isthmus.rewrite.rerecorded import rerecorded
from isthmus.trace.array import Array
from isthmus.trace.constants import constant

from .integers import weight_in_integers
from .places import Layer, Stays, layers

__all__ = ["dense_layers", "dynamically_quantized"]

INPUTS_AND_OUTPUTS = 1  # the axis of a table [I, O] with one place for each sum


def dense_layers(graph: Graph, stays: Stays) -> list[Layer]:
    """The layers that may: of convolutions no runtime has quick kernels of this kind."""
    return [layer for layer in layers(graph, stays) if layer.channels == -1]


def dynamically_quantized(graph: Graph, stays: Stays, largest: Callable[[Node], int]) -> Graph:
    """The graph with its dense layers in integers, but for those that stay.

    largest: the largest integer of a layer's weight. Sums that 32 bits may not hold stay in floats.
    """
    found = {id(layer.node): layer for layer in dense_layers(graph, stays)}
    work = _Rewriting(found, largest, dict(graph.constant_names))
    return rerecorded(graph, work.known, work.made, work.names)


@dataclass
class _Rewriting:
    found: dict[int, Layer]
    largest: Callable[[Node], int]
    names: dict[int, str]
    known: Known = field(default_factory=dict)
    read: dict[int, Any] = field(default_factory=dict)  # id of an old value -> it, rounded
    tables: dict[Any, Any] = field(default_factory=dict)

    def made(self, node: Node) -> Any:
        layer = self.found.get(id(node))
        return None if layer is None else self._in_integers(layer)

    def _in_integers(self, layer: Layer) -> Any:
        """x @ table + bias; None where the sums do not fit."""
        table, scale = self._table(layer)
        if not sums_fit(table.value.array, INPUTS_AND_OUTPUTS):
            return None
        weight = npx.dequantize(table, scale, axis=INPUTS_AND_OUTPUTS)
        product = np.matmul(self._rounded(layer.x), weight)
        bias = layer.node.operands[2] if len(layer.node.operands) > 2 else None
        return product if bias is None else np.add(product, Array(bias))

    def _rounded(self, value: Value) -> Any:
        if id(value) not in self.read:
            x = Array(self.known.get(id(value), value))
            self.read[id(value)] = npx.dequantize(*npx.dynamic_quantize(x))
        return self.read[id(value)]

    def _table(self, layer: Layer) -> tuple[Any, Any]:
        """The integers of a weight as [I, O], under the weight's name, and a scale for each O."""
        largest = self.largest(layer.node)
        key = id(layer.weight), layer.axis, largest
        if key not in self.tables:
            whole, scale = weight_in_integers(layer.weight, layer.axis, largest)
            kept = constant(whole.T.copy() if layer.axis == 0 else whole)
            if id(layer.weight) in self.names:
                self.names[id(kept.array)] = self.names[id(layer.weight)]
            self.tables[key] = Array(kept), scale
        return self.tables[key]
