"""Branches and loops. While tracing each is one node, for any values; else it is Python's own.

    y = npx.cond(np.sum(x) > 0, lambda: x, lambda: -x)
    _, root = npx.while_loop(
        lambda y: np.abs(y * y - x) > 1e-6, lambda y: (None, (y + x / y) / 2), x
    )
    sums, total = npx.foreach(lambda row, sum: (sum + row, sum + row), rows, np.zeros(3))

Loop variables and states are arrays that keep dtype and shape; Python numbers among them become
arrays. A step has arrays of its own, to which it may assign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.trace.attributes import plain
from isthmus.trace.traced import any_traced, is_traced

from .control_operators import common_length
from .control_recording import no_steps, recorded_cond, recorded_foreach, recorded_while, sliced
from .nests import Nest, arguments, check_kept, check_same, pair

__all__ = [
    "cond",
    "foreach",
    "while_loop",
]

Function = Callable[..., Any]


def cond(pred: Any, then_func: Function, else_func: Function, inputs: Any = ()) -> Any:
    """then_func(*inputs) if pred else else_func(*inputs).

    pred: one truth value. The functions return an array or a nest of arrays. For a traced pred both
    are traced, and must return the same nesting, dtypes and shapes; they may use arrays from
    outside, but not assign to them. Recorded as one node, in ONNX If. Raises UsageError for another
    pred or different results, TraceError for such an assignment.

    >>> from isthmus import np, npx
    >>> x = np.asarray([1.0, -3.0])
    >>> npx.cond(np.sum(x) > 0, lambda: x, lambda: -x)
    array([-1.,  3.])
    """
    if getattr(pred, "ndim", 0):
        raise UsageError(f"npx.cond: pred has shape {pred.shape}; give one truth value")
    if is_traced(pred):
        return recorded_cond(np.asarray(pred), then_func, else_func, inputs)
    return (then_func if pred else else_func)(*arguments(inputs))


def while_loop(
    cond: Function, func: Function, loop_vars: Any, max_iterations: int | None = None
) -> tuple[Any, Any]:
    """(outputs, loop_vars) of `output, loop_vars = func(*loop_vars)` while cond(*loop_vars).

    The outputs are stacked along a new first axis; they may be None. loop_vars: a tuple or list of
    arrays or nests of them, or one array, which keep nesting, dtypes and shapes. max_iterations:
    the most steps. The loop is traced if a loop variable is, or what cond or func return: then func
    is traced once, and may use arrays from outside, but not assign to them. Recorded as one node,
    in ONNX Loop. Raises UsageError for what does not keep its type, TraceError for such an
    assignment.

    >>> from isthmus import np, npx
    >>> outputs, x = npx.while_loop(lambda x: x < 50, lambda x: (x, x * x), np.asarray(2))
    >>> outputs, x
    (array([ 2,  4, 16]), array(256))
    """
    max_iterations = plain(max_iterations)
    if max_iterations is not None and (not isinstance(max_iterations, int) or max_iterations < 0):
        raise UsageError(f"max_iterations={max_iterations!r}: give a whole number from 0, or None")
    found = None
    if not any_traced(loop_vars):
        found = _ran_while(cond, func, Nest(loop_vars).copied(), max_iterations)
    return found or recorded_while(cond, func, loop_vars, max_iterations)


def foreach(body: Function, data: Any, init_states: Any) -> tuple[Any, Any]:
    """(outputs, states) of `output, states = body(slice, states)` for each slice of data.

    data: an array or a nest of arrays, cut along their first axis, which has one size. The outputs
    are stacked along a new first axis; they may be None. The states keep nesting, dtypes and
    shapes. The loop is traced if data, states or what body returns are: then body is traced once,
    and may use arrays from outside, but not assign to them. Recorded as one node, in ONNX Scan.
    Raises UsageError for what does not keep its type, TraceError for such an assignment.

    >>> from isthmus import np, npx
    >>> rows = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> sums, total = npx.foreach(lambda row, sum: (sum + row, sum + row), rows, np.zeros(2))
    >>> sums, total
    (array([[1., 2.],
           [4., 6.]]), array([4., 6.]))
    """
    found = None
    if not any_traced((data, init_states)):
        found = _ran_foreach(body, Nest(data), Nest(init_states).copied())
    return found or recorded_foreach(body, data, init_states)


def _ran_while(
    cond: Function, func: Function, state: Nest, limit: int | None
) -> tuple[Any, Any] | None:
    """Python's loop; None where cond or func turn out to return traced arrays."""
    steps = _Steps("npx.while_loop", "func", state)
    while limit is None or steps.count < limit:
        go = cond(*arguments(steps.state.tree))
        if is_traced(go):
            return None
        if not go:
            break
        if not steps.add(func(*arguments(steps.state.tree))):
            return None
    if steps.count:
        return steps.stacked(), steps.state.tree
    nests = [Nest(part) for part in arguments(state.tree)]
    return no_steps(steps.what, func, [(nest, nest.types) for nest in nests]), state.tree


def _ran_foreach(body: Function, data: Nest, state: Nest) -> tuple[Any, Any] | None:
    """Python's loop; None where body turns out to return traced arrays."""
    steps = _Steps("npx.foreach", "body", state)
    for position in range(common_length([of.shape for of in data.types])):
        index = numpy.asarray(position)
        slices = [np.asarray(np.take(leaf, index, axis=0)) for leaf in data.leaves]
        if not steps.add(body(data.filled(slices), steps.state.tree)):
            return None
    if steps.count:
        return steps.stacked(), steps.state.tree
    nests = [(data, sliced(data.types)), (state, state.types)]
    return no_steps(steps.what, body, nests), state.tree


class _Steps:
    """What the steps of Python's loop have returned."""

    def __init__(self, loop: str, function: str, state: Nest) -> None:
        self.loop = loop
        self.function = function
        self.what = f"{loop}: {function}"
        self.state = state
        self.rows: list[Nest] = []

    @property
    def count(self) -> int:
        return len(self.rows)

    def add(self, result: Any) -> bool:
        """Take a step's result; False if there are traced arrays in it."""
        if any_traced(result):
            return False
        row, new = pair(result, self.what)
        check_kept(self.loop, self.function, self.state, new)
        if self.rows:
            check_same(self.loop, "the output of one step", self.rows[0], "of another", row)
        self.rows.append(row.copied())
        self.state = Nest(self.state.filled(new.copied().leaves))
        return True

    def stacked(self) -> Any:
        """The outputs of all steps along a new first axis."""
        columns = zip(*(row.leaves for row in self.rows), strict=True)
        return self.rows[0].filled([np.stack(list(column)) for column in columns])
