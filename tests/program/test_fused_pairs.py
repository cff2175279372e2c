"""A reduction, then arithmetic with a constant vector: what runtimes fuse into one kernel."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np

SHAPES = ((3, 5), (2, 3, 4), (2, 3, 4, 5))
ARITHMETIC = (np.add, np.divide)


def reduced_axes(rank: int) -> list[tuple[int, ...]]:
    """Every choice of axes that leaves at least one."""
    return [axes for count in range(1, rank) for axes in combinations(range(rank), count)]


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("keep", [False, True], ids=["dropped", "kept"])
def test_a_vector_after_a_reduction_runs_along_the_last_axis(
    backend: str, shape: tuple[int, ...], keep: bool
) -> None:
    x = numpy.random.default_rng(0).random(shape, numpy.float32) + numpy.float32(0.5)
    device = "cpu" if backend == "gpu" else None
    for axes in reduced_axes(len(shape)):
        vector = numpy.linspace(1, 2, numpy.sum(x, axis=axes, keepdims=keep).shape[-1])
        for operator in ARITHMETIC:
            # A program each: a reduction that two results share is not fused with either.
            def pair(
                x: Any, operator: Any = operator, axes: Any = axes, vector: Any = vector
            ) -> Any:
                return operator(np.sum(x, axis=axes, keepdims=keep), vector.astype("float32"))

            spec = im.spec("float32", shape)
            program = im.compile(pair, spec, backend=backend, device=device, on_host="error")
            numpy.testing.assert_allclose(program(x), pair(x), rtol=1e-5)
