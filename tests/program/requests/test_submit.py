"""`Executable.submit`: futures, and the threads behind them, which nothing waits for in vain."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, Future
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import UsageError

X = numpy.array([1, 2], numpy.float32)


def double(**options: Any) -> im.Executable:
    return im.compile(lambda x: x * 2, im.spec("float32", ["n"]), **options)


def threads_of_programs() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("isthmus")]


def test_futures_hold_results_and_what_was_raised(device_backend: dict[str, Any]) -> None:
    run = double(**device_backend)
    good, named, wrong = run.submit(X), run.submit(x=X), run.submit(X, X)
    assert good.result().tolist() == named.result().tolist() == [2, 4]
    with pytest.raises(UsageError, match="2 positional arguments given"):
        wrong.result()


def test_there_are_as_many_threads_as_streams() -> None:
    before = set(threads_of_programs())  # those of programs that are gone may end meanwhile
    run = double(backend="numpy", streams=3)
    assert not set(threads_of_programs()) - before, "none before they are needed"
    for future in [run.submit(X) for _ in range(50)]:
        future.result()
    assert 1 <= len(set(threads_of_programs()) - before) <= 3


def blocked(run: im.Executable) -> tuple[threading.Event, Future[Any]]:
    """The program's only thread, waiting until it is told to go on."""
    go_on, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait(60)

    future = run._workers.submit(wait)
    assert begun.wait(60)
    return go_on, future


def test_what_has_not_begun_can_be_cancelled() -> None:
    run = double(backend="numpy")
    go_on, _ = blocked(run)
    first, second = run.submit(X), run.submit(X)
    assert first.cancel()
    go_on.set()
    with pytest.raises(CancelledError):
        first.result()
    assert second.result().tolist() == [2, 4]


def test_closing_a_map_cancels_what_has_not_begun() -> None:
    run = double(backend="numpy")
    go_on, _ = blocked(run)
    results = run.map([X] * 6, window=8)
    results._read()
    (_, futures), *_ = results.waiting
    results.close()
    go_on.set()
    assert all(future.cancelled() for future in futures)


def test_the_threads_end_with_the_program() -> None:
    gc.collect()
    run = double(backend="numpy", streams=2)
    run.submit(X).result()
    assert run._workers.pool is not None
    threads = list(run._workers.pool._threads)
    del run
    gc.collect()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
def test_the_interpreter_ends_without_waiting_for_anybody(backend: str) -> None:
    source = f"""
import numpy, isthmus as im
run = im.compile(lambda x: x * 2, im.spec("float32", ["batch", 2]), backend={backend!r}, streams=2)
x = numpy.ones(2, numpy.float32)
run.submit(x[None])
results = run.map((x for _ in iter(int, 1)), batch=2, window=8)
print(next(results).tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[2.0, 2.0]\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    run = double(backend="numpy")
    run.submit(X).result()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(run.submit(X).result(60).tolist()))
    child.start()
    assert receiver.poll(60)
    assert receiver.recv() == [2, 4]
    child.join(60)
    assert child.exitcode == 0
    assert run.submit(X).result().tolist() == [2, 4]


def test_a_pickled_program_has_no_threads_until_it_needs_them() -> None:
    run = double(backend="numpy")
    run.submit(X).result()
    again = pickle.loads(pickle.dumps(run))
    assert again._workers.pool is None
    assert again.submit(X).result().tolist() == [2, 4]


@pytest.mark.parametrize("streams", [1, 2])
def test_streams_share_the_threads_of_the_program(streams: int) -> None:
    run = im.compile(
        lambda x: np.tanh(x), im.spec("float32", ["n"]), backend="cpu", threads=2, streams=streams
    )
    compiled = run._run.runners[0].compiled.model  # type: ignore[attr-defined]
    assert compiled.get_property("NUM_STREAMS") == streams
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 2
    for future in [run.submit(X) for _ in range(20)]:
        numpy.testing.assert_allclose(future.result(), numpy.tanh(X), rtol=1e-6)


@pytest.mark.parametrize(
    ("threads", "streams", "own"), [(4, 1, 4), (4, 2, 3), (2, 2, 1), (1, 3, 1)]
)
def test_a_session_s_threads_and_its_callers_are_those_of_the_program(
    threads: int, streams: int, own: int
) -> None:
    from isthmus.gpu_backend.session import workers
    from isthmus.program.options import Options

    assert workers(Options(threads=threads, streams=streams)) == own
