"""Gradients of branches and scans: the bodies' gradients, in a branch and a scan of their own.

A scan `s, y = body(x, s, w)` goes back as `gs, gx, gw' = pull(x, s, w, gs, gy)`, `gw += gw'`.
The states before each step are found by scanning forwards once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph, Input, Node, Value
from isthmus.graph.operator import Operator
from isthmus.npx.control_operators import conditional, scan
from isthmus.trace.array import Array
from isthmus.trace.discovery import finders_are, recording
from isthmus.trace.recording import as_value

__all__ = ["Pulled", "control_gradients"]

Cotangents = dict[int, Array]  # id of a value -> the gradient by it
Sweep = Callable[[Sequence[Node], Cotangents, Sequence[Value]], Cotangents]
Gradients = list[Array | None]  # one an operand


def control_gradients(node: Node, found: Mapping[int, Array], sweep: Sweep) -> Gradients:
    """The gradient by each operand of a branch or scan; UsageError for a while loop.

    found: the gradients by results. sweep: from those by a graph's outputs to all before.
    """
    if node.op not in RULES:
        raise UsageError(
            f"{node}{node.at} is not differentiable: a while loop does not keep the "
            "states of its steps; use npx.foreach over np.arange(steps), with a fixed number"
        )
    seeds = [found.get(id(result), _zeros(result)) for result in node.results if _smooth(result)]
    return RULES[node.op](node, seeds, sweep)


def _smooth(value: Value) -> bool:
    return value.type.dtype.kind == "f"


def _zeros(value: Value) -> Array:
    return Array(as_value(np.zeros(value.type.shape, value.type.dtype)))


def _graph(inputs: Sequence[Input], outputs: Sequence[Value]) -> Graph:
    return Graph(tuple(inputs), tuple(outputs), tuple(f"output.{i}" for i in range(len(outputs))))


class Pulled:
    """The gradients by a body's floating inputs, made of `seeds`: those by its floating outputs."""

    def __init__(self, body: Graph, sweep: Sweep) -> None:
        outputs = [value for value in body.outputs if _smooth(value)]
        self.seeds = [Input(value.type, f"gradient.{i}") for i, value in enumerate(outputs)]
        self.wanted = [value for value in body.inputs if _smooth(value)]
        finders_are(body.nodes())
        found: Cotangents = {}
        for value, seed in zip(outputs, self.seeds, strict=True):
            known = found.get(id(value))  # one value may be several outputs
            found[id(value)] = Array(seed) if known is None else np.add(known, Array(seed))
        self.found = sweep(body.nodes(), found, self.wanted)

    def by(self, value: Value) -> Array:
        """The gradient by an input."""
        return self.found.get(id(value), _zeros(value))


def _of_cond(node: Node, seeds: Sequence[Array], sweep: Sweep) -> Gradients:
    bodies = []
    for body in node.bodies:
        with recording():
            pulled = Pulled(body, sweep)
            gradients = [as_value(pulled.by(value)) for value in pulled.wanted]
        bodies.append(_graph((*body.inputs, *pulled.seeds), gradients))
    predicate, *given = [Array(value) for value in node.operands if value is not None]
    smooth = [_smooth(array.value) for array in given]
    if not any(smooth):
        return [None] * len(node.operands)
    operands = [predicate, *given, *seeds]
    found = iter(conditional(operands, then=bodies[0], otherwise=bodies[1]))
    return [None, *(next(found) if floating else None for floating in smooth)]


def _of_foreach(node: Node, seeds: Sequence[Array], sweep: Sweep) -> Gradients:
    (body,) = node.bodies
    sliced, count = node.attributes["sliced"], node.attributes["states"]
    given = [Array(value) for value in node.operands if value is not None]
    slices, states, taken = _three(body.inputs, sliced, count)
    before = _states_before(node, given)
    with recording():
        pulled = Pulled(body, sweep)
        sums = [Input(v.type, f"sum.{i}") for i, v in enumerate(taken) if _smooth(v)]
        added = zip(sums, filter(_smooth, taken), strict=True)
        outputs = [
            *(pulled.by(v) for v in states if _smooth(v)),
            *(np.add(Array(total), pulled.by(v)) for total, v in added),
            *(pulled.by(v) for v in slices if _smooth(v)),
        ]
        values = [as_value(output) for output in outputs]
    ends = sum(map(_smooth, body.outputs[:count]))  # floating states; the other seeds are rows
    inputs = (*slices, *states, *pulled.seeds[ends:], *pulled.seeds[:ends], *sums, *taken)
    rows, last = seeds[: len(seeds) - ends], seeds[len(seeds) - ends :]
    data = [np.flip(array, axis=0) for array in (*given[:sliced], *before, *rows)]
    operands = [*data, *last, *map(_zeros, filter(_smooth, taken)), *given[sliced + count :]]
    found = scan(operands, body=_graph(inputs, values), sliced=len(data), states=ends + len(sums))
    by_slices = [np.flip(array, axis=0) for array in found[: -(ends + len(sums)) or None]]
    source = iter([*by_slices, *found[len(by_slices) :]])
    return [next(source) if _smooth(value) else None for value in body.inputs]


def _three(values: Sequence[Any], sliced: int, states: int) -> tuple[Any, Any, Any]:
    end = sliced + states
    return values[:sliced], values[sliced:end], values[end:]


def _states_before(node: Node, given: Sequence[Array]) -> list[Array]:
    """The states before each step, stacked: the same scan with them as its outputs."""
    (body,) = node.bodies
    sliced, count = node.attributes["sliced"], node.attributes["states"]
    states = body.inputs[sliced : sliced + count]
    graph = _graph(body.inputs, (*body.outputs[:count], *states))
    found = scan(given, body=graph, sliced=sliced, states=count)
    return list(found[:count])


RULES: Mapping[Operator, Callable[[Node, Sequence[Array], Sweep], Gradients]] = {
    conditional: _of_cond,
    scan: _of_foreach,
}
