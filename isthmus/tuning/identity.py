"""What a tuning is remembered by: program, samples, machine, versions, and the question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.program import archive
from isthmus.trace.tracing import Traced

__all__ = ["digest_of", "key_of"]

FORMAT = 2  # of what is remembered


def digest_of(traced: Traced) -> str:
    """Of the graph and the elements of its constants; not of where in a file nodes were made."""
    document, arrays = archive.described(traced)
    digest = hashlib.sha256(json.dumps(_without_places(document), sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(memoryview(array).cast("B") if array.size else b"")
    return digest.hexdigest()


def key_of(program: str, samples: str, question: Mapping[str, Any]) -> str:
    """One text for all that decides the answer."""
    told = {
        "format": FORMAT,
        "program": program,
        "samples": samples,
        "question": dict(question),
        "machine": fingerprint(),
        "versions": versions(),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _without_places(part: Any) -> Any:
    match part:
        case {"nodes": nodes, "inputs": _, **rest}:
            kept = [_without_places(node[:3]) for node in nodes]
            return {**_without_places({**rest, "inputs": part["inputs"]}), "nodes": kept}
        case dict():
            return {key: _without_places(branch) for key, branch in part.items()}
        case list():
            return [_without_places(branch) for branch in part]
    return part
