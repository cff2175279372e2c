"""A graph with its layers in integers: quantize and dequantize where arrays and weights enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.graph.integer_sums import sums_fit
from isthmus.graph.nodes import Constant, Graph, Node, Result, Value
from isthmus.graph.passes import Known
from isthmus.npx.convolution import biased_convolution
from isthmus.rewrite.rerecorded import rerecorded
from isthmus.trace.array import Array
from isthmus.trace.constants import constant

from .integers import (
    FULL,
    Scale,
    Statistics,
    bias_in_integers,
    lost_in_rounding,
    scale_of,
    weight_in_integers,
)
from .places import Layer, Stays, layers, residual_sums
from .smoothing import ALPHA, smoothing

__all__ = ["Rules", "quantized"]

Seen = Mapping[int, Statistics]  # id of a value -> what was seen in it


@dataclass(frozen=True)
class Rules:
    """largest: the largest integer of a layer's weight. alpha: of `smoothing`, None for none.
    corrects: whether a bias makes up for the mean error of the weight's rounding."""

    largest: Callable[[Node], int] = lambda _: FULL
    alpha: float | None = ALPHA
    corrects: bool = True


def quantized(graph: Graph, seen: Seen, stays: Stays, rules: Rules = Rules()) -> Graph:
    """The graph with its layers in integers, by what was seen in the arrays that they read.

    graph: as `folded` gives it, of whose values `seen` knows those of `observed`.
    """
    found = layers(graph, stays)
    work = _Rewriting(graph, seen, rules, found, residual_sums(graph, found, stays))
    return rerecorded(graph, work.known, work.made, work.names)


