"""Tensors and requests of the protocol: what is taken is taken as it is said, or refused."""

from __future__ import annotations

import json
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from isthmus.serve.server.protocol import HEADER_LENGTH, encoded, parsed
from isthmus.serve.server.refusals import Refused
from isthmus.serve.server.tensors import (
    DATATYPES,
    as_bytes,
    as_json,
    datatype_of,
    from_bytes,
    from_json,
)

SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def finite(dtype: str) -> Any:
    kind = numpy.dtype(dtype)
    more: Any = {"allow_nan": False, "allow_infinity": False} if kind.kind == "f" else {}
    return arrays.arrays(kind.newbyteorder("="), SHAPES, elements=arrays.from_dtype(kind, **more))


every = st.sampled_from(sorted(DATATYPES)).flatmap(
    lambda name: st.tuples(st.just(name), finite(DATATYPES[name]))
)


@given(every)
def test_elements_survive_json_flat_and_nested(case: Any) -> None:
    name, array = case
    assert datatype_of(array.dtype) == name
    for text in (as_json(array), json.dumps(array.tolist()).encode()):
        if array.ndim == 0 and not text.startswith(b"["):
            continue  # a scalar is a list of one
        found = from_json("x", name, array.shape, text)
        assert found.dtype == array.dtype and found.shape == array.shape
        assert found.tobytes() == array.tobytes() or numpy.array_equal(found, array)


