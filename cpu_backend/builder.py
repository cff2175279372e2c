"""Graph -> OpenVINO model: values to outputs, named sizes to shape arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy
import openvino
from openvino import opset16 as ov

from isthmus.errors import UsageError
from isthmus.graph.bodies import inlined
from isthmus.graph.dims import Dim, FloorDivision, Shape, same
from isthmus.graph.nodes import Constant, Graph, Input, Node, Result, Type, Value, topological
from isthmus.graph.solving import solutions

from . import half
from .half import HALF

__all__ = ["Builder", "Output", "Site", "vector", "writeable"]

Output = Any  # openvino.Output or a node with one output


class Site:
    """One node being lowered: its attributes, its types, and the model around it."""

    def __init__(self, build: Builder, node: Node, numerics: str, precision: str = "") -> None:
        self.build = build
        self.precision = precision
        self.node = node
        self.attributes = node.attributes
        self.operands = [value for value in node.operands if value is not None]
        self.types = [None if v is None else v.type for v in node.operands]
        self.type = node.results[0].type
        self.numerics = numerics

    def operand_type(self, position: int) -> Type:
        found = self.types[position]
        assert found is not None
        return found

    def constant(self, position: int) -> numpy.ndarray[Any, Any] | None:
        """The operand's array, where it is a constant."""
        value = self.node.operands[position]
        return value.array if isinstance(value, Constant) else None


