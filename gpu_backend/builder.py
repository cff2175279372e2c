"""Graph -> ONNX model: values to names, named sizes to shape arithmetic.

The opset is the lowest one the emitted operations need. Every operation is emitted in
a form that holds from the opset it states up to `protos.HIGHEST_OPSET`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy
import onnx
from onnx import helper

from isthmus.graph import Constant, Graph, Node, Type, Value

from . import protos
from .rules import Rule
from .sizes import Sizes

LOWEST_OPSET = 13  # below, Softmax and the reductions over given axes are other operations
INLINE_BYTES = 1024

Array = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Model:
    """An ONNX model whose larger weights are only named, and those weights."""

    proto: onnx.ModelProto
    weights: Mapping[str, Array]
    size_inputs: Mapping[str, str]  # a size that no shape shows -> the input that gives it

    @property
    def opset(self) -> int:
        version: int = self.proto.opset_import[0].version
        return version


class Builder:
    """Makes an ONNX model of a graph by a table of rules, one an operator."""

    def __init__(self, graph: Graph, rules: Mapping[Any, Rule], *, fast: bool = False) -> None:
        self.graph = graph
        self.fast = fast
        self.rules = rules
        self.opset = LOWEST_OPSET
        self.nodes: list[onnx.NodeProto] = []
        self.inline: list[onnx.TensorProto] = []
        self.weights: dict[str, Array] = {}
        self.used = {*(value.name for value in graph.inputs), *graph.output_names}
        self.names = {id(value): value.name for value in graph.inputs}
        self.literals: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self.label = ""
        self.sizes = Sizes(self)

    def model(self) -> Model:
        """The whole graph as a model with the graph's input and output names."""
        for node in self.graph.nodes():
            self._lower(node)
        outputs = self._outputs()
        inputs = [protos.declared(value.name, value.type) for value in self.graph.inputs]
        extra = [protos.declared(name, protos.SIZE) for name in self.sizes.inputs.values()]
        weights = [protos.reference(name, array) for name, array in self.weights.items()]
        body = helper.make_graph(
            self.nodes, "isthmus", [*inputs, *extra], outputs, [*self.inline, *weights]
        )
        return Model(protos.model(body, self.opset), self.weights, self.sizes.inputs)

    def op(self, kind: str, *operands: str, since: int = LOWEST_OPSET, **attributes: Any) -> str:
        """Emit one operation, which has this meaning from opset `since`; the name of its result."""
        self.opset = max(self.opset, since)
        name = self.unique(self.label)
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(kind, list(operands), [name], name=name, **given))
        return name

    def literal(self, value: Any, dtype: Any = numpy.int64) -> str:
        """A small constant inside the model; equal ones are one."""
        array = numpy.asarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.literals:
            self.literals[key] = self.unique(f"literal.{len(self.literals)}")
            self.inline.append(protos.tensor(self.literals[key], array))
        return self.literals[key]

    def value(self, value: Value | None) -> str:
        """The name of a value; an empty one stands for an operand that is left out."""
        if value is None:
            return ""
        if isinstance(value, Constant):
            return self._constant(value.array)
        return self.names[id(value)]

    def _lower(self, node: Node) -> None:
        self.label = f"{node.op.name}@{PurePath(node.location).name}"
        operands = [self.value(value) for value in node.operands]
        self.names[id(node.results[0])] = self.rules[node.op](Site(self, node), *operands)

    def _constant(self, array: Array) -> str:
        if id(array) not in self.names:
            known = self.graph.constant_names.get(id(array))
            name = self.unique(known or f"constant.{len(self.weights) + len(self.inline)}")
            self.names[id(array)] = name
            if array.nbytes < INLINE_BYTES:
                self.inline.append(protos.tensor(name, array))
            else:
                self.weights[name] = array
        return self.names[id(array)]

    def unique(self, name: str) -> str:
        """The name, with a number behind it if it is taken."""
        found, count = name, 1
        while found in self.used:
            count += 1
            found = f"{name}#{count}"
        self.used.add(found)
        return found

    def _outputs(self) -> list[onnx.ValueInfoProto]:
        """The outputs declared; each made under its own name, by a copy where it has another."""
        renamed: dict[str, str] = {}
        made = {name for node in self.nodes for name in node.output}
        declared, copies = [], []
        free = set(self.graph.output_names) - {value.name for value in self.graph.inputs}
        for value, wanted in zip(self.graph.outputs, self.graph.output_names, strict=True):
            name, source = wanted if wanted in free else self.unique(wanted), self.value(value)
            free.discard(name)
            if source in made and source not in renamed:
                renamed[source] = name
            else:
                copies.append(protos.copy(source, name))
            declared.append(protos.declared(name, value.type))
        self.nodes += copies
        protos.rename(self.nodes, renamed)
        return declared


class Site:
    """One node being lowered: its attributes, its types, and the model around it."""

    def __init__(self, build: Builder, node: Node) -> None:
        self.build = build
        self.node = node
        self.attributes = node.attributes
        self.op = build.op
        self.literal = build.literal
        self.fast = build.fast
        self.type = node.results[0].type

    def operand_type(self, position: int = 0) -> Type:
        value = self.node.operands[position]
        assert value is not None
        return value.type
