"""A program that a server has: requests of the Open Inference Protocol over HTTP, tensors as bytes.

Options: `endpoint`, the server's address, or that of one of its models:
http://127.0.0.1:8000/v2/models/NAME. A call is a request and its answer, so that transport and the
server's queue are in its time. In the scenario `server` queries are sent when they are due, whether
those before them are answered or not. The server runs on; its processors and memory are not this
process's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from threading import local
from typing import Any
from urllib.parse import quote, urlsplit

from ..timing.main import Missing
from ..timing.precision import with_precision
from ..timing.side_by_side import Unanswered, with_side_by_side
from ..timing.timing import Call

__all__ = ["HEADER_LENGTH", "Endpoint", "compile", "load", "request_of", "results_of", "runtime"]

AT_ONCE = 128  # queries that are sent and not answered, at the most
SECONDS = 60.0  # for an answer
HEADER_LENGTH = "Inference-Header-Content-Length"
REFUSED = (429, 503, 504)  # for lack of time or room
CODES = {
    "BOOL": "|b1",
    "UINT8": "|u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "|i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}

_runtime = "endpoint"


class Endpoint:
    """A model of a server; a connection for each thread that asks. Raises Missing where there is
    no such server or model."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Missing(f"{address}: no address of a server; give http://HOST:PORT")
        self.address = address
        self._make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self.netloc = parts.hostname, parts.port, parts.netloc
        self._threads = local()
        path = parts.path.rstrip("/")
        self.server = self._document("GET", "/v2")
        self.path = path if "/models/" in path else f"/v2/models/{quote(self._only_model())}"
        self.model = self._document("GET", self.path)

    def ask(self, method: str, path: str, body: bytes = b"", headers: Any = None) -> Any:
        """The answer, read to its end, and its body; once more where the server has meanwhile
        closed a connection that was idle."""
        for attempt in (1, 2):
            is_new = not hasattr(self._threads, "connection")
            if is_new:
                self._threads.connection = self._make(self._host, self._port, timeout=SECONDS)
            try:
                self._threads.connection.request(method, path, body, headers or {})
                answer = self._threads.connection.getresponse()
                return answer, answer.read()
            except (OSError, HTTPException) as problem:
                self.close()
                if is_new or attempt == 2:
                    raise Missing(f"{self.address}: no answer ({problem!r})") from None
        raise AssertionError("the second attempt returns or raises")

    def close(self) -> None:
        """End this thread's connection; the next request makes another."""
        if hasattr(self._threads, "connection"):
            self._threads.connection.close()
            del self._threads.connection

    def _document(self, method: str, path: str) -> Any:
        answer, body = self.ask(method, path)
        if answer.status != 200:
            raise Missing(f"{self.address}: {path} has status {answer.status}: {_error(body)}")
        try:
            return json.loads(body)
        except ValueError:
            raise Missing(f"{self.address}: {path} is no JSON; is it such a server?") from None

    def _only_model(self) -> str:
        known = [str(one["name"]) for one in self._document("POST", "/v2/repository/index")]
        if len(known) != 1:
            raise Missing(
                f"{self.address} has {len(known)} models ({', '.join(known)[:200]}); "
                f"name one: {self.address.rstrip('/')}/v2/models/NAME"
            )
        return known[0]


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Endpoint:
    """The server's model, which answers what tensors it has."""
    global _runtime
    import numpy  # noqa: F401  # imported here, so that its time counts as import

    found = Endpoint(options["endpoint"])
    _runtime = f"{found.server.get('name', 'server')} {found.server.get('version', '')} (endpoint)"
    return found


def compile(loaded: Endpoint, options: Mapping[str, Any], threads: int) -> Call:
    """A request for each call."""
    types = {one["name"]: one["datatype"] for one in loaded.model["inputs"]}
    names = [one["name"] for one in loaded.model["outputs"]]

    def call(arrays: Any) -> list[Any]:
        body, length = request_of(arrays, types, names)
        headers = {HEADER_LENGTH: str(length), "Content-Type": "application/octet-stream"}
        answer, content = loaded.ask("POST", f"{loaded.path}/infer", body, headers)
        if answer.status != 200:
            said = f"{loaded.address}: status {answer.status}: {_error(content)}"
            raise (Unanswered if answer.status in REFUSED else Missing)(said)
        return results_of(content, answer.getheader(HEADER_LENGTH), names)

    # In which precision a server computes, the protocol does not tell.
    return with_side_by_side(with_precision(call, lambda: {"unknown": 1}), AT_ONCE)


def request_of(
    arrays: Mapping[str, Any], types: Mapping[str, str], names: Sequence[str]
) -> tuple[bytes, int]:
    """The body of a request, and how much of it is JSON."""
    if arrays.keys() != types.keys():
        raise Missing(f"it takes {', '.join(types)}, and the workload has {', '.join(arrays)}")
    inputs, blobs = [], []
    for name, array in arrays.items():
        code = CODES.get(types[name], "")
        if array.dtype.newbyteorder("=").str[1:] != code[1:]:
            raise Missing(f"it takes {types[name]} as {name}, and the workload has {array.dtype}")
        blobs.append(array.astype(code, copy=False).tobytes())
        size = {"binary_data_size": len(blobs[-1])}
        shape = list(array.shape)
        inputs.append({"name": name, "shape": shape, "datatype": types[name], "parameters": size})
    outputs = [{"name": name, "parameters": {"binary_data": True}} for name in names]
    text = json.dumps({"id": "1", "inputs": inputs, "outputs": outputs}).encode()
    return b"".join([text, *blobs]), len(text)


def results_of(content: bytes, length: str | None, names: Sequence[str]) -> list[Any]:
    """The arrays in the order of the model's outputs."""
    import numpy

    end = len(content) if length is None else int(length)
    found, at = {}, end
    for one in json.loads(content[:end])["outputs"]:
        size = one.get("parameters", {}).get("binary_data_size")
        if size is None:
            flat = numpy.array(one["data"], CODES[one["datatype"]])
        else:
            flat = numpy.frombuffer(content[at : at + size], CODES[one["datatype"]])
            at += size
        found[one["name"]] = flat.reshape(one["shape"])
    return [found[name] for name in names]


def _error(body: bytes) -> str:
    """What a server says in JSON, or the start of what it says."""
    try:
        return str(json.loads(body)["error"])[:300]
    except (ValueError, KeyError, TypeError):
        return repr(body[:100])


def runtime() -> str:
    """The server's name and version."""
    return _runtime
