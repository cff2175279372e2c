"""Graph -> ONNX model: values to names, named sizes to shape arithmetic.

The opset is the lowest one the emitted operations need. Every operation is emitted in
a form that holds from the opset it states up to `protos.HIGHEST_OPSET`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os.path import basename
from typing import Any

import numpy
import onnx
from onnx import helper

from isthmus.graph.bodies import inlined
from isthmus.graph.kernel import Kernel
from isthmus.graph.nodes import Constant, Graph, Node, Result, Type, Value, topological

from . import half, kernels, protos
from .half import HALF
from .sizes import Sizes

__all__ = ["Builder", "Model", "Site"]

LOWEST_OPSET = 13  # below, Softmax and the reductions over given axes are other operations
INLINE_BYTES = 1024
MANY_ARRAYS = 1000  # of named sizes: from here on they are declared
SCALAR_BYTES = 16  # equal ones are one, since the runtime spends more time on many

Array = numpy.ndarray[Any, Any]


@dataclass(frozen=True)
class Model:
    """An ONNX model whose larger weights are only named, and those weights."""

    proto: onnx.ModelProto
    weights: Mapping[str, Array]
    size_inputs: Mapping[str, str]  # a size that no shape shows -> the input that gives it
    kernels: Sequence[Kernel] = ()  # of operators that state one; a session needs their libraries

    @property
    def opset(self) -> int:
        version: int = self.proto.opset_import[0].version
        return version


class Builder:
    """Makes an ONNX model of a graph by a table of rules, one an operator."""

    def __init__(
        self,
        graph: Graph,
        rules: Mapping[Any, Any],
        *,
        fast: bool = False,
        for_cuda: bool = False,
        opset: int = 0,
    ) -> None:
        """for_cuda: by kernels that CUDA has, where others are better elsewhere. opset: the lowest
        that the model may have."""
        self.graph = graph
        self.fast = fast
        self.for_cuda = for_cuda
        self.rules = rules
        self.opset = max(opset, LOWEST_OPSET)
        self.kernels: dict[Kernel, None] = {}  # in the order of their first use
        self.nodes: list[onnx.NodeProto] = []  # of the graph, or of the body that is lowered
        self.outermost = self.nodes
        self.kept: list[Graph] = []  # made here, and known by their identity
        self.inline: list[onnx.TensorProto] = []
        self.weights: dict[str, Array] = {}
        self.used = {*(value.name for value in graph.inputs), *graph.output_names}
        self.counts: dict[str, int] = {}
        self.types: dict[str, Type] = {}  # of results whose sizes the runtime cannot all infer
        self.stated: dict[str, Type] = {}  # of those of which it can infer nothing
        self.names = {id(value): value.name for value in graph.inputs}
        self.constants: dict[tuple[int, str], str] = {}  # by id of the array, and precision
        self.halves = half.Halves(lambda name, element: self.op("Cast", name, to=element))
        self.literals: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self.label = ""
        self.sizes = Sizes(self)

    def model(self, *, as_file: bool = False) -> Model:
        """The whole graph as a model with the graph's input and output names.

        as_file: a result that is an input of the same name is one value with it; else a copy, of
        another name, so that no result shares the caller's memory.
        """
        for node in self.graph.nodes():
            self._lower(node)
        outputs = self._outputs(as_file)
        self.nodes = protos.needed(self.nodes, [value.name for value in outputs])
        read = protos.read_by(self.nodes)
        self.weights = {name: array for name, array in self.weights.items() if name in read}
        inputs = [protos.declared(value.name, value.type) for value in self.graph.inputs]
        extra = [protos.declared(name, protos.SIZE) for name in self.sizes.inputs.values()]
        weights = [
            protos.reference(name, array, self._element(name))
            for name, array in self.weights.items()
        ]
        body = helper.make_graph(
            self.nodes,
            "isthmus",
            [*inputs, *extra],
            outputs,
            [*(tensor for tensor in self.inline if tensor.name in read), *weights],
            value_info=self._declared(),
        )
        made = protos.model(body, self.opset, kernels.domains(self.kernels))
        return Model(made, self.weights, self.sizes.inputs, tuple(self.kernels))

    def op(self, kind: str, *operands: str, since: int = LOWEST_OPSET, **attributes: Any) -> str:
        """Emit one operation, which has this meaning from opset `since`; the name of its result."""
        (name,) = self.ops(kind, operands, 1, since=since, **attributes)
        return name

    def ops(
        self,
        kind: str,
        operands: Sequence[str],
        count: int,
        since: int = LOWEST_OPSET,
        **attributes: Any,
    ) -> list[str]:
        """Emit one operation of `count` results; their names."""
        self.opset = max(self.opset, since)
        names = [self.unique(self.label) for _ in range(count)]
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(kind, list(operands), names, name=names[0], **given))
        return names

    def literal(self, value: Any, dtype: Any = numpy.int64, precision: str = "") -> str:
        """A small constant inside the model, a float in the precision; equal ones are one."""
        array, precision = half.literal(value, dtype, precision)
        key = (precision or array.dtype.str, array.shape, array.tobytes())
        if key not in self.literals:
            name = self.literals[key] = self.unique(f"literal.{len(self.literals)}")
            self.halves.made(name, precision)
            self.inline.append(protos.tensor(name, array, self._element(name)))
        return self.literals[key]

    def value(self, value: Value | None, precision: str = "") -> str:
        """The name of a value, a float in the precision; "" for an operand that is left out."""
        if value is None:
            return ""
        is_float = value.type.dtype.name == "float32"
        if isinstance(value, Constant):
            return self._constant(value.array, precision if is_float else "")
        name = self.names[id(value)]
        return self.halves.cast(name, precision) if is_float else name

    def _lower(self, node: Node) -> None:
        self.label = f"{node.op.name}@{basename(node.location)}"
        operands = [self.value(value, node.precision) for value in node.operands]
        within = node.precision if node.op in HALF.get(node.precision, ()) else ""
        if node.precision and not within:
            operands = [self.halves.cast(name, "") for name in operands]
        rule = self.rules.get(node.op, kernels.computed)
        outputs = rule(Site(self, node, within), *operands)
        many = outputs if isinstance(outputs, tuple) else (outputs,)
        for result, name in zip(node.results, many, strict=True):
            if result.type.dtype.name == "float32":
                self.halves.made(name, within)
                name = self.halves.cast(name, node.precision) if node.precision else name
            self.names[id(result)] = name
            if self.nodes is self.outermost and not result.type.is_static:
                self.types[name] = result.type
            if rule is kernels.computed and self.nodes is self.outermost:
                self.stated[name] = result.type
            if node.discovered is not None and self.nodes is self.outermost:
                self.sizes.finds(node.discovered, result.type.shape, name)

    @contextmanager
    def inside(self) -> Iterator[list[onnx.NodeProto]]:
        """Emit operations into a body, which may read whatever was emitted before."""
        outer, label = self.nodes, self.label
        self.nodes = []
        try:
            with self.halves.inside():
                yield self.nodes
        finally:
            self.nodes, self.label = outer, label

    def body(self, graph: Graph, taken: Sequence[str], first: Mapping[str, Type] = {}) -> Any:
        """A body as a graph inside the model.

        taken: the names outside of its last inputs. The others are its own; before them it has
        the inputs `first`, which it does not read.
        """
        own = graph.inputs[: len(graph.inputs) - len(taken)]
        names = [self.unique(value.name) for value in own]
        self.names.update(zip(map(id, graph.inputs), (*names, *taken), strict=True))
        with self.inside() as nodes:
            for node in graph.nodes():
                self._lower(node)
            outputs = self._body_outputs(graph)
        inputs = [(self.unique(name), of) for name, of in first.items()]
        inputs += [(name, value.type) for name, value in zip(names, own, strict=True)]
        declared = [protos.declared(name, of) for name, of in inputs]
        return helper.make_graph(nodes, self.unique("body"), declared, outputs)

    def branch(self, emit: Callable[[], str], of: Type) -> Any:
        """A body without inputs of its own, of one result."""
        with self.inside() as nodes:
            declared = protos.declared(emit(), of)
        return helper.make_graph(nodes, self.unique("body"), [], [declared])

    def _body_outputs(self, graph: Graph) -> list[onnx.ValueInfoProto]:
        """Each output under a name that is made in the body, and by no other output."""
        names = [self.value(value) for value in graph.outputs]  # which may emit casts
        made = {name for node in self.nodes for name in node.output}
        declared = []
        for value, name in zip(graph.outputs, names, strict=True):
            if name not in made:
                name = self.op("Identity", name)
            made.discard(name)
            declared.append(protos.declared(name, value.type))
        return declared

    def inlined(self, body: Graph, values: Sequence[Value]) -> list[str]:
        """The outputs of a body for values of this graph, emitted here."""
        outside = {id(value.node) for value in values if isinstance(value, Result)}
        copy = replace(body, outputs=tuple(inlined(body, values)))
        self.kept.append(copy)
        for node in topological(copy.outputs, outside):
            self._lower(node)
        return [self.value(value) for value in copy.outputs]

    def _constant(self, array: Array, precision: str = "") -> str:
        key = (id(array), precision)
        if key not in self.constants:
            known = self.graph.constant_names.get(id(array))
            if known is None and array.nbytes <= SCALAR_BYTES:
                self.constants[key] = self.literal(array, array.dtype, precision)
                return self.constants[key]
            name = self.unique(known or f"constant.{len(self.weights) + len(self.inline)}")
            self.constants[key] = name
            self.halves.made(name, precision)
            held = half.stored(array, precision) if precision else array
            if held.nbytes < INLINE_BYTES:
                self.inline.append(protos.tensor(name, held, self._element(name)))
            else:
                self.weights[name] = held
        return self.constants[key]

    def _element(self, name: str) -> int | None:
        """ONNX's number for a name in half precision; None for others, of which dtypes tell."""
        precision = self.halves.of(name)
        return half.ELEMENT_TYPES[precision] if precision else None

    def unique(self, name: str) -> str:
        """The name, with a number behind it if it is taken."""
        found, count = name, self.counts.get(name, 1)
        while found in self.used:
            count += 1
            found = f"{name}#{count}"
        self.used.add(found)
        self.counts[name] = count  # from here next time: a line of a loop labels many operations
        return found

    def _declared(self) -> list[onnx.ValueInfoProto]:
        """The types of what is computed, so that equal named sizes are known to be equal.

        ONNX Runtime never uses the memory of an array of unknown size again, but looks at all of
        them for each new one: 1,000 took 0.2 s, 10,000 took 20 s, and 0.6 s when they were
        declared. Shorter programs are left to its own inference, in which they are as quick.
        """
        many = len(self.types) >= MANY_ARRAYS
        made = {name for node in self.nodes for name in node.output}
        types = {**self.types, **self.stated} if many else self.stated
        known = [(name, of) for name, of in types.items() if name in made]
        return [protos.declared(name, of, self._element(name)) for name, of in known]

    def _outputs(self, as_file: bool) -> list[onnx.ValueInfoProto]:
        """The outputs declared; each made under its own name, by a copy where it has another."""
        renamed: dict[str, str] = {}
        sources = [self.value(value) for value in self.graph.outputs]  # which may emit casts
        made = {name for node in self.nodes for name in node.output}
        declared, copies = [], []
        free = set(self.graph.output_names) - {value.name for value in self.graph.inputs}
        outputs = zip(self.graph.outputs, self.graph.output_names, sources, strict=True)
        for value, wanted, source in outputs:
            if as_file and source == wanted:
                declared.append(protos.declared(wanted, value.type))
                continue
            name = wanted if wanted in free else self.unique(wanted)
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

    def __init__(self, build: Builder, node: Node, precision: str = "") -> None:
        self.build = build
        self.precision = precision
        self.node = node
        self.attributes = node.attributes
        self.operands = [value for value in node.operands if value is not None]
        self.op = build.op
        self.fast = build.fast
        self.type = node.results[0].type

    def operand_type(self, position: int = 0) -> Type:
        value = self.node.operands[position]
        assert value is not None
        return value.type

    def literal(self, value: Any, dtype: Any = numpy.int64) -> str:
        """A small constant, of floats in the precision that the node is emitted in."""
        return self.build.literal(value, dtype, self.precision)
