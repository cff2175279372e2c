"""A program's threads bind what the host computes for it as well, on every backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

import isthmus as im
from isthmus import np, npx

SEEN: list[int] = []


def threads_of_blas() -> int:
    found = ThreadpoolController().select(user_api="blas").info()
    return max((library["num_threads"] for library in found), default=0)


@im.primitive(infer=lambda x: x)
def watched(x: Any, /) -> Any:
    """x, which no runtime has."""
    SEEN.append(threads_of_blas())
    return numpy.array(x)


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    SEEN.clear()
    with threadpool_limits(4, "blas"):
        if threads_of_blas() != 4:
            pytest.skip("NumPy has a BLAS here whose threads cannot be set")
        yield


X = numpy.ones((3, 3), numpy.float32)


@pytest.mark.parametrize("threads", [1, 2, 4, 9])
def test_a_segment_of_the_host(any_backend: dict[str, Any], threads: int) -> None:
    run = im.compile(
        lambda x: np.tanh(watched(np.tanh(x))),
        im.spec("float32", ["n", 3]),
        threads=threads,
        **any_backend,
    )
    run(X)
    assert (SEEN, threads_of_blas()) == ([min(threads, 4)], 4)


def test_a_loop_that_the_host_drives(any_backend: dict[str, Any]) -> None:
    def steps(x: Any) -> Any:
        return npx.foreach(lambda row, total: (watched(row), total + row), x, np.zeros(3, x.dtype))

    im.compile(steps, im.spec("float32", ["n", 3]), threads=1, **any_backend)(X)
    assert (SEEN, threads_of_blas()) == ([1, 1, 1], 4)


def test_a_program_bound_to_its_arrays(any_backend: dict[str, Any]) -> None:
    bound = im.compile(watched, im.spec("float32", [3, 3]), threads=1, **any_backend).bind(X.copy())
    bound()
    assert (SEEN, threads_of_blas()) == ([1, 1], 4)


def test_a_program_that_was_saved(any_backend: dict[str, Any], tmp_path: Path) -> None:
    im.compile(watched, im.spec("float32", ["n", 3])).save(tmp_path / "program")
    im.load(tmp_path / "program", threads=1, **any_backend)(X)
    assert SEEN == [1]


def test_a_namespace(any_backend: dict[str, Any]) -> None:
    options = {"name": any_backend["backend"], **any_backend}
    del options["backend"]
    xp = im.namespace(threads=1, **options)
    watched(xp.asarray(X))
    assert set(SEEN) == {1} and threads_of_blas() == 4


def test_a_jitted_function(any_backend: dict[str, Any]) -> None:
    im.jit(watched, threads=1, **any_backend)(X)
    assert SEEN == [1]


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_sizes_that_a_runtime_is_not_given(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty arrays are computed by NumPy: here by an operator that both runtimes have."""
    if backend == "gpu":
        pytest.importorskip("onnxruntime")
    device: dict[str, Any] = {"device": "cpu"} if backend == "gpu" else {}
    run = im.compile(np.tanh, im.spec("float32", ["n"]), threads=1, backend=backend, **device)
    body = np.tanh.body

    def watching(x: Any) -> Any:
        SEEN.append(threads_of_blas())
        return body(x)

    monkeypatch.setattr(np.tanh, "body", watching)
    run(numpy.zeros(0, numpy.float32))
    assert (SEEN, threads_of_blas()) == ([1], 4)
