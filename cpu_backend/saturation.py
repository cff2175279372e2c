"""Whether OpenVINO adds products of bytes in 16 bits on this processor.

Without VNNI or AMX its convolutions multiply unsigned by signed bytes and add pairs of products by
one instruction (vpmaddubsw) whose sums end at 32767: 255 * 127 + 255 * 127 comes out as that.
Weights of seven bits are safe. A program with wider ones, quantized on another machine, keeps the
layers that would be wrong in float32.

So do layers that are wrong on every processor: sums beyond 32 bits, and convolutions in groups that
are not of four channels in and out, whose results beyond 32767 steps of the next scale become 0
(2026.4; depthwise ones are right).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy
import openvino
from openvino import opset16 as ov

from isthmus.graph.integer_sums import sums_fit
from isthmus.graph.nodes import Constant, Graph, Node, Result, Type, Value
from isthmus.graph.passes import Known, copy_node
from isthmus.trace.op import OPERATORS

from .core import core

__all__ = ["dequantized", "saturates", "without_saturating_layers"]

DEQUANTIZE = OPERATORS["npx.dequantize"]
SAFE = 64  # 255 * 64 + 255 * 64 is below 32767

SIZE, PIXELS = 64, 14  # of the probes, large enough for the kernels that real layers get
LARGEST = 127


def saturates(node: Node) -> bool:
    """Whether the kernels of a layer do; decided by one product of the largest numbers."""
    weight = node.operands[1]
    assert weight is not None
    return _is_short(_convolution if weight.type.ndim == 4 else _product)


def without_saturating_layers(graph: Graph, does: Callable[[Node], bool] = saturates) -> Graph:
    """The graph with the wide weights of layers that saturate as the floats that they stand for."""
    wrong = {id(node) for node in graph.nodes() if _is_wrong(node, does)}
    if not wrong:
        return graph
    known: Known = {}
    for node in graph.nodes():
        copy = copy_node(node, known)
        if id(node) in wrong:
            copy.operands = (copy.operands[0], _in_floats(node), *copy.operands[2:])
        known.update(zip(map(id, node.results), copy.results, strict=True))
    return replace(graph, outputs=tuple(known.get(id(value), value) for value in graph.outputs))


def _is_wrong(node: Node, saturates: Callable[[Node], bool]) -> bool:
    """Whether a layer of integers whose weight is known comes out otherwise than it should."""
    if node.op.weight_axis is None:
        return False
    x, weight = node.operands[:2]
    made = dequantized(weight)
    if dequantized(x) is None or made is None:
        return False
    q = made.operands[0]
    if not isinstance(q, Constant):
        return False
    is_wide = bool((abs(q.array.astype(numpy.int16)) > SAFE).any())
    long_sums = not sums_fit(q.array, node.op.weight_axis)
    return long_sums or _has_odd_groups(node) or (is_wide and saturates(node))


def _has_odd_groups(node: Node) -> bool:
    """Whether a convolution has groups of other than one channel, or four, or multiples of it."""
    groups = node.attributes.get("groups", 1)
    weight = node.operands[1]
    if groups == 1 or weight is None:
        return False
    sizes = int(weight.type.shape[0]) // groups, int(weight.type.shape[1])
    return sizes != (1, 1) and any(size % 4 for size in sizes)


def dequantized(value: Value | None) -> Node | None:
    """The node that makes a value of integers; None for any other value."""
    if isinstance(value, Result) and value.node.op is DEQUANTIZE:
        return value.node
    return None


def _in_floats(node: Node) -> Constant:
    weight = node.operands[1]
    assert isinstance(weight, Result)
    arrays = [v.array if isinstance(v, Constant) else None for v in weight.node.operands]
    array = numpy.asarray(DEQUANTIZE.body(*arrays, **weight.node.attributes))
    return Constant(Type(array.dtype, array.shape), array)


@cache
def _is_short(layer: Callable[[Any], Any]) -> bool:
    """Whether ones that are 255 and 127 as bytes have a smaller product than their number."""
    shape = [1, SIZE, PIXELS, PIXELS] if layer is _convolution else [PIXELS, SIZE]
    x = ov.parameter(shape, numpy.float32)
    ends = [ov.constant(numpy.float32(end)) for end in (0, 1, 0, 1)]
    y = layer(ov.fake_quantize(x, *ends, 256))
    model = openvino.Model([ov.result(y)], [x], "probe")
    run = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = run([numpy.ones(shape, numpy.float32)])[0]
    return bool(abs(found - SIZE).max() > SIZE / LARGEST)


def _weight(*shape: int) -> Any:
    whole = ov.convert(ov.constant(numpy.full(shape, LARGEST, numpy.int8)), "f32")
    return ov.multiply(whole, ov.constant(numpy.float32(1 / LARGEST)))


def _convolution(x: Any) -> Any:
    return ov.convolution(x, _weight(SIZE, SIZE, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1])


def _product(x: Any) -> Any:
    return ov.matmul(x, _weight(SIZE, SIZE), False, True)
