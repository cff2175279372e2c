"""How a cpu program's threads lie on processors, and what it keeps for the sizes of its calls."""

from __future__ import annotations

import os
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.cpu_backend import request

PROCESSORS = os.cpu_count() or 1
NAMED = im.spec("float32", ["n", 3])


def runner(threads: int) -> Any:
    run = im.compile(lambda x: np.tanh(x) + 1, NAMED, backend="cpu", threads=threads)
    return run._run.runners[0]


@pytest.mark.parametrize("threads", sorted({1, max(1, PROCESSORS - 1)}))
def test_fewer_threads_than_processors_are_bound_to_none(threads: int) -> None:
    """OpenVINO binds them to the first processors, in every process to the same ones."""
    if PROCESSORS == 1:
        pytest.skip("one processor is all")
    compiled = runner(threads).compiled.model
    assert compiled.get_property("ENABLE_CPU_PINNING") is False
    assert compiled.get_property("INFERENCE_NUM_THREADS") == threads


def test_as_many_threads_as_processors_are_bound() -> None:
    if len(os.sched_getaffinity(0)) < PROCESSORS:
        pytest.skip("this process may not use all processors")
    assert runner(PROCESSORS).compiled.model.get_property("ENABLE_CPU_PINNING") is True


def test_buffers_are_kept_for_the_sizes_used_last() -> None:
    """More sizes than memory is given back after; each result is right all the same."""
    run = im.compile(lambda x: np.tanh(x) + 1, NAMED, backend="cpu", threads=1)
    known = run._run.runners[0].requests.idle  # type: ignore[attr-defined]
    for size in range(1, request.FORGOTTEN + 3 * request.MOST_SIZES):
        x = numpy.full((size, 3), 1 / size, numpy.float32)
        numpy.testing.assert_allclose(run(x), numpy.tanh(x) + 1, rtol=1e-5)
        assert len(known) == min(size, request.MOST_SIZES)
