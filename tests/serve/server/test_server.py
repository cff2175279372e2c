"""`isthmus serve` on 127.0.0.1 as clients see it; skipped where Ray is not here or not started."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import malformed
import numpy
import pytest
from running_server import HEADER_LENGTH, Running, tensor
from server_programs import WIDTH, slow, texts, tokens

pytest.importorskip("ray", reason="isthmus serve runs on Ray: pip install 'isthmus[serve]'")

LONG_SECONDS = 60.0
MALFORMED = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def program(folder: Path) -> Any:
    return texts(folder / "texts.im")


@pytest.fixture(scope="module")
def server(folder: Path, program: Any) -> Iterator[Running]:
    running = Running(folder / "texts.im", "--body-mb", "1", "--wait-ms", "20", "--threads", "1")
    yield running
    running.end()


def expected(program: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = program(**inputs)
    return found


def check(answer: Any, wanted: dict[str, Any]) -> None:
    assert answer.status == 200, answer.body
    found = answer.arrays()
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].shape == array.shape
        numpy.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6)


def test_it_says_what_it_is(server: Running) -> None:
    assert server.name == "texts"
    assert server.ask("GET", "/v2").document["name"] == "isthmus"
    assert server.ask("GET", "/v2/health/live").document == {"live": True}
    assert server.ask("GET", "/v2/health/ready").document == {"ready": True}
    assert server.ask("GET", "/v2/models/texts/ready").status == 200
    model = server.ask("GET", "/v2/models/texts").document
    assert {"name": "input_ids", "datatype": "INT32", "shape": [-1, -1]} in model["inputs"]
    assert {"name": "mean", "datatype": "FP32", "shape": [-1, 16]} in model["outputs"]
    for path in ("/v2/models/other", "/v2/models/texts/versions/99", "/v2/nothing"):
        answer = server.ask("GET", path)
        assert answer.status == 404 and "error" in answer.document
    assert server.ask("GET", "/v2/models/texts/infer").status == 405
    assert "isthmus_requests_total" in server.ask("GET", "/metrics").body.decode()


@pytest.mark.parametrize("length", [1, 7, 300])
def test_results_are_the_program_s(server: Running, program: Any, length: int) -> None:
    inputs = tokens(length, rows=3)
    check(server.infer(inputs), expected(program, inputs))
    nested = [{**tensor(n, a), "data": a.tolist()} for n, a in inputs.items()]
    body = json.dumps({"inputs": nested}).encode()
    check(server.ask("POST", "/v2/models/texts/infer", body), expected(program, inputs))


def test_tensors_as_bytes(server: Running, program: Any) -> None:
    inputs = tokens(9)
    described = [
        {
            **{k: v for k, v in tensor(name, array).items() if k != "data"},
            "parameters": {"binary_data_size": array.nbytes},
        }
        for name, array in inputs.items()
    ]
    text = json.dumps({"inputs": described, "parameters": {"binary_data_output": True}}).encode()
    body = text + b"".join(array.tobytes() for array in inputs.values())
    answer = server.ask("POST", "/v2/models/texts/infer", body, {HEADER_LENGTH: str(len(text))})
    at, wanted = int(answer.headers[HEADER_LENGTH.lower()]), expected(program, inputs)
    for one in answer.document["outputs"]:
        size = one["parameters"]["binary_data_size"]
        found = numpy.frombuffer(answer.body[at : at + size], "<f4").reshape(one["shape"])
        numpy.testing.assert_allclose(found, wanted[one["name"]], rtol=1e-5, atol=1e-6)
        at += size
    assert at == len(answer.body)


def test_triton_s_client_is_answered(server: Running, program: Any) -> None:
    http = pytest.importorskip("tritonclient.http")
    inputs = tokens(5)
    with http.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("texts")
        assert client.get_model_metadata("texts")["platform"] == "isthmus"
        for is_binary in (False, True):
            given = []
            for name, array in inputs.items():
                one = http.InferInput(name, list(array.shape), "INT32")
                one.set_data_from_numpy(array, binary_data=is_binary)
                given.append(one)
            asked = [http.InferRequestedOutput("mean", binary_data=is_binary)]
            for outputs in (asked, None):
                found = client.infer("texts", given, outputs=outputs).as_numpy("mean")
                wanted = expected(program, inputs)["mean"]
                numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
        with pytest.raises(Exception, match="no input"):
            client.infer("texts", given[:1])


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_is_answered(server: Running, program: Any) -> None:
    inputs = tokens(4)
    body = json.dumps({"id": "c", "inputs": [tensor(n, a) for n, a in inputs.items()]})
    url = f"http://127.0.0.1:{server.port}/v2/models/texts/infer"
    done = subprocess.run(["curl", "-sS", "-d", body, url], capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert found["id"] == "c" and found["model_name"] == "texts"
    flat = {one["name"]: one["data"] for one in found["outputs"]}
    numpy.testing.assert_allclose(
        flat["mean"], expected(program, inputs)["mean"].ravel(), rtol=1e-5, atol=1e-6
    )


def test_requests_that_wait_are_computed_together_by_length(server: Running, program: Any) -> None:
    names = ("isthmus_batch_items_count", "isthmus_batch_items_sum")
    kinds = ('isthmus_tokens_total{kind="asked"}', 'isthmus_tokens_total{kind="computed"}')
    before = [server.metric(name) for name in (*names, *kinds)]
    lengths = [5 + i % 3 if i % 2 else 200 + i % 3 for i in range(64)]
    inputs = [tokens(length, seed) for seed, length in enumerate(lengths)]
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(server.infer, inputs))
    for answer, one in zip(answers, inputs, strict=True):
        check(answer, expected(program, one))
    runs, items, asked, computed = (
        server.metric(name) - old for name, old in zip((*names, *kinds), before, strict=True)
    )
    assert items == 64 and runs <= 32
    # Short ones among long ones would be computed as 200 each: half of it padding.
    assert asked >= 0.8 * computed


def test_a_body_that_is_too_large_is_refused(server: Running) -> None:
    answer = server.ask("POST", "/v2/models/texts/infer", b" " * (2**20 + 1))
    assert answer.status == 413 and "more than 1048576 bytes" in answer.document["error"]
    answer = server.ask("POST", "/v2/models/texts/infer", iter([b" " * 2**16] * 17))
    assert answer.status == 413
    assert server.metric("isthmus_pending_bytes") == 0


def test_wrong_indices_and_sizes_are_the_client_s(server: Running) -> None:
    wrong = tokens(4)
    wrong["input_ids"][0, 0] = 100
    answer = server.infer(wrong)
    assert answer.status == 400 and "out of bounds" in answer.document["error"]
    wrong = {**tokens(4), "attention_mask": tokens(5)["attention_mask"]}
    answer = server.infer(wrong)
    assert answer.status == 400 and "\n" not in answer.document["error"]


def test_one_that_is_wrong_fails_alone(server: Running, program: Any) -> None:
    inputs = [tokens(6, seed) for seed in range(8)]
    inputs[3]["input_ids"][0, 0] = -101
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(server.infer, inputs))
    assert [answer.status for answer in answers] == [400 if i == 3 else 200 for i in range(8)]
    for number in (0, 7):
        check(answers[number], expected(program, inputs[number]))


def test_malformed_requests_are_one_line_each_and_no_crash(server: Running, program: Any) -> None:
    begun = server.metric("process_start_time_seconds")
    path = "/v2/models/texts/infer"
    for number in range(MALFORMED):
        body, headers = malformed.request(number, tokens(4))
        answer = server.ask("POST", path, body, headers)
        assert answer.status in (400, 413), (number, answer.status, answer.body[:300], body[:300])
        assert "\n" not in answer.document["error"]
    assert server.metric('isthmus_requests_total{status="500"}') == 0
    assert server.metric("process_start_time_seconds") == begun > 0  # the same process
    check(server.infer(tokens(3)), expected(program, tokens(3)))


def test_a_new_version_takes_over_and_no_request_is_lost(
    server: Running, folder: Path, program: Any
) -> None:
    inputs, done = tokens(50), Event()

    def client(_: int) -> list[Any]:
        found = []
        while not done.is_set():
            found.append(server.infer(inputs))
        return found

    first = int(server.metric("isthmus_model_version"))
    programs = {str(first): program}
    with ThreadPoolExecutor(6) as threads:
        clients = [threads.submit(client, number) for number in range(6)]
        try:
            for version in (first + 1, first + 2):
                programs[str(version)] = texts(folder / "texts.im", bias=float(version))
                if version % 2:  # one by the control endpoint, one by its own look at the file
                    server.ask("POST", "/v2/repository/models/texts/load")
                until = monotonic() + LONG_SECONDS
                while server.metric("isthmus_model_version") < version and monotonic() < until:
                    sleep(0.05)
                sleep(0.3)
        finally:
            done.set()
        answers = [answer for client in clients for answer in client.result()]
    assert {answer.status for answer in answers} == {200}
    assert {answer.document["model_version"] for answer in answers} >= {str(first), str(first + 2)}
    for answer in answers:
        version = answer.document["model_version"]
        wanted = expected(programs[version], inputs)["mean"]
        numpy.testing.assert_allclose(answer.arrays()["mean"], wanted, rtol=1e-5, atol=1e-5)


def test_a_version_that_is_broken_or_other_is_refused_and_the_old_goes_on(
    server: Running, folder: Path, tmp_path: Path
) -> None:
    file, version = folder / "texts.im", server.metric("isthmus_model_version")
    good, wanted = file.read_bytes(), server.infer(tokens(3)).arrays()["mean"]
    slow(tmp_path / "other.im")
    for content in (good[: len(good) // 2], b"", (tmp_path / "other.im").read_bytes()):
        file.write_bytes(content)  # over it, in place
        answer = server.ask("POST", "/v2/repository/models/texts/load")
        assert answer.status == 409 and "goes on" in answer.document["error"]
        assert numpy.array_equal(server.infer(tokens(3)).arrays()["mean"], wanted)
    file.unlink()
    assert server.ask("POST", "/v2/repository/models/texts/load").status == 409
    assert server.metric("isthmus_model_version") == version
    file.write_bytes(good)
    check_again = server.infer(tokens(3)).arrays()["mean"]
    assert numpy.array_equal(check_again, wanted)


# One that takes its time, and holds few requests.

QUEUE = 4
LONG_ROWS = 1000  # seconds


@pytest.fixture(scope="module")
def slow_program(folder: Path) -> Any:
    return slow(folder / "slow.im")


@pytest.fixture(scope="module")
def slow_server(folder: Path, slow_program: Any) -> Iterator[Running]:
    running = Running(
        folder / "slow.im", "--queue", str(QUEUE), "--batch", "1", "--threads", "1", "--no-watch"
    )
    yield running
    running.end()


def rows(count: int, seed: int = 0) -> dict[str, Any]:
    array = numpy.random.default_rng(seed).standard_normal((count, WIDTH))
    return {"x": array.astype(numpy.float32)}


def test_what_is_beyond_the_queue_is_refused_at_once(
    slow_server: Running, slow_program: Any
) -> None:
    inputs = [rows(60, seed) for seed in range(24)]
    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(slow_server.infer, inputs))
    assert {answer.status for answer in answers} == {200, 429}
    for answer, one in zip(answers, inputs, strict=True):
        if answer.status == 200:
            numpy.testing.assert_allclose(
                answer.arrays()["y"], slow_program(**one)["y"], rtol=1e-4, atol=1e-5
            )
        else:
            assert answer.headers["retry-after"] and "held" in answer.document["error"]
    assert slow_server.metric("isthmus_pending_requests") == 0


def begun(server: Running, threads: ThreadPoolExecutor, count: int = 1) -> list[Any]:
    """Requests that take seconds, once the server has all of them."""
    inside = [threads.submit(server.infer, rows(LONG_ROWS, seed)) for seed in range(count)]
    until = monotonic() + LONG_SECONDS
    while server.metric("isthmus_pending_requests") < count and monotonic() < until:
        pass
    return inside


def test_a_deadline_that_has_passed_is_504_and_not_computed(slow_server: Running) -> None:
    before = slow_server.metric("isthmus_expired_total")
    with ThreadPoolExecutor(3) as threads:
        (first,) = begun(slow_server, threads)
        soon = {"timeout": 20_000}  # of a body, which is read before it is known
        late = [threads.submit(slow_server.infer, rows(1), parameters=soon) for _ in range(2)]
        for one in late:
            assert one.result().status == 504
            assert "allow more time" in one.result().document["error"]
        assert first.result().status == 200
    until = monotonic() + LONG_SECONDS
    while slow_server.metric("isthmus_expired_total") < before + 2 and monotonic() < until:
        sleep(0.05)
    assert slow_server.metric("isthmus_expired_total") == before + 2
    assert slow_server.infer(rows(LONG_ROWS), {"X-Request-Timeout-Ms": "20"}).status == 504
    answer = slow_server.infer(rows(1), {"X-Request-Timeout-Ms": "never"})
    assert answer.status == 400 and "\n" not in answer.document["error"]


def test_who_would_be_late_is_refused_at_once(slow_server: Running) -> None:
    assert slow_server.infer(rows(LONG_ROWS)).status == 200  # what a request costs is known now
    with ThreadPoolExecutor(1) as threads:
        (first,) = begun(slow_server, threads)
        answer = slow_server.infer(rows(1), {"X-Request-Timeout-Ms": "20"})
        assert answer.status == 429 and "those ahead take" in answer.document["error"]
        assert first.result().status == 200
    # Nobody is ahead: it is let in, whatever others took.
    assert slow_server.infer(rows(1), {"X-Request-Timeout-Ms": "60000"}).status == 200


def test_a_port_that_is_taken_is_one_line(slow_server: Running, folder: Path) -> None:
    words = [*("serve", str(folder / "slow.im")), "--port", str(slow_server.port)]
    done = subprocess.run(
        [sys.executable, "-m", "isthmus", *words], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.strip().splitlines()
    assert "give another --port" in line


def test_sigterm_ends_what_is_inside_and_lets_nobody_in(
    slow_server: Running, slow_program: Any
) -> None:
    """The last test of this server."""
    inputs = [rows(LONG_ROWS, seed) for seed in range(3)]
    children = _session_of(slow_server)
    assert children
    with ThreadPoolExecutor(3) as threads:
        inside = begun(slow_server, threads, 3)
        began = monotonic()
        slow_server.process.terminate()
        refused = []
        while not all(one.done() for one in inside):
            sleep(0.1)
            try:
                refused.append(slow_server.infer(rows(1)).status)
            except OSError:
                break
        answers = [one.result() for one in inside]
    code, said = slow_server.end()
    assert monotonic() - began < LONG_SECONDS
    assert [answer.status for answer in answers] == [200] * 3
    for answer, one in zip(answers, inputs, strict=True):
        numpy.testing.assert_allclose(
            answer.arrays()["y"], slow_program(**one)["y"], rtol=1e-4, atol=1e-5
        )
    assert set(refused) >= {503} and set(refused) <= {200, 429, 503}
    assert (code, said) == (0, "")
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def _session_of(server: Running) -> list[int]:
    """The processes that the server began: all whose parents lead to it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except (OSError, ValueError, IndexError):
            continue
    found = {server.process.pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {server.process.pid})