class Builder:
    """Makes an OpenVINO model of a graph by a table of rules, one an operator."""

    def __init__(
        self, graph: Graph, rules: Any, numerics: str = "numpy", kernel: Any = None
    ) -> None:
        """kernel: the rule of operators that state a kernel of their own."""
        self.graph = graph
        self.rules = rules
        self.kernel = kernel
        self.numerics = numerics
        self.known: dict[int, Output] = {}
        self.constants: dict[tuple[int, str], Output] = {}  # by id of the array, and precision
        self.converted: dict[tuple[int, str], Output] = {}  # by id of the value, and precision
        self.ways: dict[int, bool] = {}  # by id of a square array, whether it is transposed
        self.copies: dict[int, numpy.ndarray[Any, Any]] = {}  # of those, transposed
        self.views: list[numpy.ndarray[Any, Any]] = []
        self.parameters = [self._parameter(value) for value in graph.inputs]
        self.sizes: dict[str, Output] = {}  # and shapes; each is computed once
        self.axes = _axes(graph)
        self.size_inputs: dict[str, Output] = {}  # for names that no input's shape shows
        self.found: dict[str, Output] = {}  # sizes that a node of the graph finds out
        self.kept: list[Graph] = []  # made here, and known by their identity
        self.unknown: Output | None = None  # a number from 0 that only running the model tells

    def model(self, *, as_file: bool = False) -> openvino.Model:
        """The whole graph as a model with the graph's input and output names.

        as_file: for readers that go by names, of which an array has those of one result only.
        """
        self.lower()
        results, named = [], set[str]()
        for value, name in zip(self.graph.outputs, self.graph.output_names, strict=True):
            result = ov.result(self.output(value))
            if as_file and not _has_name(result, name, named):
                result = ov.result(ov.identity(self.output(value)))
            result.get_output_tensor(0).add_names({name})
            result.set_friendly_name(name)
            results.append(result)
        parameters = [*self.parameters, *self.size_inputs.values()]
        return openvino.Model(results, parameters, "isthmus")

    def lower(self) -> None:
        """Lower every node of the graph."""
        for node in self.graph.nodes():
            self._lower(node)

    def _parameter(self, value: Input) -> Output:
        sizes = [-1 if isinstance(size, Dim) else size for size in value.type.shape]
        parameter = ov.parameter(sizes, value.type.dtype, value.name)
        parameter.get_output_tensor(0).set_names({value.name})
        self.known[id(value)] = parameter
        return parameter

    def _lower(self, node: Node) -> None:
        precision = node.precision
        operands = [None if v is None else self.output(v, precision) for v in node.operands]
        within = precision if node.op in HALF else ""
        if precision and not within:
            operands = [_as_float32(operand) for operand in operands]
        try:
            outputs = self._rule(node)(Site(self, node, self.numerics, within), *operands)
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise UsageError(f"{node}{node.at}: OpenVINO refuses it: {reason}") from None
        many = outputs if isinstance(outputs, tuple) else (outputs,)
        for result, output in zip(node.results, many, strict=True):
            is_rounded = precision and result.type.dtype.name == "float32"
            self.known[id(result)] = _converted(output, precision) if is_rounded else output
            for axis, size in enumerate(result.type.shape):
                if node.discovered is not None and same(size, node.discovered):
                    self.found[str(size)] = _axis_size(output, axis)

    def _rule(self, node: Node) -> Any:
        return self.rules.get(node.op, self.kernel)

    def inlined(self, body: Graph, values: Sequence[Value]) -> list[Output]:
        """The outputs of a body for values of this graph, as part of this model."""
        outside = {id(value.node) for value in values if isinstance(value, Result)}
        copy = replace(body, outputs=tuple(inlined(body, values)))
        self.kept.append(copy)
        for node in topological(copy.outputs, outside):
            self._lower(node)
        return [self.output(value) for value in copy.outputs]

    def output(self, value: Value, precision: str = "") -> Output:
        """The model's output of a value, of float32 in the precision; each is converted once."""
        is_float = value.type.dtype.name == "float32"
        if isinstance(value, Constant):
            name = self.graph.constant_names.get(id(value.array))
            return self.constant(value.array, name, precision if is_float else "")
        found = self.known[id(value)]
        if not is_float or _has(found, precision):
            return found
        key = (id(value), precision)
        if key not in self.converted:
            self.converted[key] = _converted(found, precision)
        return self.converted[key]

    def constant(
        self, array: numpy.ndarray[Any, Any], name: str | None = None, precision: str = ""
    ) -> Output:
        """A constant that shares the array's memory where OpenVINO can: it has axes, in C order.

        precision: "bf16" or "f16" for one in that format, which has memory of its own.
        """
        key = (id(array), precision)
        if key not in self.constants:
            self.constants[key] = self._constant(array, precision)
            if name is not None:
                self.constants[key].set_friendly_name(name)
        return self.constants[key]

    def _constant(self, array: numpy.ndarray[Any, Any], precision: str) -> Output:
        if precision:
            return half.constant(array, precision)
        whole = numpy.asarray(array, order="C")
        shared = whole.ndim > 0 and whole.size > 0
        given = writeable(whole) if shared else whole
        return ov.constant(given, shared_memory=shared)

    def view(self, array: numpy.ndarray[Any, Any], shape: Sequence[Any]) -> numpy.ndarray[Any, Any]:
        """A constant in another shape, the same memory; kept, since constants go by identity."""
        viewed = array.reshape(shape)
        self.views.append(viewed)
        return viewed

    def turned(self, array: numpy.ndarray[Any, Any], precision: str) -> Output:
        """A matrix transposed, in memory of its own."""
        if id(array) not in self.copies:
            self.copies[id(array)] = numpy.ascontiguousarray(array.T)
        name = self.graph.constant_names.get(id(array))
        return self.constant(self.copies[id(array)], name, precision)

    # Sizes

    def size(self, size: int | Dim) -> Output:
        """A size as an int64 array of one element, computed from the inputs' shapes."""
        if not isinstance(size, Dim):
            return ov.constant([size], numpy.int64)
        if str(size) not in self.sizes:
            self.sizes[str(size)] = self._sum(size)
        return self.sizes[str(size)]

    def _sum(self, size: Dim) -> Output:
        total = None
        for names, factor in size.terms:
            term = ov.constant([factor], numpy.int64)
            for name in names:
                term = ov.multiply(term, self.atom(name))
            total = term if total is None else ov.add(total, term)
        return total

    def atom(self, atom: str | FloorDivision) -> Output:
        """The size of a name, or of a division, as an int64 array of one element."""
        if isinstance(atom, FloorDivision):
            whole = self.size(atom.numerator)
            divisor = ov.constant([atom.denominator], numpy.int64)
            rest = ov.floor_mod(whole, divisor)
            return ov.divide(ov.subtract(whole, rest), divisor)
        if atom not in self.found and atom in self.axes:
            value, axis = self.axes[atom]
            self.found[atom] = _axis_size(self.known[id(value)], axis)
        if atom not in self.found:
            self._solve(atom)
        if atom in self.found:
            return self.found[atom]
        return self.size_inputs.setdefault(atom, ov.parameter([1], numpy.int64, f"size.{atom}"))

    def _solve(self, name: str) -> None:
        """Find a name by an axis whose size is made of it, such as 4*h."""
        shown = (size for value in self.graph.inputs for size in value.type.shape)
        solved = solutions([size for size in shown if isinstance(size, Dim)]).get(name)
        if solved is not None:
            value, axis = self.axes[str(solved.size)]
            whole = _axis_size(self.known[id(value)], axis)
            rest, factor = self.size(solved.rest), ov.constant([solved.factor], numpy.int64)
            self.found[name] = ov.divide(ov.subtract(whole, rest), factor)

    def shape(self, shape: Shape) -> Output:
        """A shape as an int64 vector."""
        if not any(isinstance(size, Dim) for size in shape):
            return ov.constant(numpy.asarray(shape, numpy.int64))
        written = str(tuple(shape))
        if written not in self.sizes:
            self.sizes[written] = ov.concat([self.size(size) for size in shape], 0)
        return self.sizes[written]

    def reshape(self, x: Output, before: Shape, after: Shape) -> Output:
        """x in another shape, by constants alone where one unknown size can be inferred."""
        kept = [i < len(before) and same(before[i], size) for i, size in enumerate(after)]
        unknown = [i for i, s in enumerate(after) if isinstance(s, Dim) and not kept[i]]
        if 0 in [size for size in (*before, *after) if isinstance(size, int)] or len(unknown) > 1:
            return ov.reshape(x, self.shape(after), False)
        wanted = [_pattern(size, same_) for size, same_ in zip(after, kept, strict=True)]
        return ov.reshape(x, ov.constant(numpy.asarray(wanted, numpy.int64)), True)


