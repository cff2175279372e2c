"""The arrays of a safetensors file, mapped: read where they are used, and by all processes once.

The package `safetensors` checks the head of the file: that every array lies in the file and none
overlaps another. The arrays are then views of the mapped file (`system.mapping` says what follows
from that). Kinds of numbers that NumPy lacks are read, and not mapped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy

from .mapping import map_file

__all__ = ["read_tensors"]

Array = numpy.ndarray[Any, Any]

SIZE_BYTES = 8  # of the number before the head
# As the format calls them; all are little-endian.
KINDS = {
    "BOOL": "?",
    "C64": "<c8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "I8": "|i1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "U8": "|u1",
}


def read_tensors(path: str | Path) -> tuple[dict[str, str], dict[str, Array]]:
    """A file's metadata, and its arrays by name, read-only.

    Raises OSError where it cannot be read, SafetensorError where it is malformed.
    """
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        metadata: dict[str, str] = file.metadata() or {}
        names = list(file.keys())
        mapped = _mapped(map_file(path))
        if mapped.keys() != set(names):
            raise OSError(f"{path} was replaced while it was read")
        arrays = {name: mapped[name] for name in names}
        for name, array in arrays.items():
            if array is None:
                arrays[name] = file.get_tensor(name)
    return metadata, arrays


def _mapped(content: Array) -> dict[str, Any]:
    """The arrays by name; None for those of kinds that NumPy lacks."""
    start = SIZE_BYTES + int.from_bytes(content[:SIZE_BYTES].tobytes(), "little")
    rows = json.loads(content[SIZE_BYTES:start].tobytes())
    rows.pop("__metadata__", None)
    return {name: _view(content[start:], row) for name, row in rows.items()}


def _view(content: Array, row: dict[str, Any]) -> Array | None:
    kind = KINDS.get(row["dtype"])
    if kind is None:
        return None
    first, last = row["data_offsets"]
    return content[first:last].view(kind).reshape(row["shape"])
