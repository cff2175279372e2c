"""Graphs of as many operators as one wants, in the forms that have tried a compiler's patience."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.trace.op import composite
from isthmus.trace.tracing import spec

Made = tuple[Callable[..., Any], Any]  # a function, and the types of its arguments
ROWS = spec("float32", (8, 16))


def chain(size: int) -> Made:
    """Elementwise operators one after another."""

    def function(x: Any) -> Any:
        for i in range(size // 4):
            x = np.maximum(np.tanh(x) * 0.5 + float(i % 7), -1.0)
        return x

    return function, ROWS


def network(size: int) -> Made:
    """Residual blocks: product, bias, reshape, softmax, sum."""
    random = numpy.random.default_rng(0)
    blocks = random.normal(size=(size // 8, 17, 16)).astype(numpy.float32) / 4
    weights = [(numpy.array(block[:16]), numpy.array(block[16])) for block in blocks]

    def function(x: Any) -> Any:
        for weight, bias in weights:
            y = np.tanh(np.reshape(x, (4, 2, 16)) @ weight + bias)
            x = (x + np.reshape(npx.softmax(y), (8, 16))) * 0.5
        return x

    return function, ROWS


def wide(size: int) -> Made:
    """Half as many inputs as operators, and as many outputs."""

    def function(arrays: list[Any]) -> list[Any]:
        return [np.exp(a + b) for a, b in zip(arrays, arrays[1:] + arrays[:1], strict=True)]

    return function, ([spec("float32", (4,)) for _ in range(size // 2)],)


def nested(size: int) -> Made:
    """Composites of composites of composites."""

    @composite
    def halved(x: Any, /) -> Any:
        return np.tanh(x) * 0.5

    @composite
    def lifted(x: Any, /) -> Any:
        return halved(halved(x) + 1.0)

    @composite
    def lowered(x: Any, /) -> Any:
        return lifted(lifted(x))

    def function(x: Any) -> Any:
        for _ in range(size // 10):
            x = lowered(x)
        return x

    return function, ROWS


def named(size: int) -> Made:
    """Reshapes, slices and constants of named sizes."""

    def function(x: Any) -> Any:
        batch, length, width = x.shape
        for i in range(size // 8):
            y = np.tanh(np.reshape(x, (batch * length, width)))
            y = np.reshape(y, (batch, length, width)) + np.full((length, width), float(i), "f")
            x = x + np.concat([y[:, :1], y[:, 1:]], axis=1)
        return x

    return function, spec("float32", ["batch", "length", 16])


def split(size: int) -> Made:
    """Every tenth operator is one that only the host computes."""

    def function(x: Any) -> Any:
        for _ in range(size // 10):
            for _ in range(3):
                x = np.tanh(x) * 0.5 + 0.25
            x = np.sort(x)
        return x

    return function, ROWS


SHAPES: Mapping[str, Callable[[int], Made]] = {
    made.__name__: made for made in (chain, network, wide, nested, named, split)
}
SPLIT = split.__name__
