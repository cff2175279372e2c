"""Control flow of traced arrays: the functions are traced once, each into a body of one node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from isthmus import np
from isthmus.errors import TraceError, UsageError
from isthmus.graph.bodies import discovered_names, enclosed
from isthmus.graph.nodes import Graph, Held, Input, Type
from isthmus.trace.array import Array
from isthmus.trace.recording import as_value
from isthmus.trace.scope import entered

from .control_operators import common_length, conditional, loop, scan
from .nests import Nest, arguments, check_kept, check_same, pair

__all__ = ["no_steps", "recorded_cond", "recorded_foreach", "recorded_while", "sliced"]

Function = Callable[..., Any]


def recorded_cond(predicate: Any, then_func: Function, else_func: Function, inputs: Any) -> Any:
    """A node with both branches; what they read is computed before it."""
    with entered() as scope:
        then = Nest(then_func(*arguments(inputs)))
    with entered():
        otherwise = Nest(else_func(*arguments(inputs)))
    check_same("npx.cond", "the result of then_func", then, "that of else_func", otherwise)
    if not then.leaves:
        return then.tree
    taken, bodies = enclosed([then.values, otherwise.values], (), scope.since, lift=False)
    operands = [_truth(predicate), *map(Array, taken)]
    return then.filled(conditional(operands, then=bodies[0], otherwise=bodies[1]))


def recorded_while(
    cond: Function, func: Function, loop_vars: Any, limit: int | None
) -> tuple[Any, Any]:
    """A node with the condition and the step."""
    start = Nest(loop_vars)
    own = start.inputs("variable", start.types)
    with entered() as scope:
        go = as_value(_truth(cond(*_handles(start, own))))
        outputs, after = pair(func(*_handles(start, own)), "npx.while_loop: func")
        check_kept("npx.while_loop", "func", start, after)
    bodies = [[go], [*after.values, *outputs.values]]
    taken, (condition, body) = enclosed(bodies, own, scope.since, lift=True)
    _check_sizes(body, outputs, "npx.while_loop")
    found = loop(
        [Array(value) for value in (*start.values, *taken)],
        condition=condition,
        body=body,
        variables=len(own),
        limit=limit,
        size=None if outputs.leaves else 0,
    )
    return _apart(found, outputs, start)


def recorded_foreach(body: Function, data: Any, states: Any) -> tuple[Any, Any]:
    """A node with the step."""
    whole, start = Nest(data), Nest(states)
    common_length([of.shape for of in whole.types])
    own = whole.inputs("slice", sliced(whole.types))
    state = start.inputs("state", start.types)
    with entered() as scope:
        result = body(whole.filled(list(map(Array, own))), start.filled(list(map(Array, state))))
        outputs, after = pair(result, "npx.foreach: body")
        check_kept("npx.foreach", "body", start, after)
    bodies = [[*after.values, *outputs.values]]
    taken, (graph,) = enclosed(bodies, (*own, *state), scope.since, lift=True)
    _check_sizes(graph, outputs, "npx.foreach")
    operands = [Array(value) for value in (*whole.values, *start.values, *taken)]
    found = scan(operands, body=graph, sliced=len(own), states=len(state))
    return _apart(found, outputs, start)


def _truth(x: Any) -> Any:
    """x as Python's `if` takes it."""
    return np.astype(np.asarray(x), np.bool, copy=False)


def sliced(types: Sequence[Type]) -> list[Type]:
    """The types of slices along the first axis."""
    return [Type(of.dtype, of.shape[1:]) for of in types]


def _handles(nest: Nest, inputs: Sequence[Input]) -> tuple[Any, ...]:
    return arguments(nest.filled([Array(value) for value in inputs]))


def _check_sizes(body: Graph, outputs: Nest, what: str) -> None:
    inner = discovered_names(list(body.all_nodes()))
    for path, of in zip(outputs.paths, outputs.types, strict=True):
        for size in of.shape:
            names = set() if isinstance(size, int) else size.names() & inner
            if names:
                raise UsageError(
                    f"{what}: the size {names.pop()} of output '{'.'.join(path)}' is found at "
                    "every step anew, so that steps cannot be stacked; return arrays of one size"
                )


def _apart(found: Sequence[Any], outputs: Nest, start: Nest) -> tuple[Any, Any]:
    count = len(outputs.leaves)
    return outputs.filled(found[:count]), start.filled(found[count:])


def no_steps(what: str, func: Function, nests: Sequence[tuple[Nest, list[Type]]]) -> Any:
    """A step's outputs, stacked over no steps; their types by tracing it on arrays of types."""
    try:
        with entered():
            given = [
                nest.filled([Array(value) for value in nest.inputs("argument", types)])
                for nest, types in nests
            ]
            outputs = pair(func(*given), what)[0]
    except TraceError as problem:
        raise TraceError(
            f"{what} did no step, and its outputs' types cannot be found without: {problem}"
        ) from None
    empty = [np.zeros((0, *of.shape), of.dtype) for of in outputs.types]
    return outputs.filled([_beside(array, nests) for array in empty])


def _beside(array: Any, nests: Sequence[tuple[Nest, list[Type]]]) -> Any:
    """The array on the device that holds the loop's arrays, if one does."""
    for leaf in (leaf for nest, _ in nests for leaf in nest.leaves):
        if isinstance(leaf, Array) and isinstance(leaf.value, Held):
            return leaf.value.device.hold(array)
    return array
