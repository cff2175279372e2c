"""The operators of control flow: nodes whose attributes are graphs, their bodies.

Every body has the inputs that the node's operands say, in their order: what changes from step
to step first, then what is taken from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, equal, same
from isthmus.graph.interpreter import Loaded, loaded
from isthmus.graph.nodes import Graph, Type
from isthmus.np import host_only
from isthmus.trace.op import primitive

__all__ = ["common_length", "conditional", "loop", "scan", "sized_conditional"]

Body = Graph | Loaded
Types = tuple[Type, ...]


def _free(operands: Any, results: Any, attributes: Any) -> int:
    return 0  # the bodies' own operations are counted


def check_inputs(body: Graph, types: Sequence[Type]) -> None:
    """UsageError unless the body takes arrays of these types, and infers its own."""
    taken = [value.type for value in body.inputs]
    if len(taken) != len(types) or not all(a.same(b) for a, b in zip(taken, types, strict=True)):
        raise UsageError(
            f"a body takes {', '.join(map(str, taken))}, but {', '.join(map(str, types))} are given"
        )
    body.verify()


def output_types(body: Graph) -> Types:
    return tuple(value.type for value in body.outputs)


def check_truth(of: Type, what: str) -> None:
    """UsageError unless it is one truth value."""
    if of.shape or of.dtype != numpy.bool_:
        raise UsageError(f"{what} is {of}; give one truth value, such as x < 1 or np.any(x < 1)")


def _cond_type(predicate: Type, *given: Type, then: Graph, otherwise: Graph) -> Types:
    check_truth(predicate, "the predicate")
    check_inputs(then, given)
    check_inputs(otherwise, given)
    left, right = output_types(then), output_types(otherwise)
    if len(left) != len(right) or not all(a.same(b) for a, b in zip(left, right, strict=True)):
        raise UsageError(f"the branches give {left} and {right}; make them the same")
    return left


@primitive(
    name="npx.cond",
    infer=_cond_type,
    variadic=True,
    operations=_free,
    may_raise=False,
    chooses=True,
)
def conditional(operands: Any, /, then: Body, otherwise: Body) -> Any:
    """The results of one of two bodies, by the first operand; the others are what both read."""
    predicate, *given = operands
    return tuple(loaded(then if predicate else otherwise)(given))


def _sized_type(
    predicate: Type, *given: Type, then: Graph, otherwise: Graph, flat: int, size: Any
) -> Types:
    check_truth(predicate, "the predicate")
    check_inputs(then, given)
    check_inputs(otherwise, given)
    left, right = output_types(then), output_types(otherwise)
    ends = zip(left[:flat], right[:flat], strict=True)
    if any(a.ndim != 1 or b.ndim != 1 or a.dtype != b.dtype for a, b in ends):
        raise UsageError(f"the branches give {left} and {right}; give lists of one dtype")
    if not all(a.same(b) for a, b in zip(left[flat:], right[flat:], strict=True)):
        raise UsageError(f"the branches give {left} and {right}; make the last of them the same")
    return (*(Type(of.dtype, (size,)) for of in left[:flat]), *left[flat:])


@primitive(
    name="npx.sized_cond",
    infer=_sized_type,
    variadic=True,
    discovers=True,
    operations=_free,
    chooses=True,
    host_only=host_only.DISCOVERED,
)
def sized_conditional(
    operands: Any, /, then: Body, otherwise: Body, flat: int, size: Any = None
) -> Any:
    """The same of bodies whose first `flat` results have one axis, of a size that the body that
    runs decides; it is one for all of them.
    """
    return conditional.body(operands, then, otherwise)


def _while_type(
    *types: Type, condition: Graph, body: Graph, variables: int, limit: int | None, size: Any
) -> Types:
    if not isinstance(limit, int | None):
        raise UsageError(f"limit={limit!r}; give a whole number, or None")
    check_inputs(condition, types)
    check_inputs(body, types)
    (go,) = output_types(condition)
    check_truth(go, "the condition")
    changed = output_types(body)[:variables]
    _check_kept(types[:variables], changed)
    return (*_stacked(output_types(body)[variables:], size), *changed)


def _check_kept(before: Types, after: Types) -> None:
    if len(before) != len(after) or not all(a.same(b) for a, b in zip(before, after, strict=True)):
        raise UsageError(f"variables of types {before} become {after}; keep their types")


def _stacked(types: Types, steps: int | Dim) -> Types:
    return tuple(Type(of.dtype, (steps, *of.shape)) for of in types)


@primitive(
    name="npx.while_loop",
    infer=_while_type,
    variadic=True,
    discovers=True,
    operations=_free,
    may_raise=False,
)
def loop(
    operands: Any,
    /,
    condition: Body,
    body: Body,
    variables: int,
    limit: int | None,
    size: Any = None,
) -> Any:
    """Steps of the body while the condition holds, at most `limit`: its stacked outputs, then
    the variables. size: the number of steps; 0 if the body has no outputs but the variables.
    """
    test, step = loaded(condition), loaded(body)
    state, taken = _own(operands[:variables]), operands[variables:]
    rows: list[list[Any]] = []
    while (limit is None or len(rows) < limit) and test([*state, *taken])[0]:
        results = step([*state, *taken])
        state = results[:variables]
        rows.append(results[variables:])
    return (*_rows_together(rows, step, variables), *state)


def _own(arrays: Sequence[Any]) -> list[Any]:
    """Copies, since a loop without steps returns them."""
    return [numpy.array(array) for array in arrays]


def _rows_together(rows: Sequence[Sequence[Any]], step: Loaded, first: int) -> list[Any]:
    """The outputs of all steps, each stacked along a new first axis."""
    if rows:
        return [numpy.stack(column) for column in zip(*rows, strict=True)]
    return [step.no_rows(position) for position in range(first, len(step.graph.outputs))]


def _foreach_type(*types: Type, body: Graph, sliced: int, states: int) -> Types:
    data, rest = types[:sliced], types[sliced:]
    steps = common_length([of.shape for of in data])
    slices = [Type(of.dtype, of.shape[1:]) for of in data]
    check_inputs(body, [*slices, *rest])
    changed = output_types(body)[:states]
    _check_kept(rest[:states], changed)
    return (*_stacked(output_types(body)[states:], steps), *changed)


def common_length(shapes: Sequence[Any]) -> Any:
    """The size of the first axis, which is that of all; UsageError if it is not."""
    if not shapes or not all(shapes):
        raise UsageError("a 0-d array has no first axis; give arrays with at least one axis")
    first = shapes[0][0]
    for shape in shapes[1:]:
        if not same(first, shape[0]) and not equal(first, shape[0]):
            raise UsageError(f"first axes of {first} and {shape[0]} elements; give equal ones")
    return first


@primitive(
    name="npx.foreach",
    infer=_foreach_type,
    variadic=True,
    operations=_free,
    may_raise=False,
    slices="sliced",
)
def scan(operands: Any, /, body: Body, sliced: int, states: int) -> Any:
    """A step of the body for each slice of the data along its first axis: its stacked outputs,
    then the states.
    """
    step = loaded(body)
    data, state = operands[:sliced], _own(operands[sliced : sliced + states])
    taken = operands[sliced + states :]
    rows: list[list[Any]] = []
    for position in range(len(data[0])):
        slices = [numpy.asarray(array[position]) for array in data]
        results = step([*slices, *state, *taken])
        state = results[:states]
        rows.append(results[states:])
    return (*_rows_together(rows, step, states), *state)
