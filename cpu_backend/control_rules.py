"""Rules of branches and loops: bodies become models inside the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy
import openvino
from openvino import opset16 as ov

from isthmus import np, npx
from isthmus.dims import Dim
from isthmus.graph import Constant, Graph, Input, Result, Value
from isthmus.subgraph import stepping

from .builder import Builder, Output, Site, vector


class Body:
    """A body as a model: its parameters, and its results in the graph's order."""

    def __init__(self, site: Site, graph: Graph) -> None:
        names = site.build.graph.constant_names
        self.graph = replace(graph, constant_names=names)
        self.build = Builder(self.graph, site.build.rules, site.numerics)
        self.parameters = self.build.parameters
        self.sizes = self.build.size_inputs
        self.step: Any = None  # how many steps are done, if that is used

    def slice(self, position: int) -> None:
        """Let an input be a slice, which comes with an axis of one element before the others."""
        value = self.graph.inputs[position]
        sizes = [-1 if isinstance(size, Dim) else size for size in value.type.shape]
        parameter = ov.parameter([1, *sizes], value.type.dtype, value.name)
        self.parameters[position] = parameter
        self.build.known[id(value)] = ov.squeeze(parameter, vector([0]))

    def lower(self) -> list[Any]:
        """A result for each output of the graph."""
        self.build.lower()
        return [ov.result(self.build.output(value)) for value in self.graph.outputs]

    def lower_step(self, first: int, states: Sequence[Input]) -> list[Any]:
        """The same for a loop: the states from output `first` on, and what is stacked."""
        self.build.lower()
        results = [ov.result(self.build.output(value)) for value in self.graph.outputs[:first]]
        rest = self.graph.outputs[first:]
        results += [ov.result(self._state(v, s)) for v, s in zip(rest, states, strict=False)]
        rows = [self._row(value) for value in rest[len(states) :]]
        return results + [ov.result(ov.unsqueeze(row, vector([0]))) for row in rows]

    def _state(self, value: Value, before: Input) -> Output:
        """A state's new value, in memory of its own; its old value is read in any case."""
        output = self.build.output(value)
        read = any(before is operand for node in self.graph.nodes() for operand in node.operands)
        if is_computed(value) and read:
            return output
        return ov.select(self._begun(), output, self.build.output(before))

    def _row(self, value: Value) -> Output:
        """An output of a step, in memory of its own."""
        output = self.build.output(value)
        if is_computed(value):
            return output
        other = output
        if isinstance(value, Constant):
            array = value.array
            other = ov.constant(~array if array.dtype == numpy.bool_ else array + 1)
        return ov.select(self._begun(), output, other)

    def _begun(self) -> Output:
        """True, which the plugin does not know."""
        return ov.squeeze(ov.greater_equal(self.counter(), vector([0])), vector([0]))

    def counter(self) -> Any:
        """The number of steps before this one."""
        if self.step is None:
            self.step = ov.parameter([1], numpy.int64, "step")
        return self.step

    def model(self, results: Sequence[Any]) -> openvino.Model:
        step = [] if self.step is None else [self.step]
        return openvino.Model(results, [*self.parameters, *self.sizes.values(), *step], "body")


# Operators whose result the plugin always computes anew, of floats.
_ANEW = {
    np.matmul, np.tanh, np.exp, np.log, np.sqrt, np.sin, np.cos,
    npx.sigmoid, npx.silu, npx.gelu, npx.softmax, npx.layer_norm, npx.fully_connected,
}  # fmt: skip
_NEUTRAL = {np.add: 0, np.subtract: 0, np.multiply: 1, np.divide: 1}


def is_computed(value: Value) -> bool:
    """Whether the plugin computes it, rather than leave an operand where it is."""
    if not isinstance(value, Result):
        return False
    op, operands = value.node.op, value.node.operands
    if op in _ANEW:
        return True
    constants = [v.array for v in operands if isinstance(v, Constant)]
    return op in _NEUTRAL and not any(numpy.any(a == _NEUTRAL[op]) for a in constants)


