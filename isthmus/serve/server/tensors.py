"""Tensors of the Open Inference Protocol: names of dtypes, elements as JSON and as bytes.

Elements are taken as they are said or refused: 1.5 is no INT32, 300 no UINT8, 1e300 no FP32.
(Open Inference Protocol, "Tensor Data"; the binary tensor data extension of Triton.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import numpy

from .refusals import Refused

__all__ = ["as_bytes", "as_json", "datatype_of", "from_bytes", "from_json"]

Array = numpy.ndarray[Any, Any]

# As they are in bytes: little-endian. BYTES, texts, are no tensors of a program.
DATATYPES: Mapping[str, str] = {
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
NAMES = {numpy.dtype(code).newbyteorder("="): name for name, code in DATATYPES.items()}
KINDS: Mapping[str, type] = {"b": bool, "u": int, "i": int, "f": float}
MOST_AXES = 64  # of NumPy


def datatype_of(dtype: Any) -> str | None:
    """The protocol's name of a dtype; None for one that it lacks, as complex numbers."""
    return NAMES.get(numpy.dtype(dtype).newbyteorder("="))


def checked_count(name: str, shape: Sequence[int]) -> int:
    """How many elements a shape has."""
    if len(shape) > MOST_AXES:
        raise Refused(400, f"{name}: {len(shape)} axes; give {MOST_AXES} at the most")
    return math.prod(shape)


def from_json(name: str, datatype: str, shape: Sequence[int], data: bytes) -> Array:
    """Elements of a JSON list, flat in row-major order or nested as the shape says."""
    dtype = numpy.dtype(DATATYPES[datatype]).newbyteorder("=")
    count = checked_count(name, shape)
    values = _decoded(name, datatype, KINDS[dtype.kind], len(shape), data)
    array = _array(name, datatype, values, dtype)
    if array.size and array.ndim > 1 and array.shape != tuple(shape):
        raise Refused(400, f"{name}: data nested as {list(array.shape)} for shape {list(shape)}")
    if array.size != count:
        raise Refused(400, f"{name}: {array.size} elements for shape {list(shape)}; give {count}")
    return _shaped(name, array, shape)


def _decoded(name: str, datatype: str, kind: type, axes: int, data: bytes) -> Any:
    """The list as Python numbers; flat first, since most clients send it so."""
    try:
        return _decoder(kind, 1).decode(data)
    except (msgspec.MsgspecError, RecursionError) as flat:
        if axes < 2 or not data.lstrip()[1:].lstrip().startswith(b"["):
            raise Refused(400, f"{name}: data is no list of {datatype}: {flat}") from None
    try:
        return _decoder(kind, axes).decode(data)
    except (msgspec.MsgspecError, RecursionError) as nested:
        said = f"data is no list of {datatype}, flat or nested in {axes} axes"
        raise Refused(400, f"{name}: {said}: {nested}") from None


@cache
def _decoder(kind: Any, depth: int) -> msgspec.json.Decoder[Any]:
    for _ in range(depth):
        kind = list[kind]
    return msgspec.json.Decoder(kind)


def _array(name: str, datatype: str, values: Any, dtype: Any) -> Array:
    try:
        if dtype.kind != "f":
            return numpy.array(values, dtype)
        exact = numpy.array(values, numpy.float64)
    except OverflowError:
        raise Refused(400, f"{name}: a number that is no {datatype}; give others") from None
    except ValueError:  # lists of different lengths
        raise Refused(400, f"{name}: data is nested unevenly; give lists of equal length") from None
    with numpy.errstate(over="ignore"):
        array = exact.astype(dtype)
    if not numpy.isfinite(array).all():
        raise Refused(400, f"{name}: a number too large for {datatype}; give others")
    return array


def from_bytes(name: str, datatype: str, shape: Sequence[int], data: memoryview) -> Array:
    """Elements in row-major order, little-endian; a copy, aligned and in this machine's order."""
    dtype = numpy.dtype(DATATYPES[datatype])
    count = checked_count(name, shape)
    if len(data) != count * dtype.itemsize:
        raise Refused(
            400,
            f"{name}: {len(data)} bytes for {datatype} {list(shape)}; "
            f"give {count * dtype.itemsize}",
        )
    if dtype.kind == "b" and numpy.frombuffer(data, numpy.uint8).max(initial=0) > 1:
        raise Refused(400, f"{name}: a byte that is no BOOL; give 0 or 1")
    array = numpy.frombuffer(data, dtype).astype(dtype.newbyteorder("="), copy=True)
    return _shaped(name, array, shape)


def _shaped(name: str, array: Array, shape: Sequence[int]) -> Array:
    try:
        return array.reshape(shape)
    except (ValueError, OverflowError):  # no elements, and other sizes beyond the address space
        raise Refused(400, f"{name}: shape {list(shape)} is too large; give a smaller") from None


def as_bytes(array: Array) -> bytes:
    """The elements in row-major order, little-endian."""
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def as_json(array: Array) -> bytes:
    """The elements as a flat list; NaN and infinities as Python and Triton write them, which
    strict readers refuse, since null would be no such number."""
    values = array.ravel().tolist()
    if array.dtype.kind == "f" and not numpy.isfinite(array).all():
        return json.dumps(values, separators=(",", ":")).encode()
    return msgspec.json.encode(values)
