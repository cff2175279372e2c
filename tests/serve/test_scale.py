"""The examples of docs/scale.md, each in the real engine; `make test-scale` has them all.

An engine that is not installed, or that does not start on this machine, skips with the reason.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy
import pytest
from places import ROOT

import isthmus as im
from isthmus.errors import FileError
from isthmus.models.inputs import samples

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```py\n# (\w+)\n(.*?)```", PAGE, re.DOTALL))
LINES = 20
PATIENCE_SECONDS = 240

# 2.60 wants tokens, and puts the machine's address in the place of 127.0.0.1, unless told.
FOR_RAY = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def needs(*packages: str) -> None:
    for package in packages:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: make test-scale")
    try:
        samples.minilm()
    except FileError as absent:
        pytest.skip(str(absent))


def said(example: str, folder: Path, **environment: str) -> list[int]:
    """The numbers that an example prints, run as a program of its own."""
    program = folder / f"{example}_example.py"
    program.write_text(EXAMPLES[example], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [int(number) for number in re.findall(r"\d+", done.stdout)]


@pytest.mark.parametrize("example", sorted(EXAMPLES))
def test_an_example_is_short(example: str) -> None:
    assert len(EXAMPLES[example].splitlines()) < LINES


def test_there_is_an_example_for_each() -> None:
    assert set(EXAMPLES) == {"ray", "spark", "dask", "multiprocessing"}


def test_processes(tmp_path: Path) -> None:
    needs()
    assert said("multiprocessing", tmp_path) == [4, 16, 384]


def test_dask(tmp_path: Path) -> None:
    needs("distributed", "dask.dataframe" if find_spec("dask") else "dask", "pandas")
    assert said("dask", tmp_path) == [64, 384]


def test_spark(tmp_path: Path) -> None:
    needs("pyspark", "pyarrow")
    java = subprocess.run(["sh", "-c", "java -version"], capture_output=True, text=True)
    if java.returncode:
        pytest.skip("Spark needs Java 17, which is not here")
    found = said(
        "spark", tmp_path, SPARK_LOCAL_IP="127.0.0.1",
        PYARROW_IGNORE_TIMEZONE="1",
    )  # fmt: skip
    assert found == [64, 384]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Ray head of two processors; skips where it does not come up."""
    needs("ray", "pyarrow")
    folder = tmp_path_factory.mktemp("r")
    # The agent's ports are given: on a loaded machine it has 15 s to find its own, and that fails.
    names = (
        *("port", "metrics-export-port", "dashboard-agent-grpc-port"),
        *("dashboard-agent-listen-port", "runtime-env-agent-port"),
    )
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    command = [
        *(str(Path(sys.executable).with_name("ray")), "start", "--head", "--block"),
        *("--node-ip-address=127.0.0.1", "--num-cpus=2", "--include-dashboard=false"),
        *(f"--temp-dir={folder}", "--object-store-memory=200000000", "--disable-usage-stats"),
        *(f"--{name}={port}" for name, port in ports.items()),
    ]
    log = folder / "start.log"
    with log.open("wb") as output:
        head = subprocess.Popen(
            command, env={**os.environ, **FOR_RAY}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            if not began(head, log):
                said = log.read_text(errors="replace")[-500:]
                pytest.skip(f"Ray does not start on this machine: {said}")
            yield f"127.0.0.1:{ports['port']}"
        finally:
            ended(head, folder)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found


def began(head: subprocess.Popen[bytes], log: Path) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and head.poll() is None:
        if b"Ray runtime started" in log.read_bytes():
            return True
        time.sleep(0.5)
    return False


def ended(head: subprocess.Popen[bytes], folder: Path) -> None:
    """End the head, and by their numbers those that it started: their command names the folder."""
    head.terminate()
    try:
        head.wait(30)
    except subprocess.TimeoutExpired:
        head.kill()
        head.wait()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (place / "cmdline").read_bytes()
            if str(folder).encode() in words and int(place.name) != os.getpid():
                os.kill(int(place.name), signal.SIGKILL)


def test_ray(cluster: str, tmp_path: Path) -> None:
    assert said("ray", tmp_path, RAY_ADDRESS=cluster, **FOR_RAY) == [64, 64]


THREADS = """
import ray, isthmus as im
from isthmus.serve.scorer_threads import threads_here
ray.init()
found = [ray.get(ray.remote(num_cpus=n)(lambda: threads_here()).remote()) for n in (0.5, 1, 2)]
print(threads_here(), *found)
"""


def test_ray_says_how_many_threads(cluster: str, tmp_path: Path) -> None:
    """In the driver it is all that are allowed."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, **FOR_RAY, "RAY_ADDRESS": cluster}, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    allowed = len(os.sched_getaffinity(0))
    numbers = [int(word) for word in done.stdout.split()]
    assert numbers == [allowed, 1, 1, min(2, allowed)]


def test_a_file_is_scored_by_a_cluster(cluster: str, tmp_path: Path) -> None:
    """The same rows as by processes here, to the bit: the parts are the same."""
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"a text of number {n}\n" for n in range(50)) + "\n")
    for engine in (["--engine", "ray", "--address", cluster, "--instance", "c5.xlarge"], []):
        name = "ray" if engine else "local"
        words = ["score", "minilm-l6", str(texts), str(tmp_path / f"{name}.npz"), "--part", "16"]
        done = subprocess.run(
            [sys.executable, "-m", "isthmus", *words, *engine, "--json"], cwd=tmp_path,
            capture_output=True, text=True, env={**os.environ, **FOR_RAY},
            timeout=PATIENCE_SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        summary = json.loads(done.stdout)
        assert (summary["rows"], summary["scored"], summary["rejected"]) == (51, 50, 1)
        assert summary["engine"] == name
    assert (tmp_path / "ray.npz").read_bytes() == (tmp_path / "local.npz").read_bytes()


def test_arrow_and_pandas_tables() -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="make test-scale has it")
    program = im.compile(
        lambda x, k: {"y": im.np.sum(x, axis=1) + k, "z": x + 1},
        {"x": im.spec("float32", ["batch", 3]), "k": im.spec("int32", ["batch"])},
        threads=1,
    )
    score = im.Scorer(program, threads=1, keep=("id",))
    x = numpy.arange(12, dtype=numpy.float64).reshape(4, 3)
    table = pyarrow.table(
        {"id": ["a", "b", "c", "d"], "x": x.tolist(), "k": pyarrow.array([1, 2, 3, 4])}
    )
    for given in (table, table.to_batches()[0], table.slice(1), table.to_pandas()):
        found = score(given)
        rows = found.to_pylist() if hasattr(found, "to_pylist") else found.to_dict("records")
        assert type(found) is type(given)
        first = 4 - len(rows)
        assert [row["id"] for row in rows] == ["a", "b", "c", "d"][first:]
        assert [row["y"] for row in rows] == [4.0, 14.0, 24.0, 34.0][first:]
        assert [list(row["z"]) for row in rows] == (x + 1).tolist()[first:]
    with pytest.raises(im.IsthmusError, match="row 1: k is None"):
        score(table.set_column(2, "k", pyarrow.array([1, None, 3, 4])))
