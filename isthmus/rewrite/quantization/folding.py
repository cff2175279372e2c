"""Convolutions with what follows them in one node: their bias, and the batch norm, in their weight.

Integers are made of a weight once, so all that scales it comes before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.graph.constraints import assuming
from isthmus.graph.nodes import Constant, Graph, Node, Result, Value
from isthmus.graph.passes import Known, copy_node
from isthmus.graph.shapes import same_shape
from isthmus.npx.convolution import biased_convolution
from isthmus.trace.array import Array
from isthmus.trace.blocks import inside_block
from isthmus.trace.constants import constant, copying
from isthmus.trace.discovery import recording
from isthmus.trace.location import located
from isthmus.trace.recording import as_value

__all__ = ["folded"]

CONVOLUTIONS = (npx.convolution, biased_convolution)


def folded(graph: Graph) -> Graph:
    """The graph with biases and batch norms in the convolutions whose only use they are.

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus import nn
    >>> net = nn.Sequential(nn.Conv2D(4, 3, kernel=1), nn.BatchNorm(4))
    >>> net.initialize()
    >>> graph = im.trace(net, im.spec("float32", ["n", 3, 8, 8])).graph
    >>> [node.op for node in folded(graph).nodes()]
    [npx.biased_convolution]
    """
    uses = _uses(graph)
    known: Known = {}
    names = dict(graph.constant_names)
    with assuming(graph.constraints), recording(), copying():
        for node in graph.nodes():
            made = _merged(node, uses, known, names)
            results = copy_node(node, known).results if made is None else (made,)
            known.update(zip(map(id, node.results), results, strict=True))
    outputs = tuple(known.get(id(value), value) for value in graph.outputs)
    return replace(graph, outputs=outputs, constant_names=names)


def _uses(graph: Graph) -> Counter[int]:
    read = (value for node in graph.nodes() for value in node.needs if value is not None)
    return Counter(map(id, (*read, *graph.outputs)))


def _merged(node: Node, uses: Counter[int], known: Known, names: dict[int, str]) -> Value | None:
    """The convolution that does what the node does to another one; None where it is not that."""
    parts = _parts(node)
    if parts is None:
        return None
    source, factor, shift, named = parts
    before = known.get(id(source), source)
    if uses[id(source)] != 1 or not isinstance(before, Result):
        return None
    made = before.node
    if made.op not in CONVOLUTIONS or not isinstance(made.operands[1], Constant):
        return None
    weight = made.operands[1].array
    bias = _bias(made)
    if bias is None or shift.shape != (len(weight),):
        return None
    scaled = weight if factor is None else _in_float32(weight * _rows(factor))
    moved = _in_float32((bias if factor is None else bias * factor) + shift)
    for old, new in ((weight, scaled), (named, moved)):
        if id(old) in names:
            names[id(new)] = names[id(old)]
    return _recorded(made, node, scaled, moved, names)


def _recorded(made: Node, node: Node, weight: Any, bias: Any, names: dict[int, str]) -> Value:
    x = made.operands[0]
    assert x is not None
    with located(node.location), inside_block(made.block):
        found = biased_convolution(Array(x), weight, bias, **made.attributes)
    value = as_value(found)
    assert isinstance(value, Result)
    for given, kept in zip((weight, bias), value.node.operands[1:], strict=True):
        if isinstance(kept, Constant) and id(given) in names:
            names[id(kept.array)] = names[id(given)]
    return value


def _parts(node: Node) -> tuple[Value, Any, Any, Any] | None:
    """x, factor and shift of a node that is x * factor + shift by channel, and the array whose
    name the shift has; the factor is None for 1."""
    if node.op is npx.batch_norm:
        x, *statistics = node.operands
        if x is None or x.type.ndim != 4 or x.type.dtype != numpy.float32:
            return None
        if not all(isinstance(value, Constant) for value in statistics):
            return None
        arrays = [value.array for value in statistics if isinstance(value, Constant)]
        gamma, beta, mean, variance = (array.astype(numpy.float64) for array in arrays)
        factor = gamma / numpy.sqrt(variance + node.attributes["epsilon"])
        return (x, factor, beta - mean * factor, arrays[1]) if factor.ndim == 1 else None
    if node.op is np.add:
        return _bias_parts(*node.operands) or _bias_parts(*reversed(node.operands))
    return None


def _bias_parts(x: Value | None, bias: Value | None = None) -> tuple[Value, Any, Any, Any] | None:
    if not isinstance(bias, Constant) or x is None or x.type.ndim != 4:
        return None
    array = bias.array
    shape = (1,) * (4 - array.ndim) + array.shape
    if not same_shape(shape, (1, x.type.shape[1], 1, 1)) or array.dtype != numpy.float32:
        return None
    return x, None, array.reshape(-1), array


def _bias(made: Node) -> Any:
    """The bias of a convolution, zeros where it has none; None where it is not known."""
    if made.op is npx.convolution:
        weight = made.operands[1]
        assert weight is not None
        return numpy.zeros(weight.type.shape[0], numpy.float32)
    bias = made.operands[2]
    return bias.array if isinstance(bias, Constant) else None


def _rows(factor: Any) -> Any:
    return factor[:, None, None, None]


def _in_float32(array: Any) -> Any:
    return constant(numpy.asarray(array, numpy.float32)).array