@dataclass
class _Rewriting:
    graph: Graph
    seen: Seen
    rules: Rules
    found: list[Layer]
    sums: list[Node]
    known: Known = field(default_factory=dict)
    pairs: dict[int, Any] = field(default_factory=dict)  # id of an old value -> its integers
    weights: dict[Any, tuple[Any, Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = dict(self.graph.constant_names)
        self.layers = {id(layer.node): layer for layer in self.found}
        self.smooth: dict[int, Any] = {}
        for layer in self.found:
            self.smooth.setdefault(id(layer.x), self._smoothing(layer))

    def made(self, node: Node) -> Any:
        layer = self.layers.get(id(node))
        made = self._in_integers(layer) if layer is not None else self._bias_after(node)
        is_sum = any(node is one for one in self.sums)
        return self._sum(node) if made is None and is_sum else made

    def _new(self, value: Value) -> Any:
        return Array(self.known.get(id(value), value))

    def _smoothing(self, layer: Layer) -> Any:
        """The factors of what a dense layer of several axes reads; None where it is read as is."""
        if self.rules.alpha is None or layer.x.type.ndim < 3 or layer.channels != -1:
            return None
        together = [one for one in self.found if one.x is layer.x]
        weights = [one.weight if one.axis == 0 else one.weight.T for one in together]
        return smoothing(self.seen[id(layer.x)], weights, self.rules.alpha)

    def _scale(self, value: Value) -> Scale | None:
        seen, factors = self.seen[id(value)], self.smooth.get(id(value))
        low, high = seen.low, seen.high
        if factors is not None:
            low, high = low / factors, high / factors
        return scale_of(float(low.min()), float(high.max()))

    def _pair(self, value: Value, scale: Scale) -> Any:
        """The value as integers, and back."""
        if id(value) not in self.pairs:
            x, factors = self._new(value), self.smooth.get(id(value))
            if factors is not None:
                x = np.multiply(x, constant(1 / factors).array)
            q = npx.quantize(x, scale.scale, scale.zero_point, dtype="uint8")
            self.pairs[id(value)] = npx.dequantize(q, scale.scale, scale.zero_point)
        return self.pairs[id(value)]

    def _sum(self, node: Node) -> Any:
        """The sum of integers; None where one has no range, or is smoothed for a layer."""
        values = [value for value in node.operands if value is not None]
        scales = [self._scale(value) for value in values]
        if None in scales or any(self.smooth.get(id(value)) is not None for value in values):
            return None
        pairs = zip(values, scales, strict=True)
        return np.add(*(self._pair(v, s) for v, s in pairs if s is not None))

    def _in_integers(self, layer: Layer) -> Any:
        """The layer's result; None where it stays in float32."""
        scale = self._scale(layer.x)
        if scale is None or not self._fits(layer):
            return None
        weight, whole, w_scale = self._weight(layer)
        x = self._pair(layer.x, scale)
        w = self._stored(whole, w_scale, layer.axis, layer.weight)
        bias = self._bias(layer, weight, whole, w_scale)
        op: Any = layer.node.op
        if bias is None:
            return op(x, w, **layer.node.attributes)
        known, named = bias_in_integers(bias, scale.scale, w_scale), _array(layer.node, 2)
        b = self._kept(bias, named) if known is None else self._stored(*known, 0, named)
        op = biased_convolution if op is npx.convolution else op
        return op(x, w, b, **layer.node.attributes)

    def _bias_after(self, node: Node) -> Any:
        """The sum of a product by a table and a bias, corrected; None for what is none."""
        if node.op is not np.add or not self.rules.corrects:
            return None
        for product, bias in (node.operands, node.operands[::-1]):
            layer = self.layers.get(id(product.node)) if isinstance(product, Result) else None
            if layer is None or layer.node.op is not np.matmul or not isinstance(bias, Constant):
                continue
            is_vector = bias.array.ndim == 1 and bias.array.dtype == numpy.float32
            if is_vector and self._scale(layer.x) is not None and self._fits(layer):
                moved = (bias.array + self._lost(layer, *self._weight(layer))).astype(numpy.float32)
                return np.add(self._new(layer.node.results[0]), self._kept(moved, bias.array))
        return None

    def _fits(self, layer: Layer) -> bool:
        """Whether the layer's sums of integers are right in 32 bits, whatever the array holds."""
        _, whole, _ = self._weight(layer)
        return sums_fit(whole, layer.axis)

    def _weight(self, layer: Layer) -> tuple[Any, Any, Any]:
        """The weight as it is multiplied, its integers and their scales; once for all its uses."""
        largest, factors = self.rules.largest(layer.node), self.smooth[id(layer.x)]
        key = (id(layer.weight), layer.axis, largest, id(factors))
        if key not in self.weights:
            weight = layer.weight
            if factors is not None:
                weight = weight * (factors if layer.axis == 0 else factors[:, None])
            whole, scale = weight_in_integers(weight, layer.axis, largest)
            self.weights[key] = weight, constant(whole).array, scale
        return self.weights[key]

    def _stored(self, whole: Any, scale: Any, axis: int, named: Any) -> Any:
        """Integers that are kept, under the name of what they were made of."""
        return npx.dequantize(self._kept(whole, named), scale, axis=axis)

    def _kept(self, array: Any, named: Any) -> Any:
        kept = constant(array)
        if named is not None and id(named) in self.names:
            self.names[id(kept.array)] = self.names[id(named)]
        return Array(kept)

    def _bias(self, layer: Layer, weight: Any, whole: Any, scale: Any) -> Any:
        """The bias, and what makes up for the mean error of the weight; None for neither."""
        if layer.node.op is np.matmul:
            return None  # it has no place for one
        bias = _array(layer.node, 2)
        if not self.rules.corrects:
            return bias
        known = numpy.zeros(len(weight)) if bias is None else bias.astype(numpy.float64)
        return (known + self._lost(layer, weight, whole, scale)).astype(numpy.float32)

    def _lost(self, layer: Layer, weight: Any, whole: Any, scale: Any) -> Any:
        """The mean error of each sum, by the rounding of the weight."""
        mean, factors = self.seen[id(layer.x)].mean, self.smooth[id(layer.x)]
        if layer.axis != 0:
            weight, whole = weight.T, whole.T
        return lost_in_rounding(weight, whole, scale, mean if factors is None else mean / factors)


def _array(node: Node, position: int) -> Any:
    value = node.operands[position] if len(node.operands) > position else None
    return value.array if isinstance(value, Constant) else None
