"""Rules of branches and loops: bodies become models inside the model.

The plugin (2026.4) plans the memory of a loop's body as if it ran once: of known shape, an input
may share its memory with a result, and a step reads what the step before has left there. So
what enters a loop has a shape that the plugin does not know (`_disguised`), and what leaves a
step is in memory of its own (`Step`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy
import openvino
from openvino import opset16 as ov

from isthmus import np, npx
from isthmus.graph.bodies import stepping
from isthmus.graph.dims import Dim, Shape
from isthmus.graph.nodes import Constant, Graph, Input, Node, Result, Type, Value

from .builder import Builder, Output, Site, vector

__all__ = ["Step", "cond", "foreach", "is_computed", "while_loop"]


def cond(site: Site, predicate: Output, *given: Output) -> tuple[Output, ...]:
    then, otherwise = (_builder(site, site.attributes[key]) for key in ("then", "otherwise"))
    results = [_lowered(then), _lowered(otherwise)]
    branch = ov.if_op(_port(predicate))
    branch.set_then_body(openvino.Model(results[0], _parameters(then), "then"))
    branch.set_else_body(openvino.Model(results[1], _parameters(otherwise), "else"))
    for value, *pair in zip(given, then.parameters, otherwise.parameters, strict=True):
        branch.set_input(_port(value), *pair)
    sizes = (then.size_inputs, otherwise.size_inputs)
    for name in dict.fromkeys([*sizes[0], *sizes[1]]):
        branch.set_input(_port(site.build.atom(name)), *(known.get(name) for known in sizes))
    outputs = [branch.set_output(*pair) for pair in zip(*results, strict=True)]
    return tuple(
        ov.not_equal(x, ov.constant(numpy.int32(0))) if _is_truth(result) else x
        for x, result in zip(outputs, site.node.results, strict=True)
    )


def _is_truth(value: Value) -> bool:
    return value.type.dtype == numpy.bool_


def _builder(site: Site, graph: Graph) -> Builder:
    names = site.build.graph.constant_names
    build = site.build
    return Builder(replace(graph, constant_names=names), build.rules, site.numerics, build.kernel)


def _lowered(build: Builder) -> list[Any]:
    """The results of a branch; truth as int32, for the plugin writes into that of a branch."""
    build.lower()
    outputs = ((value, build.output(value)) for value in build.graph.outputs)
    return [ov.result(ov.convert(x, "i32") if _is_truth(value) else x) for value, x in outputs]


def _parameters(build: Builder) -> list[Any]:
    return [*build.parameters, *build.size_inputs.values()]


def while_loop(site: Site, *operands: Output) -> tuple[Output, ...]:
    attributes, count = site.attributes, site.attributes["variables"]
    step = Step(site, stepping(attributes["condition"], attributes["body"], count), 0, count)
    (first,) = site.build.inlined(attributes["condition"], site.operands)
    limit = -1 if attributes["limit"] is None else attributes["limit"]
    # Of a loop that it knows to have no steps the plugin gives the results other shapes.
    begun = ov.greater_equal(_unknown(site.build), ov.constant(numpy.int64(0)))
    trip = ov.select(begun, ov.constant(numpy.int64(limit)), ov.constant(numpy.int64(-1)))
    states, stacked, steps = step.loop(operands, trip, ov.logical_and(first, begun))
    # Of a loop without steps the plugin returns what it stacked the last time, of that size.
    cut = [ov.slice(x, vector([0]), steps, vector([1]), vector([0])) for x in stacked]
    rows = [result.type for result in site.node.results[: len(cut)]]
    return (*(_as_rows(site, x, steps, of) for x, of in zip(cut, rows, strict=True)), *states)


def _as_rows(site: Site, output: Output, steps: Output, of: Type) -> Output:
    """What is stacked, of the shape of its type."""
    sizes = of.shape[1:]
    if not any(isinstance(size, Dim) for size in sizes):
        return output
    return ov.reshape(output, ov.concat([steps, site.build.shape(sizes)], 0), False)


def foreach(site: Site, *operands: Output) -> tuple[Output, ...]:
    body = site.attributes["body"]
    true = Constant(Type(numpy.dtype(numpy.bool_)), numpy.array(True))
    graph = replace(body, outputs=(true, *body.outputs), output_names=("go", *body.output_names))
    step = Step(site, graph, site.attributes["sliced"], site.attributes["states"])
    length = ov.squeeze(site.build.size(site.operand_type(0).shape[0]), vector([0]))
    states, stacked, _ = step.loop(operands, length, ov.constant(true.array))
    return (*stacked, *states)


class Step:
    """A loop's body, whose first output says whether it goes on; then states, then rows."""

    def __init__(self, site: Site, graph: Graph, sliced: int, states: int) -> None:
        self.site = site
        self.sliced = sliced
        self.build = _builder(site, graph)
        self.graph = self.build.graph
        self.states = graph.inputs[sliced : sliced + states]
        self.number = ov.parameter([-1], numpy.int64, "step")  # one element: how many are done
        self.build.unknown = ov.squeeze(self.number, vector([0]))
        for position in range(len(graph.inputs)):
            self._disguise(position)
        self.build.lower()

    def _disguise(self, position: int) -> None:
        """An input as a parameter of unknown shape, with an axis before if it is a slice."""
        value = self.graph.inputs[position]
        front = [1] if position < self.sliced else []
        sizes = [*front, *[-1] * max(1, value.type.ndim)]
        parameter = ov.parameter(sizes, value.type.dtype, value.name)
        self.build.parameters[position] = parameter
        inner = ov.squeeze(parameter, vector([0])) if front else parameter
        if not value.type.ndim:
            inner = ov.reshape(inner, vector([]), False)
        moved = not all(node.op in _COMPUTES for node in self._readers(value))
        copied = moved or not value.type.ndim
        self.build.known[id(value)] = self._own(inner, inner) if copied else inner

    def _readers(self, value: Value) -> list[Node]:
        return [n for n in self.graph.nodes() if any(value is operand for operand in n.operands)]

    def _own(self, output: Output, other: Output) -> Output:
        """A copy of an array: a choice between it and another one, which is never made."""
        begun = ov.greater_equal(self.build.unknown, ov.constant(numpy.int64(0)))
        return ov.select(begun, output, other)

    def _state(self, value: Value, before: Input) -> Output:
        """A state's new value; the old one is read in any case, or a loop of no steps loses it."""
        output = self.build.output(value)
        if is_computed(value) and self._readers(before):
            return output
        return self._own(output, self.build.output(before))

    def _row(self, value: Value) -> Output:
        output = self.build.output(value)
        if is_computed(value):
            return output
        if not isinstance(value, Constant):
            return self._own(output, output)
        array = value.array
        other = ~array if array.dtype == numpy.bool_ else array + array.dtype.type(1)
        return self._own(output, ov.constant(other))

    def _results(self) -> list[Any]:
        go, *rest = self.graph.outputs
        count = len(self.states)
        states = [self._state(v, s) for v, s in zip(rest, self.states, strict=False)]
        rows = [self._row(value) for value in rest[count:]]
        axis = ov.shape_of(self.number)
        found = [
            x if value.type.ndim else ov.broadcast(x, axis)
            for x, value in zip([*states, *rows], rest, strict=True)
        ]
        found[count:] = [ov.unsqueeze(x, vector([0])) for x in found[count:]]
        return [ov.result(x) for x in (self.build.output(go), *found)]

    def loop(self, operands: Sequence[Output], trip: Output, go: Output) -> Any:
        """The states after the loop, what is stacked, and the number of steps."""
        results, after = self._results(), ov.result(ov.add(self.number, vector([1])))
        loop = ov.loop(_port(trip), _port(go))
        parameters = [*_parameters(self.build), self.number]
        loop.set_function(openvino.Model([*results, after], parameters, "step"))
        loop.set_special_body_ports([-1, 0])
        zero = _disguised(self.site.build, vector([0]), (1,))
        loop.set_merged_input(self.number, _port(zero), after.output(0))
        self._feed(loop, operands, results[1:])
        ports = [result.output(0) for result in results[1:]]
        types = [value.type for value in self.graph.outputs[1:]]
        count = len(self.states)
        states = [
            _revealed(loop.get_iter_value(port, -1), of.shape, of)
            for port, of in zip(ports[:count], types, strict=False)
        ]
        stacked = [
            _revealed(loop.get_concatenated_slices(port, 0, 1, 1, -1, 0), (-1, *of.shape), of)
            for port, of in zip(ports[count:], types[count:], strict=True)
        ]
        steps = ov.reshape(loop.get_iter_value(after.output(0), -1), vector([1]), False)
        return states, stacked, steps

    def _feed(self, loop: Any, operands: Sequence[Output], results: Sequence[Any]) -> None:
        """Slices, then states, then what is taken from outside, sizes included."""
        end = self.sliced + len(self.states)
        pairs = zip(self.graph.inputs, self.build.parameters, operands, strict=True)
        for position, (value, parameter, operand) in enumerate(pairs):
            port = self._entering(position, value.type, operand)
            if position < self.sliced:
                loop.set_sliced_input(parameter, port, 0, 1, 1, -1, 0)
            elif position < end:
                loop.set_merged_input(parameter, port, results[position - self.sliced].output(0))
            else:
                loop.set_invariant_input(parameter, port)
        for name, parameter in self.build.size_inputs.items():
            loop.set_invariant_input(parameter, _port(self.site.build.atom(name)))

    def _entering(self, position: int, of: Type, operand: Output) -> openvino.Output:
        if of.ndim and not of.is_static:
            return _port(operand)
        length = self.site.operand_type(position).shape[: position < self.sliced]
        return _port(_disguised(self.site.build, operand, (*length, *(of.shape or (1,)))))