def cond(site: Site, predicate: Output, *given: Output) -> tuple[Output, ...]:
    then, otherwise = (Body(site, site.attributes[key]) for key in ("then", "otherwise"))
    results = [then.lower(), otherwise.lower()]
    branch = ov.if_op(_port(predicate))
    branch.set_then_body(then.model(results[0]))
    branch.set_else_body(otherwise.model(results[1]))
    for value, *pair in zip(given, then.parameters, otherwise.parameters, strict=True):
        branch.set_input(_port(value), *pair)
    for name in dict.fromkeys([*then.sizes, *otherwise.sizes]):
        size = _port(site.build.atom(name))
        branch.set_input(size, then.sizes.get(name), otherwise.sizes.get(name))
    return tuple(branch.set_output(*pair) for pair in zip(*results, strict=True))


def while_loop(site: Site, *operands: Output) -> tuple[Output, ...]:
    attributes, count = site.attributes, site.attributes["variables"]
    body = Body(site, stepping(attributes["condition"], attributes["body"], count))
    (first,) = site.build.inlined(attributes["condition"], site.operands)
    results = body.lower_step(1, body.graph.inputs[:count])
    limit = -1 if attributes["limit"] is None else attributes["limit"]
    loop, steps = _loop(site, body, results, ov.constant(numpy.int64(limit)), first)
    states = _connect(site, loop, body, operands, results[1 : 1 + count])
    stacked = [_stacked(loop, result) for result in results[1 + count :]]
    # Of a loop without steps the plugin returns what it stacked the last time.
    cut = [ov.slice(x, vector([0]), steps, vector([1]), vector([0])) for x in stacked]
    return (*cut, *states)


def foreach(site: Site, *operands: Output) -> tuple[Output, ...]:
    sliced, count = site.attributes["sliced"], site.attributes["states"]
    body = Body(site, site.attributes["body"])
    for position in range(sliced):
        body.slice(position)
    results = body.lower_step(0, body.graph.inputs[sliced : sliced + count])
    true = ov.constant(numpy.array(True))
    trip = ov.squeeze(site.build.size(site.operand_type(0).shape[0]), vector([0]))
    loop, _ = _loop(site, body, [ov.result(true), *results], trip, true)
    for parameter, value in zip(body.parameters[:sliced], operands, strict=False):
        loop.set_sliced_input(parameter, _port(value), 0, 1, 1, -1, 0)
    states = _connect(site, loop, body, operands, results[:count], sliced)
    return (*(_stacked(loop, result) for result in results[count:]), *states)


def _loop(site: Site, body: Body, results: Sequence[Any], trip: Output, first: Output) -> Any:
    """A loop whose first result says whether it goes on, and the number of its steps."""
    after = ov.result(ov.add(body.counter(), vector([1])))
    loop = ov.loop(_port(trip), _port(first))
    loop.set_function(body.model([*results, after]))
    loop.set_special_body_ports([-1, 0])
    loop.set_merged_input(body.counter(), vector([0]).output(0), after.output(0))
    return loop, loop.get_iter_value(after.output(0), -1)


def _connect(
    site: Site,
    loop: Any,
    body: Body,
    operands: Sequence[Output],
    states: Sequence[Any],
    first: int = 0,
) -> list[Output]:
    """Feed the inputs from position `first` on: states, then what is taken; the last states."""
    pairs = list(zip(body.parameters, operands, strict=True))[first:]
    for (parameter, value), result in zip(pairs, states, strict=False):
        loop.set_merged_input(parameter, _port(value), result.output(0))
    for parameter, value in pairs[len(states) :]:
        loop.set_invariant_input(parameter, _port(value))
    for name, parameter in body.sizes.items():
        loop.set_invariant_input(parameter, _port(site.build.atom(name)))
    return [loop.get_iter_value(result.output(0), -1) for result in states]


def _stacked(loop: Any, result: Any) -> Output:
    return loop.get_concatenated_slices(result.output(0), 0, 1, 1, -1, 0)


def _port(output: Output) -> openvino.Output:
    return output if isinstance(output, openvino.Output) else output.output(0)
