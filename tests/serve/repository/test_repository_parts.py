"""The parts: text format, buckets, rows that may be joined, names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import np
from isthmus.errors import UsageError
from isthmus.serve.repository.batching import batch_axis, why_not_joined
from isthmus.serve.repository.model_names import kubernetes_name
from isthmus.serve.repository.shapes import buckets_of
from isthmus.serve.repository.text_format import Word, written


def f32(*shape: int | str) -> Any:
    return im.spec("float32", list(shape))


def test_the_text_format() -> None:
    message = {
        "text": 'a "b" \\ \n\x01 ü',
        "word": Word("TYPE_FP32"),
        "number": -3,
        "truth": True,
        "list": [1, 2],
        "none": [],
        "empty": {},
        "many": [{"a": 1}, {"a": {"b": False}}],
    }
    assert written(message) == (
        'text: "a \\"b\\" \\\\ \\n\\001 ü"\nword: TYPE_FP32\n'
        "number: -3\ntruth: true\nlist: [1, 2]\n"
        "none: []\nempty {}\nmany {\n  a: 1\n}\nmany {\n  a {\n    b: false\n  }\n}\n"
    )
    with pytest.raises(TypeError):
        written({"x": 1.5})


@pytest.mark.parametrize("text", ['"', "\\", "ü🙂", "\x07\x7f\x85", "a\r\n\tb", "'", "{}#"])
def test_texts_come_back_from_protobuf(text: str) -> None:
    """By a message that the onnx package brings."""
    text_format = pytest.importorskip("google.protobuf.text_format")
    onnx = pytest.importorskip("onnx")
    found = text_format.Parse(written({"producer_name": text}), onnx.ModelProto())
    assert found.producer_name == text


def test_sizes_that_the_program_takes() -> None:
    table = numpy.zeros((64, 3), numpy.float32)
    graph = im.trace(
        lambda x: x + np.getitem(table, slice(x.shape[1])), f32("batch", "seq", 3)
    ).graph
    assert buckets_of(graph, "batch", {}) == [{"seq": 16}, {"seq": 32}, {"seq": 64}]
    assert buckets_of(graph, "batch", {"seq": [7, 5, 7]}) == [{"seq": 5}, {"seq": 7}]
    with pytest.raises(UsageError, match="sliced at seq"):
        buckets_of(graph, "batch", {"seq": [65]})
    with pytest.raises(UsageError, match="no such size; it has seq"):
        buckets_of(graph, "batch", {"length": [5]})
    fixed = im.trace(lambda x: x, f32("batch", 3)).graph
    assert buckets_of(fixed, "batch", {}) == [{}]


def test_sizes_of_several_names_and_constraints() -> None:
    specs = (f32("batch", "a"), f32("batch", "b"))
    traced = im.trace(lambda x, y: (x, y), specs, constraints=["a <= 32", "b % 64 == 0"])
    given = {"a": [2, 4], "b": [64, 128, 192]}
    assert buckets_of(traced.graph, "batch", given) == [
        {"a": 2, "b": 64},
        {"a": 4, "b": 128},
        {"a": 4, "b": 192},
    ]
    assert buckets_of(traced.graph, "batch", {}) == []  # 16 with 16, 32 with 32 ... do not hold
    with pytest.raises(UsageError, match="b % 64 == 0"):
        buckets_of(traced.graph, "batch", {"a": [2], "b": [65]})


@pytest.mark.parametrize(
    ("function", "specs", "axis"),
    [
        (lambda x: x, f32("rows", 2), "rows"),
        (lambda x, y: x + y, (f32("n", 2), f32("n", 2)), "n"),
        (lambda x, y: (x, y), (f32("n", 2), f32("m", 2)), None),
        (lambda x, y: x @ y, (f32("n", 2), f32(2, 3)), None),
        (lambda x: np.sum(x, axis=0), f32("n", 2), None),
        (lambda x: x.T, f32("n", 2), None),
        (lambda x: x, f32("n", "n"), None),
        (lambda x: np.concatenate([x, x]), f32("n", 2), None),
        (lambda x: x, f32(4, 2), None),
        (lambda x: x, f32(), None),
    ],
)
def test_the_axis_that_all_begin_with(function: Any, specs: Any, axis: str | None) -> None:
    assert batch_axis(im.trace(function, specs).graph) == axis


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x - np.mean(x, axis=0, keepdims=True),
        lambda x: np.cumsum(x, axis=0),
        lambda x: x[::-1],
        lambda x: np.sort(x, axis=0),
        lambda x: x + np.max(x),
        lambda x: x / np.sum(x * 0 + 1, axis=0),
        lambda x: (x > np.mean(x)).astype("int32"),
        lambda x: x + np.arange(x.shape[0], dtype="float32")[:, None],
    ],
)
def test_rows_that_depend_on_others_are_not_joined(function: Any) -> None:
    """A server that joined them would give callers numbers made of other callers'."""
    traced = im.trace(function, f32("batch", 4))
    assert "depends on the other rows of batch" in str(why_not_joined(traced, "f32", [{}]))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.cumsum(x, axis=1),
        lambda x: np.sort(x, axis=1),
        lambda x: x / np.sum(x, axis=1, keepdims=True),
        lambda x: np.log(x),  # of negative numbers NaN, of both alike
        lambda x: np.argmax(x, axis=1, keepdims=True),
    ],
)
def test_rows_that_are_apart_are_joined(function: Any) -> None:
    traced = im.trace(function, f32("batch", 4))
    assert why_not_joined(traced, "f32", [{}]) is None


def test_nested_arguments_are_run() -> None:
    specs = ({"x": f32("n", 2), "z": [f32("n", 2)]},)
    traced = im.trace(lambda a: {"y": a["x"] + a["z"][0]}, specs)
    assert why_not_joined(traced, "f32", [{}]) is None


def test_names_of_objects_in_kubernetes() -> None:
    found = {name: kubernetes_name(name) for name in ("a", "9net", "A_b.C", "x" * 80, "0")}
    assert found == {
        "a": "a", "9net": "model-9net", "A_b.C": "a-b-c", "x" * 80: "x" * 63, "0": "model-0"
    }  # fmt: skip


def test_nothing_but_the_folder_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.serve.repository import export_repository

    monkeypatch.chdir(tmp_path)
    export_repository(lambda x: x * 2, "models", name="net", specs=f32("n", 2))
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
