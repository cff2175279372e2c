"""Many threads on one executable: no answer is wrong, lost or another's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.cpu_backend.guard import Guard

THREADS = 64
WEIGHT = numpy.random.default_rng(0).random((3, 3), numpy.float32)
KINDS = {"x": im.spec("float32", ["batch", "n", 3]), "scale": im.spec("float32", ["batch"])}
Item = dict[str, numpy.ndarray[Any, Any]]


def scaled(x: Any, scale: Any) -> dict[str, Any]:
    """Every element tells which request it belongs to."""
    factor = np.reshape(scale, (-1, 1, 1))
    return {"product": (x @ WEIGHT) * factor, "sum": np.sum(x, axis=(1, 2)) * scale}


class Request:
    """Arguments of their own size and numbers, and the right answer to them."""

    def __init__(self, number: int, rows: int) -> None:
        random = numpy.random.default_rng(number)
        shape = (rows, 1 + number % 7, 3)
        self.item: Item = {
            "x": random.random(shape, numpy.float32),
            "scale": numpy.full(rows, 1 + number, numpy.float32),
        }

    def check(self, found: Any) -> None:
        x, scale = self.item["x"], self.item["scale"]
        wanted = (x @ WEIGHT) * scale[:, None, None]
        numpy.testing.assert_allclose(found["product"], wanted, rtol=1e-4)
        numpy.testing.assert_allclose(found["sum"], x.sum(axis=(1, 2)) * scale, rtol=1e-4)


def by_call(run: im.Executable, requests: list[Request]) -> None:
    for request in requests:
        request.check(run(**request.item))


def by_bind(run: im.Executable, requests: list[Request]) -> None:
    for request in requests:
        bound = run.bind(**request.item)
        request.item["x"] *= 2
        request.check(bound())


def by_submit(run: im.Executable, requests: list[Request]) -> None:
    futures = [run.submit(**request.item) for request in requests]
    for request, future in zip(requests, futures, strict=True):
        request.check(future.result())


def by_map(run: im.Executable, requests: list[Request]) -> None:
    found = run.map((request.item for request in requests), batch=8, pad={"x": 0})
    for request, result in zip(requests, found, strict=True):
        request.check(result)


def by_map_alone(run: im.Executable, requests: list[Request]) -> None:
    found = run.map(request.item for request in requests)
    for request, result in zip(requests, found, strict=True):
        request.check(result)


WAYS: tuple[Callable[[im.Executable, list[Request]], None], ...] = (
    by_call,
    by_bind,
    by_submit,
    by_map,
    by_map_alone,
)


def answered(run: im.Executable, threads: int, requests: int) -> None:
    """So many requests in all, from so many threads, each of which uses every way in turn."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(threads)
    done = [0] * threads

    def work(me: int) -> None:
        try:
            barrier.wait(120)
            mine = [Request(number, 1 + number % 3) for number in range(me, requests, threads)]
            for start in range(0, len(mine), 10):
                some = mine[start : start + 10]
                WAYS[(me + start // 10) % len(WAYS)](run, some)
                done[me] += len(some)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(me,)) for me in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(600)
    assert not errors, errors[0]
    assert sum(done) == requests


@pytest.mark.parametrize("streams", [1, 2])
def test_eight_threads(device_backend: dict[str, Any], streams: int) -> None:
    answered(im.compile(scaled, KINDS, streams=streams, threads=2, **device_backend), 8, 400)


@pytest.mark.parametrize("streams", [1, 2])
def test_sixty_four_threads(device_backend: dict[str, Any], streams: int) -> None:
    run = im.compile(scaled, KINDS, streams=streams, threads=2, **device_backend)
    answered(run, THREADS, 10_000)


def test_idle_requests_are_bounded_in_bytes() -> None:
    from isthmus.cpu_backend import request

    run = im.compile(lambda x: x + 1, im.spec("float32", ["n"]), backend="cpu", threads=1)
    kept = run._run.runners[0].requests  # type: ignore[attr-defined]
    barrier = threading.Barrier(8)

    def work() -> None:
        for size in range(6):
            barrier.wait(60)
            assert run(numpy.zeros(3_000_000 + size, numpy.float32))[0] == 1

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert 1 <= len(kept.idle) < 6, "eight of each would be more than may be kept"
    for idle in kept.idle.values():
        assert idle.bytes >= 2 * 3_000_000 * 4
        assert 1 <= len(idle.requests) <= idle.made <= 8
    assert kept.bytes() <= request.MOST_BYTES


def test_a_request_is_made_while_none_runs() -> None:
    guard, events = Guard(streams=2), list[str]()
    places = [guard.taken(), guard.taken()]

    def make() -> None:
        with guard.all_taken():
            events.append("made")

    maker = threading.Thread(target=make)
    maker.start()
    for place in places:
        maker.join(0.05)
        events.append("runs")
        place.release()
    maker.join(60)
    assert events == ["runs", "runs", "made"]
    guard.taken().release()
