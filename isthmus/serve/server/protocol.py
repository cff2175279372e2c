"""Requests and responses of the Open Inference Protocol, version 2, over HTTP.

(https://github.com/kserve/open-inference-protocol; the binary tensor data extension of Triton: the
header Inference-Header-Content-Length says where JSON ends and bytes begin.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import numpy

from .refusals import Refused
from .tensors import DATATYPES, as_bytes, as_json, datatype_of, from_bytes, from_json

__all__ = ["HEADER_LENGTH", "Infer", "encoded", "parsed"]

Array = numpy.ndarray[Any, Any]

HEADER_LENGTH = "inference-header-content-length"
BINARY_SIZE = "binary_data_size"
# Parameters that ask for something else than they would get.
UNKNOWN = ("classification", "shared_memory_region", "sequence_id", "priority")

Size = Annotated[int, msgspec.Meta(ge=0)]
Parameters = dict[str, Any] | None


class Tensor(msgspec.Struct):
    """An input of a request."""

    name: str
    shape: list[Size]
    datatype: str
    parameters: Parameters = None
    data: msgspec.Raw = msgspec.Raw()


class Wanted(msgspec.Struct):
    """An output that is asked for."""

    name: str
    parameters: Parameters = None


class Request(msgspec.Struct):
    """The body of an inference request."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: Parameters = None
    outputs: list[Wanted] | None = None


@dataclass(frozen=True)
class Infer:
    """A request that is understood: arrays by name, outputs with whether each is bytes.

    timeout_us: the client's own, of the parameter `timeout`.
    """

    id: str | None
    arrays: Mapping[str, Array]
    outputs: Mapping[str, bool]
    timeout_us: float | None


_requests = msgspec.json.Decoder(Request)


def parsed(
    body: bytes, header_length: str | None, types: Mapping[str, str], outputs: Sequence[str]
) -> Infer:
    """The request in a body; Refused with 400 for one that is none.

    types: the datatype of each input of the program; outputs: the names of its results.
    """
    whole = memoryview(body)
    end = _header_end(header_length, len(body))
    request = _request(whole[:end])
    arrays = _arrays(request.inputs, whole[end:], types)
    return Infer(
        request.id,
        arrays,
        _outputs(request, outputs),
        _timeout(request.parameters or {}),
    )


def _header_end(said: str | None, length: int) -> int:
    if said is None:
        return length
    if not (said.isascii() and said.isdigit()) or len(said) > 18 or int(said) > length:
        raise Refused(
            400, f"{HEADER_LENGTH}: {said[:30]!r} of a body of {length} bytes; give that of JSON"
        )
    return int(said)


def _request(text: memoryview) -> Request:
    try:
        return _requests.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
        raise Refused(400, f"the body is no inference request: {problem}") from None


def _arrays(
    tensors: Sequence[Tensor], binary: memoryview, types: Mapping[str, str]
) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for tensor in tensors:
        if tensor.name in found:
            raise Refused(400, f"input {tensor.name[:60]!r} is given twice; give it once")
        size = _check(tensor, types)
        if size is None:
            found[tensor.name] = from_json(
                tensor.name, tensor.datatype, tensor.shape, bytes(tensor.data)
            )
            continue
        if size > len(binary):
            raise Refused(400, f"{tensor.name}: {size} bytes announced, {len(binary)} are left")
        found[tensor.name] = from_bytes(tensor.name, tensor.datatype, tensor.shape, binary[:size])
        binary = binary[size:]
    if len(binary):
        raise Refused(400, f"{len(binary)} bytes more than {BINARY_SIZE} announces")
    lacking = [name for name in types if name not in found]
    if lacking:
        raise Refused(400, f"no input {lacking[0]!r}; the program takes {', '.join(types)}")
    return found


def _check(tensor: Tensor, types: Mapping[str, str]) -> int | None:
    """How many bytes it has, None for one of JSON; Refused for one that the program lacks."""
    wanted = types.get(tensor.name)
    if wanted is None:
        known = ", ".join(types)
        raise Refused(400, f"no input {tensor.name[:60]!r}; the program takes {known}")
    if tensor.datatype not in DATATYPES:
        raise Refused(400, f"{tensor.name}: no datatype {tensor.datatype[:20]!r}; give {wanted}")
    if tensor.datatype != wanted:
        raise Refused(400, f"{tensor.name}: {tensor.datatype} given, {wanted} expected")
    parameters = tensor.parameters or {}
    _refuse_unknown(parameters)
    size = parameters.get(BINARY_SIZE)
    is_json = bool(len(bytes(tensor.data)))
    if (size is None) != is_json:
        said = f"both data and {BINARY_SIZE}" if is_json else f"neither data nor {BINARY_SIZE}"
        raise Refused(400, f"{tensor.name}: {said}; give one of them")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise Refused(400, f"{tensor.name}: {BINARY_SIZE} is no number of bytes; give one")
    return size


def _refuse_unknown(parameters: Mapping[str, Any]) -> None:
    for name in UNKNOWN:
        if parameters.get(name):
            raise Refused(400, f"parameter {name!r} is not offered here; leave it out")


def _outputs(request: Request, known: Sequence[str]) -> dict[str, bool]:
    """The outputs in the order they are asked for, all without; True for bytes."""
    parameters = request.parameters or {}
    _refuse_unknown(parameters)
    usual = _flag(parameters, "binary_data_output", False)
    if request.outputs is None:
        return dict.fromkeys(known, usual)
    found: dict[str, bool] = {}
    for wanted in request.outputs:
        if wanted.name not in known:
            raise Refused(400, f"no output {wanted.name[:60]!r}; there are {', '.join(known)}")
        if wanted.name in found:
            raise Refused(400, f"output {wanted.name!r} is asked for twice; ask once")
        _refuse_unknown(wanted.parameters or {})
        found[wanted.name] = _flag(wanted.parameters or {}, "binary_data", usual)
    return found or dict.fromkeys(known, usual)


def _flag(parameters: Mapping[str, Any], name: str, usual: bool) -> bool:
    value = parameters.get(name, usual)
    if not isinstance(value, bool):
        raise Refused(400, f"parameter {name!r} is neither true nor false; give one of them")
    return value


def _timeout(parameters: Mapping[str, Any]) -> float | None:
    """Microseconds, as Triton's clients give them."""
    value = parameters.get("timeout")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e15:
        raise Refused(400, "parameter 'timeout' is no number of microseconds; give one above 0")
    return float(value)


def encoded(
    model: str, version: str, request: Infer, results: Mapping[str, Array]
) -> tuple[bytes, dict[str, str]]:
    """The body of a response and its headers."""
    described, blobs = [], []
    for name, is_binary in request.outputs.items():
        array = results[name]
        about: dict[str, Any] = {
            "name": name,
            "datatype": datatype_of(array.dtype),
            "shape": list(array.shape),
        }
        if is_binary:
            blobs.append(as_bytes(array))
            about["parameters"] = {BINARY_SIZE: len(blobs[-1])}
        else:
            about["data"] = msgspec.Raw(as_json(array))
        described.append(about)
    document: dict[str, Any] = {"model_name": model, "model_version": version}
    if request.id:
        document["id"] = request.id
    text = msgspec.json.encode({**document, "outputs": described})
    if not blobs:
        return text, {"content-type": "application/json"}
    headers = {"content-type": "application/octet-stream", HEADER_LENGTH: str(len(text))}
    return b"".join([text, *blobs]), headers
