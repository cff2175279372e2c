"""Queries that are sent when they are due: a server that computes several at once, or refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy
import pytest

from isthmus.benchmarks.portable.peers import on_endpoint
from isthmus.benchmarks.portable.timing.main import Missing
from isthmus.benchmarks.portable.timing.server import serve
from isthmus.benchmarks.portable.timing.side_by_side import (
    Unanswered,
    at_once_of,
    with_side_by_side,
)
from isthmus.benchmarks.portable.timing.timing import Sampler
from isthmus.benchmarks.portable.timing.watch import Watch


def test_calls_overlap_where_they_may() -> None:
    barrier = threading.Barrier(4, timeout=60)  # passed by four at once alone

    def call(_: Any) -> None:
        barrier.wait()

    sample = Sampler(with_side_by_side(call, 4), [{}])
    assert sample.at_once == at_once_of(call) == 4
    latencies = serve(sample, [0.0, 0.0, 0.001, 0.002], 60.0)
    assert len(latencies) == 4 and sample.calls == 4


def test_a_call_that_says_nothing_is_made_alone() -> None:
    assert Sampler(lambda _: None, [{}]).at_once == 1


def test_a_place_that_is_waited_for_is_in_the_latency() -> None:
    sample = Sampler(with_side_by_side(lambda _: sleep(0.05), 2), [{}])
    latencies = serve(sample, [0.0] * 6, 60.0)
    assert len(latencies) == 6
    assert latencies[-1] >= 0.15 and min(latencies) >= 0.05


def test_what_is_refused_has_no_latency_and_what_fails_fails() -> None:
    numbers = iter(range(4))

    def call(_: Any) -> None:
        if next(numbers) % 2:
            raise Unanswered("later")

    sample = Sampler(with_side_by_side(call, 2), [{}])
    assert len(serve(sample, [0.0, 0.02, 0.04, 0.06], 60.0)) == 2

    def failing(_: Any) -> None:
        raise Missing("gone")

    with pytest.raises(Missing, match="gone"):
        serve(Sampler(with_side_by_side(failing, 2), [{}]), [0.0], 60.0)


def test_nothing_is_sent_after_the_time() -> None:
    sample = Sampler(with_side_by_side(lambda _: sleep(0.1), 2), [{}])
    began = perf_counter()
    assert len(serve(sample, [0.0] * 1000, 0.3)) < 20
    assert perf_counter() - began < 60


def test_others_are_no_disturbance_of_what_is_computed_elsewhere() -> None:
    signals: Any = dict.fromkeys(("steal", "throttled", "thermal", "clock"), 0.0) | {"others": 1.0}
    assert Watch([0], Path("nowhere")).fault(signals, 1.0) == "others"
    assert Watch([0], Path("nowhere"), elsewhere=True).fault(signals, 1.0) is None


class Doubling(BaseHTTPRequestHandler):
    """A server of the protocol that answers y = 2 x, as bytes, and refuses x[0] < 0."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        tensor = {"datatype": "FP32", "shape": [-1]}
        documents: dict[str, Any] = {
            "/v2": {"name": "doubling", "version": "1"},
            "/v2/models/d": {
                "inputs": [{"name": "x", **tensor}],
                "outputs": [{"name": "y", **tensor}],
            },
        }
        self._answer(200, json.dumps(documents[self.path]).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v2/repository/index":
            self._answer(200, b'[{"name": "d"}]')
            return
        length = int(self.headers[on_endpoint.HEADER_LENGTH])
        assert json.loads(body[:length])["inputs"][0]["parameters"] == {"binary_data_size": 12}
        y = 2 * numpy.frombuffer(body[length:], "<f4")
        if y[0] < 0:
            self._answer(429, b'{"error": "too much"}')
            return
        about = {"name": "y", "datatype": "FP32", "shape": [3]}
        text = json.dumps({"outputs": [{**about, "parameters": {"binary_data_size": 12}}]}).encode()
        self._answer(200, text + y.tobytes(), len(text))

    def _answer(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if length is not None:
            self.send_header(on_endpoint.HEADER_LENGTH, str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Doubling)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["", "/", "/v2/models/d"])
def test_an_endpoint_is_called(address: str, path: str) -> None:
    loaded = on_endpoint.load(Path(), {"endpoint": address + path}, 1)
    call = on_endpoint.compile(loaded, {}, 1)
    x = numpy.array([1, 2, 3], ">f4")
    for array in (x, x.astype("<f4")):
        (y,) = call({"x": array})
        assert y.tolist() == [2, 4, 6]
    assert on_endpoint.runtime() == "doubling 1 (endpoint)"
    assert at_once_of(call) > 1
    with pytest.raises(Unanswered, match="too much"):
        call({"x": -x})
    loaded.close()


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"z": numpy.zeros(3, numpy.float32)}, "it takes x, and the workload has z"),
        ({"x": numpy.zeros(3)}, "it takes FP32 as x, and the workload has float64"),
    ],
)
def test_a_workload_that_does_not_fit_is_missing(
    address: str, arrays: dict[str, Any], why: str
) -> None:
    loaded = on_endpoint.load(Path(), {"endpoint": address}, 1)
    with pytest.raises(Missing, match=why):
        on_endpoint.compile(loaded, {}, 1)(arrays)
    loaded.close()


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "http://", "http://127.0.0.1:1"])
def test_no_server_is_missing(address: str) -> None:
    with pytest.raises(Missing, match=r"give http://HOST:PORT|no answer"):
        on_endpoint.load(Path(), {"endpoint": address}, 1)


def test_inputs_are_taken_in_turn() -> None:
    seen: list[int] = []
    sample = Sampler(with_side_by_side(lambda one: seen.append(one), 2), [1, 2, 3])
    serve(sample, list(repeat(0.0, 6)), 60.0)
    assert sorted(seen) == [1, 1, 2, 2, 3, 3]
