"""A real Triton core on a repository, with Python-based stand-ins for the backends it lacks.

nvidia-pytriton carries the server with its Python backend. A test that cannot start it skips, with
the reason; a model that it does not load fails the test. The server is ended by its process id.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from serving_environments import BACKENDS, environment, ran

__all__ = ["Core", "core_on"]

PATIENCE_SECONDS = 180.0
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Core:
    """A server that runs. log: what it printed; calls: of its backends, a line of JSON each."""

    process: subprocess.Popen[bytes]
    http: int
    grpc: int
    log: Path
    calls: Path

    def get(self, path: str) -> Any:
        """What it answers at an address, None for nothing; HTTPError where it refuses."""
        return self._asked(path, None)

    def post(self, path: str) -> Any:
        """The same of a request without content."""
        return self._asked(path, b"")

    def _asked(self, path: str, content: bytes | None) -> Any:
        address = f"http://{HOST}:{self.http}/v2/{path}"
        with urllib.request.urlopen(address, content, timeout=60) as answer:
            found = answer.read()
        return json.loads(found) if found else None

    def is_ready(self, model: str) -> bool:
        try:
            self.get(f"models/{model}/ready")
        except urllib.error.HTTPError:
            return False
        return True

    def statistics(self, model: str) -> Mapping[str, Any]:
        """Of the newest version."""
        found: Mapping[str, Any] = self.get(f"models/{model}/stats")["model_stats"][-1]
        return found

    def batches(self, model: str) -> dict[int, int]:
        """How many calls had so many rows."""
        stats = self.statistics(model).get("batch_stats", [])
        return {int(each["batch_size"]): int(each["compute_infer"]["count"]) for each in stats}

    def logged(self, model: str) -> list[dict[str, Any]]:
        """The calls of a model, those before the first request among them."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [each for each in map(json.loads, lines) if each["model"] == model]

    def sent(self, protocol: str, model: str, arrays: Path, callers: int) -> dict[str, Any]:
        """Requests from another process, by NVIDIA's client; how far answers were from ours."""
        port = self.http if protocol == "http" else self.grpc
        done = ran("triton", "send.py", f"{HOST}:{port}", protocol, model, arrays, callers)
        assert done.returncode == 0, done.stderr[-2000:]
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextmanager
def core_on(repository: Path, folder: Path) -> Iterator[Core]:
    """A server on the repository; folder: for its backends and its log."""
    home = environment("triton")
    packages = next((home / "lib").glob("python3.*")) / "site-packages"
    server = packages / "pytriton" / "tritonserver"
    backends = made_backends(server, packages, folder / "backends")
    log, calls = folder / "core.log", folder / "calls.jsonl"
    http, grpc, metrics = free_ports(3)
    command = [
        str(server / "bin" / "tritonserver"),
        f"--model-repository={repository}",
        f"--backend-directory={backends}",
        "--exit-on-error=false",
        "--strict-readiness=false",
        *(f"--{kind}-address={HOST}" for kind in ("http", "grpc", "metrics")),
        f"--http-port={http}",
        f"--grpc-port={grpc}",
        f"--metrics-port={metrics}",
    ]
    libraries = [str(packages / "nvidia_pytriton.libs"), sysconfig.get_config_var("LIBDIR")]
    settings = {
        **os.environ,
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "STAND_IN_LOG": str(calls),
        "STAND_IN_PACKAGES": str(packages),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=settings)
    try:
        core = Core(process, http, grpc, log, calls)
        await_life(core)
        yield core
    finally:
        end(process)


def made_backends(server: Path, packages: Path, folder: Path) -> Path:
    """The server's Python backend with the stub of this Python, and the stand-ins."""
    shutil.copytree(server / "backends", folder)
    version = packages.parent.name.removeprefix("python")
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not stub.exists():
        pytest.skip(f"nvidia-pytriton has no stub for Python {version}")
    shutil.copy(stub, folder / "python")
    shutil.copytree(BACKENDS, folder, dirs_exist_ok=True)
    return folder


def await_life(core: Core) -> None:
    """Until it answers; skips the test where it ends before, or is silent for long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if core.process.poll() is not None:
            pytest.skip(f"Triton's core ended with {core.process.returncode}: {last(core.log)}")
        try:
            core.get("health/live")
            return
        except OSError:
            time.sleep(0.1)
    pytest.skip(f"Triton's core did not answer in {PATIENCE_SECONDS:.0f} s: {last(core.log)}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last(log: Path) -> str:
    return " ".join(log.read_text(errors="replace").splitlines()[-3:])


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((HOST, 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found
