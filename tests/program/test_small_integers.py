"""Arithmetic of int64 on OpenVINO, which computes it in int32: of inputs that are small there, of
others by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.trace.op import OPERATORS

QUOTIENT: Any = OPERATORS["np.quotient"]
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sums": lambda i: (i + 5) * 3 - i,
    "quotients": lambda i: i // 160 + 1,
    "remainders": lambda i: (i * 7 - 3) % 11,
    "towards zero": lambda i: QUOTIENT(i - 1000, 7),
    "bounds": lambda i: np.maximum(np.minimum(i, 50), -20),
    "sizes": lambda i: np.abs(-i),
    "floats": lambda i: np.astype(i * 2, numpy.float32),
    "truth": lambda i: np.astype(i % 2, bool),
    "places": lambda i: i + np.arange(6, dtype=numpy.int64),
    "running": lambda i: np.cumsum(i),
    "by two numbers": lambda i: i // numpy.array([1, 2, 3, 4_000_000, 5, 7]),
}
VALUES = numpy.array([-(2**24), -161, 0, 159, 160, 2**24])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_small_ones_stay_in_the_runtime(name: str) -> None:
    function = FUNCTIONS[name]
    run = im.compile(function, im.spec("int64", [6]), on_host="error")
    random = numpy.random.default_rng(0)
    for i in (VALUES, -VALUES, *random.integers(-(2**24), 2**24, (200, 6))):
        wanted = function(i)
        found = run(i)
        assert found.dtype == wanted.dtype
        numpy.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_large_ones_are_computed_by_numpy(name: str) -> None:
    run = im.compile(FUNCTIONS[name], im.spec("int64", [6]))
    for scale in (2**8, 2**30, 2**38):
        i = VALUES * scale
        numpy.testing.assert_array_equal(run(i), FUNCTIONS[name](i))


def test_quotients_of_large_numbers() -> None:
    """As large as they may become of small inputs, where float32 has not all of them."""

    def function(i: Any) -> Any:
        x = i * 63
        return x // 3, x % 1_000_003, QUOTIENT(x, 160), x // 1

    run = im.compile(function, im.spec("int64", ["n"]), on_host="error")
    random = numpy.random.default_rng(1)
    i = random.integers(-(2**24), 2**24 + 1, 100_000)
    for found, wanted in zip(run(i), function(i), strict=True):
        numpy.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "function",
    [
        lambda i: i * i,
        lambda i: i * 1000,
        lambda i: i // i,
        lambda i: i * 100 // 7,
        lambda i: i % -7,
    ],
)
def test_what_may_be_large_is_the_hosts(function: Callable[[Any], Any]) -> None:
    run = im.compile(function, im.spec("int64", [6]))
    assert any(segment.on_host for segment in run.segments)
    i = numpy.array([1, 2, 3, 2**20, 2**24, 9])
    numpy.testing.assert_array_equal(run(i), function(i))


def test_between_segments() -> None:
    """What the host makes is checked as inputs are."""

    def function(i: Any) -> Any:
        return np.sort(i) * 100 + 1

    run = im.compile(function, im.spec("int64", [6]))
    for scale in (1, 2**8, 2**30):
        numpy.testing.assert_array_equal(run(VALUES * scale), function(VALUES * scale))


def test_in_a_loop_the_host_counts() -> None:
    """A step's numbers are no inputs, of which a call knows how large they are."""

    def function(i: Any) -> Any:
        _, (_, x) = im.npx.while_loop(
            lambda n, x: n < 40, lambda n, x: ([], (n + 1, x * 2)), (np.asarray(0), i)
        )
        return x

    run = im.compile(function, im.spec("int64", [6]))
    i = numpy.arange(6)
    numpy.testing.assert_array_equal(run(i), i * 2**40)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("search", [np.argmax, np.argmin])
def test_arithmetic_with_positions(search: Any, keepdims: bool) -> None:
    """Which the plugin would make a part of its reduction, and compute otherwise."""

    def function(x: Any) -> Any:
        found = search(x, axis=1, keepdims=keepdims)
        return 2 - found, found * 3, np.astype(np.reshape(found, (-1,)), numpy.int32) - 1

    run = im.compile(function, im.spec("float32", [2, 3, 4]))
    x = numpy.random.default_rng(0).random((2, 3, 4), numpy.float32)
    for found, wanted in zip(run(x), function(x), strict=True):
        numpy.testing.assert_array_equal(found, wanted)
