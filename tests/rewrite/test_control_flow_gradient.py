"""Gradients of branches and scans equal differences, and run on the runtimes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from control_arrays import NAMED, ROW, ROWS, WEIGHT

import isthmus as im
from isthmus import np, npx, spec
from isthmus.errors import UsageError
from isthmus.program.compiling import compile

ONE = numpy.asarray(1, numpy.int32)


def scanned(rows: Any, x: Any, w: Any) -> Any:
    def step(row: Any, states: Any) -> Any:
        k, s = states
        s = npx.cond(np.sum(s) > 0, lambda: np.tanh(s @ w + row), lambda: s - row * row)
        _, t = npx.foreach(lambda e, a: (None, a * np.sin(e) + x[0]), s, np.sum(row))
        return (t, s), (k + 1, s + t * x)

    (t, s), (_, last) = npx.foreach(step, rows, (ONE, x))
    return np.sum(t * t) + np.sum(s) + np.sum(last * x)


def exchanged(rows: Any, x: Any, w: Any) -> Any:
    def step(row: Any, states: Any) -> Any:
        a, b = states
        return (a, row, a), (b, (a * x) @ w + row)

    outputs, (a, b) = npx.foreach(step, rows, (x, x))
    return np.sum(outputs[0] * outputs[1]) + np.sum(outputs[2]) + np.sum(a * b)


def branched(rows: Any, x: Any, w: Any) -> Any:
    both = npx.cond(np.sum(x) > 0, lambda: (x @ w, x, rows), lambda: (x, x * x, rows * 2))
    return np.sum(both[0] * both[1]) + np.sum(both[2] * both[2])


def differences(function: Callable[..., Any], given: list[Any], position: int) -> Any:
    result = numpy.zeros_like(given[position])
    for index in numpy.ndindex(result.shape):
        sides = []
        for change in (1e-6, -1e-6):
            moved = [array.copy() for array in given]
            moved[position][index] += change
            sides.append(function(*moved))
        result[index] = (sides[0] - sides[1]) / 2e-6
    return result


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("function", [scanned, exchanged, branched])
def test_gradient_equals_differences(function: Callable[..., Any], sign: int) -> None:
    random = numpy.random.default_rng(1)
    given = [random.random((4, 3)), sign * random.random(3), random.standard_normal((3, 3))]
    found = im.grad(function, wrt=(0, 1, 2))(*given)
    for position, gradient in enumerate(found):
        wanted = differences(function, given, position)
        numpy.testing.assert_allclose(gradient, wanted, rtol=1e-5, atol=1e-6)


def test_a_gradient_through_a_scan_runs_on_the_runtimes(device_backend: dict[str, Any]) -> None:
    def function(rows: Any, x: Any, w: Any) -> Any:
        return im.grad(scanned, wrt=(0, 1, 2))(rows, x, w)

    specs = (NAMED, ROW, spec("float32", [3, 3]))
    run = compile(function, specs, **device_backend, on_host="error")
    for rows, x in ROWS:
        found, wanted = run(rows, x, WEIGHT), function(rows, x, WEIGHT)
        for a, b in zip(found, wanted, strict=True):
            numpy.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


def test_a_while_loop_has_no_gradient() -> None:
    def function(x: Any) -> Any:
        return np.sum(npx.while_loop(lambda y: np.sum(y) < 9, lambda y: (None, y * 2), x)[1])

    with pytest.raises(
        UsageError, match=r"does not keep the states of its steps; use npx\.foreach"
    ):
        im.grad(function)(numpy.ones(3))
