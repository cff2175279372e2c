"""Where a graph is computed in integers: layers with constant weights, and sums beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy

from isthmus import np
from isthmus.graph.nodes import Constant, Graph, Node, Result, Value
from isthmus.graph.shapes import same_shape

__all__ = ["Layer", "Stays", "layers", "observed", "residual_sums"]

Stays = Callable[[Node, str], bool]  # (node, the name of its weight): whether it stays in float32


class Layer(NamedTuple):
    """A node whose products are of integers.

    axis: of the weight, with one place for each sum. channels: the axis of x that is summed over.
    """

    node: Node
    x: Value
    weight: Any
    axis: int
    channels: int


def layers(graph: Graph, stays: Stays) -> list[Layer]:
    """The convolutions and dense layers of float32 whose weight is a constant, outside of loops."""
    return [found for node in graph.nodes() if (found := _layer(graph, node, stays)) is not None]


def _layer(graph: Graph, node: Node, stays: Stays) -> Layer | None:
    axis = node.op.weight_axis
    if axis is None:
        return None
    x, weight = node.operands[:2]
    if not isinstance(weight, Constant) or not isinstance(x, Result):
        x = _input(x, weight)
    if x is None or not isinstance(weight, Constant) or weight.type.ndim < 2 or x.type.ndim < 2:
        return None
    if {x.type.dtype, weight.type.dtype} != {numpy.dtype(numpy.float32)} or not weight.array.size:
        return None
    if weight.type.ndim == 3 or stays(node, graph.constant_names.get(id(weight.array), "")):
        return None
    return Layer(node, x, weight.array, axis % weight.type.ndim, 1 if weight.type.ndim == 4 else -1)


def _input(x: Value | None, weight: Value | None) -> Value | None:
    """x where it is computed or given, and no constant."""
    return None if isinstance(x, Constant) or not isinstance(weight, Constant) else x


def residual_sums(graph: Graph, found: list[Layer]) -> list[Node]:
    """The sums of a convolution's images and others of one shape, which a kernel adds to what it
    computes where both are integers."""
    made = {id(layer.node) for layer in found if layer.channels == 1}
    return [node for node in graph.nodes() if node.op is np.add and _is_residual(node, made)]


def _is_residual(node: Node, made: set[int]) -> bool:
    x, y = node.operands
    if not isinstance(x, Result) or not isinstance(y, Result | Value) or isinstance(y, Constant):
        return False
    if x is y or not same_shape(x.type.shape, y.type.shape):
        return False
    return any(isinstance(v, Result) and id(v.node) in made for v in (x, y))


def observed(found: list[Layer], sums: list[Node]) -> Iterator[tuple[Value, int]]:
    """The arrays that are made integers, each once, with the axis of its channels."""
    wanted = [(layer.x, layer.channels) for layer in found]
    wanted += [(value, 1) for node in sums for value in node.operands if value is not None]
    seen: set[int] = set()
    for value, axis in wanted:
        if id(value) not in seen:
            seen.add(id(value))
            yield value, axis
