"""`isthmus serve` as users start it: a process on 127.0.0.1, asked by plain HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus.serve.server.ray_node import free_ports

__all__ = ["Answer", "Running"]

START_SECONDS, END_SECONDS = 240.0, 120.0
HEADER_LENGTH = "Inference-Header-Content-Length"
MISSING = 5  # a backend, a device or Ray is not here


@dataclass(frozen=True)
class Answer:
    """A status, headers in lower case, and a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The JSON of it."""
        length = self.headers.get(HEADER_LENGTH.lower())
        return json.loads(self.body if length is None else self.body[: int(length)])

    def arrays(self) -> dict[str, Any]:
        """The outputs of JSON, by name."""
        kinds = {"FP32": numpy.float32, "INT32": numpy.int32, "BOOL": numpy.bool_}
        return {
            one["name"]: numpy.array(one["data"], kinds[one["datatype"]]).reshape(one["shape"])
            for one in self.document["outputs"]
        }


class Running:
    """A server of a program; skips the test where Ray does not start here."""

    def __init__(self, program: Path, *options: str) -> None:
        (self.port,) = free_ports(1)
        words = ["serve", str(program), "--port", str(self.port), "--json", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "isthmus", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            said = self.process.communicate()[1].strip()
            if self.process.returncode == MISSING:
                pytest.skip(said.splitlines()[-1])
            raise AssertionError(f"it ended with {self.process.returncode}: {said}")
        self.about: dict[str, str] = json.loads(line)
        self.name = self.about["name"]

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own; a body of several parts says no length."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=END_SECONDS)
        try:
            in_parts = not isinstance(body, bytes)
            more = {"Transfer-Encoding": "chunked"} if in_parts else {}
            told = {**(headers or {}), **more}
            connection.request(method, path, body, told, encode_chunked=in_parts)
            answer = connection.getresponse()
            known = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, known, answer.read())
        finally:
            connection.close()

    def infer(
        self, arrays: Mapping[str, Any], headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        """The program's results on arrays, in JSON."""
        body = json.dumps({"inputs": [tensor(n, a) for n, a in arrays.items()], **more}).encode()
        return self.ask("POST", f"/v2/models/{self.name}/infer", body, headers)

    def metric(self, name: str) -> float:
        """A number of /metrics, by its name and labels."""
        page = self.ask("GET", "/metrics").body.decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it as a system does; its exit code, and what it said on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            said = self.process.communicate(timeout=END_SECONDS)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, said


def tensor(name: str, array: Any) -> dict[str, Any]:
    """An array as an input of a request."""
    names = {"float32": "FP32", "int32": "INT32", "bool": "BOOL"}
    return {
        "name": name,
        "shape": list(array.shape),
        "datatype": names[str(array.dtype)],
        "data": array.ravel().tolist(),
    }
