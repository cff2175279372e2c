"""Branches and loops of what is not traced are Python's own, and wrong use is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from control_arrays import ROW, TABLE

import isthmus as im
from isthmus import np, npx
from isthmus.errors import TraceError, UsageError
from isthmus.program.compiling import compile

ZERO = numpy.zeros(3, numpy.float32)


def test_nothing_traced_is_pythons_own() -> None:
    seen = []

    def step(k: Any, y: Any) -> Any:
        seen.append(int(k))
        return None, (k + 1, y * 2 if k else y)

    outputs, (k, y) = npx.while_loop(lambda k, y: k < 3, step, (0, numpy.ones(2)))
    assert (outputs, seen, k) == (None, [0, 1, 2], 3)
    numpy.testing.assert_array_equal(y, [4, 4])
    assert npx.cond(numpy.asarray(1), lambda: "then", lambda: 1 / 0) == "then"


def test_steps_have_arrays_of_their_own() -> None:
    x = numpy.zeros(2)

    def step(row: Any, s: Any) -> Any:
        row[0] = s[0] = s[0] + 1
        return s, s

    rows = numpy.ones((3, 2))
    outputs, last = npx.foreach(step, rows, x)
    numpy.testing.assert_array_equal(outputs, [[1, 0], [2, 0], [3, 0]])
    numpy.testing.assert_array_equal(last, [3, 0])
    assert not x.any() and rows.all()


def test_loops_on_arrays_of_a_device() -> None:
    xp = im.namespace("cpu")
    x = xp.asarray(numpy.arange(3, dtype=numpy.float32))
    outputs, last = npx.while_loop(lambda y: xp.sum(y) < 9, lambda y: (y, y * 2), x)
    assert last.device == x.device == outputs.device
    numpy.testing.assert_array_equal(numpy.asarray(outputs), [[0, 1, 2], [0, 2, 4]])
    none, same = npx.while_loop(lambda y: xp.sum(y) < 0, lambda y: (y, y * 2), x)
    assert (none.shape, none.device, same.shape) == ((0, 3), x.device, (3,))
    assert npx.cond(xp.sum(x) > 1, lambda: "then", lambda: "else") == "then"


def test_a_loop_over_constants_is_traced_if_its_body_uses_traced_arrays() -> None:
    def function(x: Any) -> Any:
        _, (_, y) = npx.while_loop(
            lambda k, y: k < 3, lambda k, y: (None, (k + 1, y + x)), (0, ZERO)
        )
        return npx.foreach(lambda r, s: (None, s + r * x), TABLE, y)[1]

    graph = im.trace(function, ROW).graph
    assert [node.op.name for node in graph.nodes()] == ["npx.while_loop", "npx.foreach"]
    found = compile(function, ROW, backend="numpy")(ZERO + 1)
    numpy.testing.assert_array_equal(found, function(ZERO + 1))


# Wrong use


def loop(cond: Callable[..., Any], func: Callable[..., Any], start: Any, **options: Any) -> Any:
    return lambda x: npx.while_loop(cond, func, start(x), **options)


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "branches of other types": (
        lambda x: npx.cond(x[0] > 0, lambda: {"a": x}, lambda: {"a": x[:2]}),
        r"the result of then_func 'a' is float32\[3\], but that of else_func 'a' is float32\[2\]",
    ),
    "branches of other structure": (
        lambda x: npx.cond(x[0] > 0, lambda: (x, x), lambda: x),
        r"then_func \(0, 1\) and that of else_func \(one array\) are nested differently",
    ),
    "a predicate of several": (lambda x: npx.cond(x > 0, lambda: x, lambda: x), r"shape \(3,\)"),
    "a variable of another dtype": (
        loop(lambda k, y: k < 3, lambda k, y: (None, (k + 1, y * k)), lambda x: (0, x)),
        r"the state '1' is float32\[3\], but what func makes of it '1' is float64\[3\]",
    ),
    "a variable of another shape": (
        loop(lambda y: y[0] < 3, lambda y: (None, np.concat([y, y])), lambda x: x),
        r"the state is float32\[3\], but what func makes of it is float32\[6\]",
    ),
    "variables of another number": (
        loop(lambda a, b: a[0] < 3, lambda a, b: (None, (a,)), lambda x: (x, x)),
        r"the state \(0, 1\) and what func makes of it \(0\) are nested differently",
    ),
    "no pair": (loop(lambda y: y[0] < 3, lambda y: y, lambda x: x), "func returned .* a pair"),
    "a condition of several": (
        loop(lambda y: y < 3, lambda y: (None, y), lambda x: x),
        r"the condition is bool\[3\]; give one truth value",
    ),
    "a negative limit": (
        loop(lambda y: True, lambda y: (None, y), lambda x: x, max_iterations=-1),
        "max_iterations=-1: give a whole number from 0",
    ),
    "no first axis": (lambda x: npx.foreach(lambda r, s: (r, s), x[0], x), "has no first axis"),
    "other first axes": (
        lambda x: npx.foreach(lambda r, s: (None, s), (x, x[:2]), x),
        "first axes of 3 and 2 elements",
    ),
    "a size of every step": (
        lambda x: npx.foreach(lambda r, s: (np.flatnonzero(s > r), s), x, x),
        "the size .* of output '' is found at every step anew",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use(name: str) -> None:
    function, message = WRONG[name]
    with pytest.raises(UsageError, match=message):
        im.trace(function, ROW)


EAGER = ["a variable of another shape", "no pair", "variables of another number", "no first axis"]


@pytest.mark.parametrize("name", EAGER)
def test_wrong_use_of_numbers(name: str) -> None:
    function, message = WRONG[name]
    with pytest.raises(UsageError, match=message):
        function(ZERO)


ASSIGNED: dict[str, Callable[[Any, Any], Any]] = {
    "in a branch": lambda x, y: npx.cond(y[0] > 0, lambda: _set(x), lambda: x),
    "to an input of a branch": lambda x, y: npx.cond(y[0] > 0, _set, lambda x: x, (x,)),
    "in a loop": lambda x, y: npx.while_loop(lambda y: y[0] < 9, lambda y: (None, _set(x)), y),
    "in a scan": lambda x, y: npx.foreach(lambda r, s: (_set(x), s), y, y),
    "to a view": lambda x, y: npx.foreach(lambda r, s: (_set(x[1:]), s), y, y),
    "in place": lambda x, y: npx.foreach(lambda r, s: (x.__iadd__(1), s), y, y),
}


def _set(x: Any) -> Any:
    x[0] = 1
    return x


@pytest.mark.parametrize("name", ASSIGNED)
def test_arrays_from_outside_are_not_assigned_to(name: str) -> None:
    with pytest.raises(TraceError, match="assignment to an array from outside the body"):
        im.trace(ASSIGNED[name], (ROW, ROW))


def test_what_a_loop_without_steps_stacks_needs_a_trace() -> None:
    def step(y: Any) -> Any:
        return (y if y[0] > 0 else -y), y

    with pytest.raises(TraceError, match="func did no step, and its outputs' types cannot be"):
        npx.while_loop(lambda y: False, step, ZERO)