@given(every)
def test_elements_survive_bytes_of_either_order(case: Any) -> None:
    name, array = case
    for ordered in (array, array.astype(array.dtype.newbyteorder(">"))):
        found = from_bytes("x", name, array.shape, memoryview(as_bytes(ordered)))
        assert found.dtype == array.dtype and found.tobytes() == array.tobytes()
        assert found.flags.writeable and found.flags.aligned


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_what_json_lacks_is_no_null(value: float) -> None:
    text = as_json(numpy.array([value, 1], numpy.float32))
    assert numpy.array_equal(json.loads(text), [value, 1], equal_nan=True)


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "why"),
    [
        ("INT32", [1], "[1.5]", "no list of INT32"),
        ("INT32", [1], "[true]", "no list of INT32"),
        ("INT32", [1], '["1"]', "no list of INT32"),
        ("INT32", [1], "[null]", "no list of INT32"),
        ("INT32", [1], "[2147483648]", "no INT32"),
        ("INT64", [1], "[9223372036854775808]", "no INT64"),
        ("INT64", [1], "[123456789012345678901234567890]", "INT64"),
        ("UINT8", [1], "[256]", "no UINT8"),
        ("UINT8", [1], "[-1]", "no UINT8"),
        ("FP32", [1], "[1e300]", "too large for FP32"),
        ("FP16", [1], "[70000]", "too large for FP16"),
        ("FP64", [1], "[1e999]", "no list of FP64"),
        ("FP32", [1], "[NaN]", "no list of FP32"),
        ("BOOL", [1], "[1]", "no list of BOOL"),
        ("FP32", [2], "[1]", "1 elements for shape [2]; give 2"),
        ("FP32", [2, 2], "[[1, 2], [3]]", "unevenly"),
        ("FP32", [2, 2], "[[1, 2, 3, 4]]", "nested as [1, 4]"),
        ("FP32", [2, 2], "[[[1], [2]], [[3], [4]]]", "nested in 2 axes"),
        ("FP32", [2**62, 4], "[1]", "elements for shape"),
        ("FP32", [0, 2**62, 2**62], "[]", "too large"),
        ("FP32", [1] * 65, "[1]", "65 axes"),
        ("FP32", [1], "{}", "no list of FP32"),
        ("FP32", [1, 1], "[" * 5000, "no list of FP32"),
    ],
)
def test_what_is_not_said_is_refused(datatype: str, shape: list[int], data: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        from_json("x", datatype, shape, data.encode())
    assert refused.value.status == 400
    assert why in str(refused.value) and "\n" not in str(refused.value)


def test_a_byte_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(Refused, match="no BOOL"):
        from_bytes("x", "BOOL", [2], memoryview(b"\x01\x02"))


TYPES, OUTPUTS = {"x": "FP32", "n": "INT32"}, ["y", "z"]


def request(**more: Any) -> dict[str, Any]:
    return {
        "inputs": [
            {"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]},
            {"name": "n", "shape": [1], "datatype": "INT32", "data": [3]},
        ],
        **more,
    }


def test_a_request_is_understood() -> None:
    found = parsed(json.dumps(request(id="7", parameters=None)).encode(), None, TYPES, OUTPUTS)
    assert found.id == "7" and found.timeout_us is None
    assert found.outputs == {"y": False, "z": False}
    assert found.arrays["x"].tolist() == [1, 2] and found.arrays["n"].dtype == numpy.int32


def test_bytes_come_in_the_order_of_the_inputs() -> None:
    x, n = numpy.arange(3, dtype="<f4"), numpy.array([7], "<i4")
    inputs = [
        {
            "name": name,
            "shape": list(array.shape),
            "datatype": TYPES[name],
            "parameters": {"binary_data_size": array.nbytes},
        }
        for name, array in (("n", n), ("x", x))
    ]
    text = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    body = text + n.tobytes() + x.tobytes()
    found = parsed(body, str(len(text)), TYPES, OUTPUTS)
    assert found.arrays["x"].tolist() == [0, 1, 2] and found.arrays["n"].tolist() == [7]
    assert found.outputs == {"y": True, "z": True}
    for wrong in (body[:-1], body + b"\0"):
        with pytest.raises(Refused, match="bytes"):
            parsed(wrong, str(len(text)), TYPES, OUTPUTS)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"inputs": []}, "no input 'x'; the program takes x, n"),
        ({"inputs": 3}, "$.inputs"),
        ({"inputs": [request()["inputs"][0]] * 2}, "given twice"),
        ({"inputs": [{**request()["inputs"][0], "name": "w"}]}, "no input 'w'"),
        ({"inputs": [{**request()["inputs"][0], "datatype": "FP64"}]}, "FP64 given, FP32 expected"),
        ({"inputs": [{**request()["inputs"][0], "datatype": "BYTES"}]}, "no datatype"),
        ({"inputs": [{**request()["inputs"][0], "shape": [-2]}]}, "$.inputs[0].shape[0]"),
        ({"inputs": [{**request()["inputs"][0], "shape": [2.0]}]}, "$.inputs[0].shape[0]"),
        ({"inputs": [{**request()["inputs"][0], "shape": [10**30]}]}, "shape"),
        (
            {"inputs": [{**request()["inputs"][0], "parameters": {"binary_data_size": 8}}]},
            "both data and",
        ),
        ({"outputs": [{"name": "q"}]}, "no output 'q'; there are y, z"),
        ({"outputs": [{"name": "y"}, {"name": "y"}]}, "asked for twice"),
        ({"outputs": [{"name": "y", "parameters": {"binary_data": 1}}]}, "neither true nor"),
        ({"outputs": [{"name": "y", "parameters": {"classification": 3}}]}, "classification"),
        ({"parameters": {"timeout": -1}}, "timeout"),
        ({"parameters": {"timeout": "soon"}}, "timeout"),
        ({"parameters": {"sequence_id": 5}}, "sequence_id"),
        ({"id": 5}, "$.id"),
    ],
)
def test_a_request_that_is_none_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused) as refused:
        parsed(json.dumps(request(**changed)).encode(), None, TYPES, OUTPUTS)
    assert refused.value.status == 400
    assert why in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("length", ["-1", "9999", "x", "1" * 40, "٣"])
def test_a_length_of_a_header_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(Refused, match="inference-header-content-length"):
        parsed(b"{}", length, TYPES, OUTPUTS)


def test_a_response_mixes_json_and_bytes() -> None:
    asked = parsed(
        json.dumps(
            request(
                id="a", outputs=[{"name": "z", "parameters": {"binary_data": True}}, {"name": "y"}]
            )
        ).encode(),
        None,
        TYPES,
        OUTPUTS,
    )
    y, z = numpy.array([[1.5]], numpy.float32), numpy.array([True, False])
    body, headers = encoded("net", "3", asked, {"y": y, "z": z})
    end = int(headers[HEADER_LENGTH])
    document = json.loads(body[:end])
    assert (document["model_name"], document["model_version"], document["id"]) == ("net", "3", "a")
    assert document["outputs"] == [
        {"name": "z", "datatype": "BOOL", "shape": [2], "parameters": {"binary_data_size": 2}},
        {"name": "y", "datatype": "FP32", "shape": [1, 1], "data": [1.5]},
    ]
    assert body[end:] == b"\x01\x00"