def _has_name(result: Output, name: str, named: set[str]) -> bool:
    """Whether the array of a result may get its name: it has none yet, or is the input of it."""
    source = result.input_value(0)
    maker = source.get_node()
    place = f"{maker.get_name()}.{source.get_index()}"
    is_input = maker.get_type_name() == "Parameter"
    if place in named or (is_input and source.get_names() != {name}):
        return False
    named.add(place)
    return True


def writeable(array: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """The array as OpenVINO shares its memory, which it reads alone."""
    return numpy.asarray(_Writeable(array))


def _has(output: Output, precision: str) -> bool:
    """Whether it is in the precision, "" for float32."""
    source = output if isinstance(output, openvino.Output) else output.output(0)
    return bool(source.get_element_type() == half.ELEMENTS[precision])


def _converted(output: Output, precision: str) -> Output:
    return output if _has(output, precision) else ov.convert(output, half.ELEMENTS[precision])


def _as_float32(operand: Output | None) -> Output | None:
    """An operand that is rounded, to compute with it in float32; integers as they are."""
    rounded = operand is not None and (_has(operand, "bf16") or _has(operand, "f16"))
    return _converted(operand, "") if rounded else operand


class _Writeable:
    """An array's memory, said to be writeable: OpenVINO reads it, but copies what is read-only."""

    def __init__(self, array: numpy.ndarray[Any, Any]) -> None:
        self.array = array  # which must live as long
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def _pattern(size: int | Dim, kept: bool) -> int:
    """A size in a reshape pattern: a number, 0 for the same as before, -1 for what is left."""
    if isinstance(size, Dim):
        return 0 if kept else -1
    return size


def _axes(graph: Graph) -> dict[str, tuple[Input, int]]:
    """Where each name is the size of an axis of an input."""
    found: dict[str, tuple[Input, int]] = {}
    for value in graph.inputs:
        for axis, size in enumerate(value.type.shape):
            if isinstance(size, Dim):
                found.setdefault(str(size), (value, axis))
    return found


def _axis_size(parameter: Output, axis: int) -> Output:
    position = ov.constant([axis], numpy.int64)
    return ov.gather(ov.shape_of(parameter), position, ov.constant(0, numpy.int64))


def vector(values: Iterable[int]) -> Output:
    """Ints as an int64 vector."""
    return ov.constant(numpy.asarray(list(values), numpy.int64))
