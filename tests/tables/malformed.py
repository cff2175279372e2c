"""Requests that are none, by a seed: broken JSON, tensors that do not fit, bytes that lie."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from running_server import HEADER_LENGTH, tensor

__all__ = ["request"]

Headers = dict[str, str]
Values = tuple[Any, ...]
Made = tuple[bytes, Headers]
Way = Callable[[random.Random, list[dict[str, Any]]], Made]

NO_NUMBERS: Values = (
    None,
    "1",
    [],
    {},
    [[1]],
    1.5,
    -1,
    2**31,
    2**70,
    True,
    "x" * 1000,
    [None],
    1e300,
)
NO_SIZES: Values = (-1, 1.5, "4", None, 2**31, 2**63, 2**64, 10**40, [], {}, True)
NO_NAMES: Values = ("", "INPUT_IDS", "input_ids\n", "\u0000", "é" * 500, 5, None, [], {})
NO_TYPES: Values = ("", "int32", "INT64", "FP32", "BYTES", "BF16", 5, None, [], {}, "\u0000")


def request(seed: int, inputs: Mapping[str, Any]) -> Made:
    """The body and headers of a request that has to be refused."""
    choose = random.Random(seed)
    tensors = [tensor(name, array) for name, array in inputs.items()]
    return WAYS[seed % len(WAYS)](choose, tensors)


def _body(tensors: Any, **more: Any) -> Made:
    return json.dumps({"inputs": tensors, **more}).encode(), {}


def _noise(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    return choose.randbytes(choose.randrange(300)), {}


def _cut(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    body, _ = _body(tensors)
    return body[: choose.randrange(len(body))], {}


def _flipped(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    """A quotation mark or bracket that is another byte."""
    body = bytearray(_body(tensors)[0])
    places = [place for place, byte in enumerate(body) if byte in b'"{}[]:']
    body[choose.choice(places)] = choose.choice(b"\x00\x7f\xff%")
    return bytes(body), {}


def _other_json(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    return json.dumps(
        choose.choice([None, 1, "x", [], {}, [tensors], {"input": tensors}])
    ).encode(), {}


def _nested(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    depth = choose.randrange(1, 20_000)
    return b'{"inputs":' + b"[" * depth + b"]" * depth + b"}", {}


def _field(name: str, values: tuple[Any, ...]) -> Way:
    def changed(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
        choose.choice(tensors)[name] = choose.choice(values)
        return _body(tensors)

    return changed


def _element(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    data = choose.choice(tensors)["data"]
    data[choose.randrange(len(data))] = choose.choice(NO_NUMBERS[:6] + NO_NUMBERS[7:])
    return _body(tensors)


def _size(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    shape = choose.choice(tensors)["shape"]
    shape[choose.randrange(len(shape))] = choose.choice(NO_SIZES)
    return _body(tensors)


def _shape(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    shapes: Values = (
        [],
        [4],
        [1, 4, 1],
        [2, 2, 2],
        [0, 4],
        [4, 1, 0],
        [1] * 70,
        [1, 5],
        [2**32, 2**32],
    )
    choose.choice(tensors)["shape"] = choose.choice(shapes)
    return _body(tensors)


def _lost(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    del choose.choice(tensors)[choose.choice(["name", "shape", "datatype", "data"])]
    return _body(tensors)


def _count(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    return _body(choose.choice([tensors[:1], tensors[1:], [], tensors * 2, tensors * 50]))


def _index(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    tensors[0]["data"][0] = choose.choice([100, -101, 2**31 - 1, -(2**31)])
    return _body(tensors)


def _output(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    wrong: Values = (
        [{"name": "x"}],
        [{}],
        [5],
        {},
        5,
        "mean",
        [{"name": "mean"}] * 2,
        [{"name": None}],
    )
    return _body(tensors, outputs=choose.choice(wrong))


def _parameter(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    wrong: list[Any] = [5, [], "x", {"timeout": -5}, {"timeout": []}, {"binary_data_output": "no"}]
    wrong += [{"sequence_id": 1}, {"priority": 3}, {"timeout": 1e400}, {"classification": 2}]
    return _body(tensors, parameters=choose.choice(wrong))


def _binary(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    """Sizes of bytes that are not those that follow."""
    for one in tensors:
        del one["data"]
        one["parameters"] = {"binary_data_size": choose.choice([0, 1, 15, 17, 2**40, *NO_SIZES])}
    text, _ = _body(tensors)
    return text + choose.randbytes(choose.choice([0, 7, 31, 33])), {HEADER_LENGTH: str(len(text))}


def _header(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    body, _ = _body(tensors)
    wrong = ["-1", "x", "1e3", str(len(body) + 1), "9" * 30, str(len(body) - 1), "0", " ", "0x10"]
    return body, {HEADER_LENGTH: choose.choice(wrong)}


def _timeout(choose: random.Random, tensors: list[dict[str, Any]]) -> Made:
    wrong = ["x", "-1", "0", "nan", "inf", "1e400", "", "1,5", "--"]
    return _body(tensors)[0], {"X-Request-Timeout-Ms": choose.choice(wrong)}


WAYS: tuple[Way, ...] = (
    *(_noise, _cut, _flipped, _other_json, _nested, _element, _size, _shape, _lost, _count),
    *(_index, _output, _parameter, _binary, _header, _timeout),
    _field("data", NO_NUMBERS),
    _field("name", NO_NAMES),
    _field("datatype", NO_TYPES),
    _field("shape", NO_NUMBERS),
)
