"""What the graph tells of integers holds: no element is outside, and what is attained is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from isthmus import np
from isthmus.analysis.intervals import interval
from isthmus.graph.passes import expand
from isthmus.graph.shapes import evaluate
from isthmus.program.compiling import compile
from isthmus.trace.tracing import spec, trace

X = numpy.array([7, -3, 900, 2, -40], numpy.int32)
FIVE = numpy.array([[3], [-7], [1], [2], [3]], numpy.int32)
KNOWN: dict[str, tuple[Callable[[Any], Any], tuple[Any, Any, bool] | None]] = {
    "full": (lambda x: np.full(x.shape, 3), (3, 3, True)),
    "a constant beside": (lambda x: np.arange(2, x.shape[0]) + 7, (9, "n + 6", True)),
    "arange": (lambda x: np.arange(2, x.shape[0]), (2, "n - 1", True)),
    "shifted": (lambda x: np.arange(x.shape[0]) - 2, (-2, "n - 3", True)),
    "moved": (lambda x: np.reshape(np.flip(np.arange(x.shape[0])), (1, -1)), (0, "n - 1", False)),
    "cast": (lambda x: np.astype(np.clip(x, 0, 5), "int8"), (0, 5, False)),
    "argsort": (lambda x: np.argsort(x), (0, "n - 1", True)),
    "argmax": (lambda x: np.argmax(x), (0, "n - 1", False)),
    "nonzero": (lambda x: np.nonzero(x > 0)[0], (0, "n - 1", False)),
    "flatnonzero": (lambda x: np.flatnonzero(x > 0), (0, "n - 1", False)),
    "clip": (lambda x: np.clip(x, -2, 5), (-2, 5, False)),
    "clip the wrong way": (lambda x: np.clip(x, 2, -5), (-5, -5, False)),
    "below an array": (lambda x: np.minimum(np.maximum(x, 0), FIVE), (-7, 3, False)),
    "remainder": (lambda x: x % 4, (0, 3, False)),
    "remainder of a size": (lambda x: np.remainder(x, x.shape[0]), (0, "n - 1", False)),
    "remainder of what may be negative": (lambda x: x % -4, None),
    "where": (lambda x: np.where(x > 0, 4, np.asarray(-1)), (-1, 4, False)),
    "concat": (lambda x: np.concat([np.clip(x, 0, 5), np.asarray([9], "int32")]), (0, 9, False)),
    "chosen": (lambda x: np.arange(x.shape[0])[x > 0], (0, "n - 1", False)),
    "reflected": (lambda x: np.pad(np.arange(x.shape[0]), 2, mode="reflect"), (0, "n - 1", False)),
    "an input": (lambda x: x, None),
    "a product": (lambda x: np.argmax(x) * 2, None),
    "wrapped around": (lambda x: np.astype(np.clip(x, 100, 200), "int8"), None),
    "a sum that wraps around": (
        lambda x: np.astype(np.clip(x, 0, 100), "int8") + np.asarray(100, "int8"), None
    ),
}  # fmt: skip


def traced(function: Callable[[Any], Any], shape: list[Any]) -> Any:
    """The function's value in a graph of primitives."""
    return expand(trace(function, spec("int32", shape)).graph, lambda node: False).outputs[0]


@pytest.mark.parametrize("name", KNOWN)
def test_elements_are_within(name: str) -> None:
    function, wanted = KNOWN[name]
    found = interval(traced(function, ["n"]))
    assert (found and (*map(_text, found[:2]), found.attained)) == (
        wanted and (*map(_text, wanted[:2]), wanted[2])
    )
    if found is None:
        return
    low, high = (evaluate(end, {"n": X.size}) for end in found[:2])
    elements = compile(function, spec("int32", ["n"]), backend="numpy")(X)
    assert ((low <= elements) & (elements <= high)).all()
    if found.attained:
        assert (elements.min(), elements.max()) == (low, high)


def _text(end: Any) -> str:
    return str(end)


def test_a_long_chain_is_looked_at_once() -> None:
    def doubled(x: Any) -> Any:
        y = np.astype(np.argmax(x), "int64")
        for _ in range(60):
            y = np.where(y > 1, y, y)
        return y

    assert interval(traced(doubled, [4])) == (0, 3, False)
