"""Results that are an input unchanged: runtimes take short cuts there, and err."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from isthmus import compile, np, npx, spec

# Each leaves x as it is, or gives a view of it, by a way that a runtime may see through.
PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda x: x,
    "empty index": lambda x: [x[()], x[0]],
    "whole slices": lambda x: x[:, :],
    "plus and minus nothing": lambda x: [x + 0, x - 0, x[1:] + 0],
    "times one": lambda x: [x * 1, x / 1],
    "same shape": lambda x: [np.reshape(x, x.shape), x],
    "flat and back": lambda x: np.reshape(np.reshape(x, (-1,)), x.shape),
    "turned and back": lambda x: np.permute_dims(np.permute_dims(x)),
    "same axes": lambda x: np.permute_dims(x, (0, 1)),
    "broadcast to itself": lambda x: [np.broadcast_to(x, x.shape), x * 2],
    "one of one": lambda x: np.concat([x], axis=0),
    "axis added and removed": lambda x: np.squeeze(np.expand_dims(x, axis=1), axis=1),
    "same dtype": lambda x: [np.astype(x, "float32"), np.abs(x)],
    "chosen anyway": lambda x: np.where(True, x, 0 * x),
    "twice": lambda x: [x + 0, x + 0, x],
    "there and back": lambda x: np.astype(np.astype(x, "float64"), "float32"),
    "positive through relu": lambda x: npx.relu(x),
}
SHAPES: dict[str, tuple[tuple[int, int], list[Any]]] = {
    "small": ((5, 4), [5, 4]),
    "small, named": ((5, 4), ["n", "m"]),
    "large": ((130, 200), [130, 200]),
    "large, named": ((130, 200), ["n", 200]),
}


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_unchanged_arrives_unchanged(
    name: str, size: str, device_backend: dict[str, Any]
) -> None:
    shape, sizes = SHAPES[size]
    program = compile(PROGRAMS[name], spec("float32", sizes), **device_backend)
    random = numpy.random.default_rng(0)
    kept = []
    for _ in range(3):
        x = random.random(shape, numpy.float32)
        found, wanted = _listed(program(x)), _listed(PROGRAMS[name](x))
        for a, b in zip(found, wanted, strict=True):
            numpy.testing.assert_array_equal(a, b)
            assert not numpy.shares_memory(a, x)
        kept.append((found, [b.copy() for b in wanted]))
    for found, wanted in kept:  # a later call does not write into an earlier result
        for a, b in zip(found, wanted, strict=True):
            numpy.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_bound_program_sees_new_elements(name: str, device_backend: dict[str, Any]) -> None:
    program = compile(PROGRAMS[name], spec("float32", [5, 4]), **device_backend)
    x = numpy.zeros((5, 4), numpy.float32)
    bound = program.bind(x)
    for value in (1, 2.5):
        x[...] = value
        for a, b in zip(_listed(bound()), _listed(PROGRAMS[name](x)), strict=True):
            numpy.testing.assert_array_equal(a, b)
            assert not numpy.shares_memory(a, x)


def _listed(results: Any) -> list[Any]:
    return results if isinstance(results, list) else [results]


@pytest.mark.parametrize("name", PROGRAMS)
def test_other_sizes_at_every_call(name: str, device_backend: dict[str, Any]) -> None:
    program = compile(PROGRAMS[name], spec("float32", ["n", "m"]), **device_backend)
    random = numpy.random.default_rng(1)
    for _ in range(20):
        x = random.random(tuple(random.integers(2, 400, 2)), numpy.float32)
        for a, b in zip(_listed(program(x)), _listed(PROGRAMS[name](x)), strict=True):
            numpy.testing.assert_array_equal(a, b)