# Operators whose result the plugin always computes anew.
_NEUTRAL = {np.add: 0, np.subtract: 0, np.multiply: 1, np.divide: 1}
_COMPUTES = {
    *_NEUTRAL, np.matmul, np.tanh, np.exp, np.log, np.sqrt, np.sin, np.cos,
    npx.sigmoid, npx.silu, npx.gelu, npx.softmax, npx.layer_norm, npx.fully_connected,
}  # fmt: skip


def is_computed(value: Value) -> bool:
    """Whether the plugin computes it, rather than leave an operand where it is."""
    if not isinstance(value, Result) or value.node.op not in _COMPUTES:
        return False
    op, operands = value.node.op, value.node.operands
    constants = [v.array for v in operands if isinstance(v, Constant)]
    return not any(op in _NEUTRAL and numpy.any(a == _NEUTRAL[op]) for a in constants)


def _disguised(build: Builder, output: Output, shape: Shape) -> Output:
    """The array in a shape that is known when the model runs."""
    sizes = build.shape(shape)
    return ov.reshape(output, ov.minimum(sizes, ov.add(sizes, _unknown(build))), False)


def _unknown(build: Builder) -> Output:
    """A number from 0 that is not known before the model runs, as a 0-d array."""
    if build.unknown is None and not build.parameters:
        return ov.squeeze(next(iter(build.size_inputs.values())), vector([0]))
    if build.unknown is None:
        zero = ov.constant(numpy.int64(0))
        first = ov.gather(ov.reshape(build.parameters[0], vector([-1]), False), zero, zero)
        dtype = build.graph.inputs[0].type.dtype
        is_truth = dtype == numpy.bool_
        truth = first if is_truth else ov.greater(first, ov.constant(numpy.zeros((), dtype)))
        build.unknown = ov.convert(truth, "i64")
    return build.unknown


def _revealed(output: Output, shape: Sequence[int | Dim], of: Type) -> Output:
    """What left a loop, in the shape of its type, if that is known."""
    if of.ndim and not of.is_static:
        return output
    sizes = [size for size in shape if not isinstance(size, Dim)]
    return ov.reshape(output, vector(sizes), False)


def _port(output: Output) -> openvino.Output:
    return output if isinstance(output, openvino.Output) else output.output(0)
