"""Where a graph is computed in integers: layers with constant weights, and sums beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy

from isthmus import np, npx
from isthmus.graph.nodes import Constant, Graph, Node, Result, Value, topological
from isthmus.graph.operator import FULL
from isthmus.graph.shapes import same_shape
from isthmus.npx.convolution import biased_convolution

__all__ = [
    "Layer",
    "Stays",
    "hides_layers",
    "is_layer",
    "last_of",
    "layers",
    "observed",
    "residual_sums",
]

Stays = Callable[[Node], bool]  # whether a node is to stay in float32
CONVOLUTIONS = (npx.convolution, biased_convolution)
FLOAT32 = numpy.dtype(numpy.float32)


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
    """The convolutions and dense layers of float32 whose weight is a constant, outside of loops.

    Of those that read one array along several axes, the first and others of its axis.
    """
    found = [_layer(node) for node in graph.nodes() if is_layer(node) and not stays(node)]
    channels: dict[int, int] = {}
    return [one for one in found if channels.setdefault(id(one.x), one.channels) == one.channels]


def last_of(graph: Graph, found: list[Layer]) -> list[Layer]:
    """Those from which no other of them is computed."""
    makers = {id(layer.node) for layer in found}
    leads_on = set[int]()  # nodes from whose results a layer is computed
    for node in reversed(list(graph.nodes())):
        if id(node) in makers or id(node) in leads_on:
            leads_on.update(id(v.node) for v in node.needs if isinstance(v, Result))
    return [layer for layer in found if id(layer.node) not in leads_on]


def is_layer(node: Node) -> bool:
    """Whether integers can stand for the node's operands, whoever asks for them; of convolutions
    for those of images."""
    if node.op.weight_axis is None:
        return False
    x, weight, *bias = node.operands
    if x is None or isinstance(x, Constant) or not isinstance(weight, Constant):
        return False
    if (x.type.dtype, weight.type.dtype) != (FLOAT32, FLOAT32) or not weight.array.size:
        return False
    is_image = weight.type.ndim == 4
    fits = is_image if node.op in CONVOLUTIONS else weight.type.ndim == 2 and x.type.ndim > 1
    return fits and numpy.isfinite(weight.array).all() and all(map(_is_vector, bias))


def hides_layers(node: Node) -> bool:
    """Whether a composite that is no layer itself is made of some.

    Those that are computed in float32 in any case, as recurrent layers, are kept for their kernels.
    """
    if node.op.weight_axis is not None or not node.expansion or node.op.precision == FULL:
        return False
    outside = {id(value.node) for value in node.needs if isinstance(value, Result)}
    inner = topological(node.expansion, outside)
    return any(is_layer(one) or hides_layers(one) for one in inner)


def _is_vector(bias: Value | None) -> bool:
    """Whether a bias is known, and one number for each channel; or none."""
    return bias is None or (isinstance(bias, Constant) and bias.array.ndim == 1)


def _layer(node: Node) -> Layer:
    x, weight = node.operands[:2]
    assert x is not None and isinstance(weight, Constant) and node.op.weight_axis is not None
    axis = node.op.weight_axis % weight.type.ndim
    return Layer(node, x, weight.array, axis, 1 if node.op in CONVOLUTIONS else -1)


def residual_sums(graph: Graph, found: list[Layer], stays: Stays) -> list[Node]:
    """The sums of a convolution's images and others of one shape, which a kernel adds to what it
    computes where both are integers."""
    made = {id(layer.node) for layer in found if layer.node.op in CONVOLUTIONS}
    nodes = (node for node in graph.nodes() if node.op is np.add and not stays(node))
    return [node for node in nodes if _is_residual(node, made)]


def _is_residual(node: Node, made: set[int]) -> bool:
    x, y = node.operands
    if x is None or y is None or x is y or isinstance(x, Constant) or isinstance(y, Constant):
        return False
    if not same_shape(x.type.shape, y.type.shape):
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
