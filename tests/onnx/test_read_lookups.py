"""Lookups, updates and orders of ONNX files: eager and compiled, beside what the standard says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from onnx import TensorProto, helper

import isthmus as im
from isthmus.errors import UsageError

X = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
RANDOM = numpy.random.default_rng(8)
OUTSIDE = (IndexError, UsageError)  # the latter where a file is run eagerly


def net(
    folder: Path, op: str, inputs: dict[str, Any], outputs: int = 1, opset: int = 18, **facts: Any
) -> Any:
    """A file of one node, loaded."""
    domain, _, kind = op.rpartition(".")
    names = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(kind, list(inputs), names, domain=domain, **facts)
    given = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(numpy.asarray(value).dtype), numpy.shape(value)
        )
        for name, value in inputs.items()
    ]
    found = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in names]
    graph = helper.make_graph([node], "one", given, found)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    path = folder / "one.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    return im.load(path)


def results(loaded: Any, inputs: dict[str, Any], backend: dict[str, Any]) -> list[Any]:
    if backend["backend"] == "numpy":
        found = loaded(**inputs)
    else:
        specs = {name: im.spec(value.dtype, value.shape) for name, value in inputs.items()}
        found = im.compile(loaded, specs, **backend)(**inputs)
    return list(found.values()) if isinstance(found, dict) else [found]


def check(
    folder: Path,
    backend: dict[str, Any],
    op: str,
    inputs: dict[str, Any],
    *wanted: Any,
    **facts: Any,
) -> None:
    loaded = net(folder, op, inputs, len(wanted), **facts)
    for found, expected in zip(results(loaded, inputs, backend), wanted, strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_positions_smaller_than_the_array(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    """Where NumPy would broadcast one column of positions to all, ONNX takes the first column."""
    at = numpy.array([[2], [0]])
    check(tmp_path, any_backend, "GatherElements", {"x": X, "at": at}, [[6], [0]], axis=0)
    both = numpy.array([[2, 1], [0, 3]])
    check(tmp_path, any_backend, "GatherElements", {"x": X, "at": both}, [[6, 4], [0, 10]])
    with pytest.raises(UsageError, match="too large"):
        check(
            tmp_path, any_backend, "GatherElements", {"x": X[:, :1], "at": X[:2].astype(int)},
            None, axis=0,
        )  # fmt: skip


@pytest.mark.parametrize("reduction", ["add", "max", "min", "mul", "none"])
def test_updates_that_meet(reduction: str, tmp_path: Path, any_backend: dict[str, Any]) -> None:
    at, updates = numpy.array([[1], [3], [1]]), RANDOM.standard_normal((3, 3), numpy.float32)
    reductions: dict[str, Any] = {
        "add": numpy.add, "max": numpy.maximum, "min": numpy.minimum, "mul": numpy.multiply,
        "none": lambda _, new: new,
    }  # fmt: skip
    wanted = X.copy()
    for (i,), update in zip(at, updates, strict=True):
        wanted[i] = reductions[reduction](wanted[i], update)
    inputs = {"x": X, "at": at, "u": updates}
    check(tmp_path, any_backend, "ScatterND", inputs, wanted, reduction=reduction)
    each = {"x": X, "at": numpy.repeat(at, 3, 1), "u": updates}
    check(tmp_path, any_backend, "ScatterElements", each, wanted, reduction=reduction)
    if reduction == "none":
        check(tmp_path, any_backend, "Scatter", each, wanted, opset=9)


def test_positions_outside(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    outside = numpy.array([[4]])
    inputs = {"x": X, "at": outside, "u": numpy.zeros((1, 3), numpy.float32)}
    with pytest.raises(OUTSIDE):
        check(tmp_path, any_backend, "ScatterND", inputs, None)
    with pytest.raises(OUTSIDE):
        check(tmp_path, any_backend, "GatherND", {"x": X, "at": outside}, None)


@pytest.mark.parametrize("start", [None, [0, 1], [2, 0]])
def test_a_cache_is_written(start: Any, tmp_path: Path, any_backend: dict[str, Any]) -> None:
    cache = RANDOM.standard_normal((2, 3, 4, 2), numpy.float32)
    update = RANDOM.standard_normal((2, 3, 2, 2), numpy.float32)
    wanted = cache.copy()
    for i in range(2):
        first = 0 if start is None else start[i]
        wanted[i, :, first : first + 2] = update[i]
    inputs = {"cache": cache, "update": update}
    if start is not None:
        inputs["start"] = numpy.array(start)
    check(tmp_path, any_backend, "TensorScatter", inputs, wanted, opset=24)


def test_a_cache_that_is_full(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    cache = numpy.zeros((1, 4, 1), numpy.float32)
    update = numpy.array([[[1], [2]]], numpy.float32)
    inputs = {"c": cache, "u": update, "at": numpy.array([3])}
    wanted = numpy.array([2, 0, 0, 1]).reshape(1, 4, 1)
    check(tmp_path, any_backend, "TensorScatter", inputs, wanted, opset=24, mode="circular")
    with pytest.raises(OUTSIDE):
        check(tmp_path, any_backend, "TensorScatter", inputs, wanted, opset=24)


def test_the_largest_of_old_and_new_files(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    x = numpy.array([[1, 5, 5, 2], [7, 7, 0, 7]], numpy.float32)
    values, at = [[5, 5], [7, 7]], [[1, 2], [0, 1]]
    check(tmp_path, any_backend, "TopK", {"x": x}, values, at, opset=9, k=2)
    inputs = {"x": x, "k": numpy.array([2])}
    check(tmp_path, any_backend, "TopK", inputs, values, at, opset=10)
    check(tmp_path, any_backend, "TopK", inputs, values, at, sorted=0)
    check(tmp_path, any_backend, "TopK", inputs, [[1, 2], [0, 7]], [[0, 3], [2, 0]], largest=0)


def test_different_elements_in_order_of_appearance(
    tmp_path: Path, any_backend: dict[str, Any]
) -> None:
    x = numpy.array([2, 1, 1, 3, 4, 3], numpy.float32)
    wanted = ([2, 1, 3, 4], [0, 1, 3, 4], [0, 1, 1, 2, 3, 2], [1, 2, 2, 1])
    check(tmp_path, any_backend, "Unique", {"x": x}, *wanted, sorted=0)
    check(
        tmp_path, any_backend, "Unique", {"x": numpy.array([[1, 0], [1, 0], [0, 5]])},
        [[1, 0], [0, 5]], [0, 2], [0, 0, 1], [2, 1], sorted=0, axis=0,
    )  # fmt: skip


def test_lengths_of_what_is_reversed(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    inputs = {"x": X, "n": numpy.array([4, 1, 0])}
    wanted = X.copy()
    wanted[:, 0] = X[::-1, 0]
    check(tmp_path, any_backend, "ReverseSequence", inputs, wanted)
    with pytest.raises(OUTSIDE):
        check(
            tmp_path, any_backend, "ReverseSequence", {**inputs, "n": numpy.array([1, 5, 1])}, None
        )
    with pytest.raises(UsageError, match="time_axis=0 and batch_axis=0"):
        check(tmp_path, any_backend, "ReverseSequence", inputs, wanted, batch_axis=0)


def test_one_hot_of_what_is_outside(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    at = numpy.array([0, -1, 3, -4], numpy.int64)
    inputs = {"at": at, "depth": numpy.array(3), "values": numpy.array([2, 5], numpy.float32)}
    wanted = [[5, 2, 2], [2, 2, 5], [2, 2, 2], [2, 2, 2]]
    file = net(tmp_path, "OneHot", inputs)
    assert results(file, inputs, {"backend": "numpy"})[0].tolist() == wanted
    fixed = onnx.load(tmp_path / "one.onnx")
    del fixed.graph.input[1]
    fixed.graph.initializer.append(onnx.numpy_helper.from_array(numpy.array(3), "depth"))
    (tmp_path / "fixed.onnx").write_bytes(fixed.SerializeToString())
    given = {"at": at, "values": inputs["values"]}
    assert results(im.load(tmp_path / "fixed.onnx"), given, any_backend)[0].tolist() == wanted


def test_counts_of_tokens(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    facts: dict[str, Any] = {
        "mode": "TFIDF", "min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 1,
        "ngram_counts": [0, 2], "ngram_indexes": [3, 0, 1], "pool_int64s": [5, 6, 5, 6],
        "weights": [2.0, 1.0, 0.5],
    }  # fmt: skip
    x = numpy.array([[5, 6, 6, 5], [7, 7, 7, 5]])
    wanted = [[2, 1, 0, 4], [0, 0, 0, 2]]  # 6 twice, 5 6 next to each other and over one, 5 twice
    check(tmp_path, any_backend, "TfIdfVectorizer", {"x": x}, wanted, **facts)
    check(tmp_path, any_backend, "TfIdfVectorizer", {"x": x[0]}, wanted[0], **facts)


def test_columns_and_bits(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    op = "ai.onnx.ml.ArrayFeatureExtractor"
    check(tmp_path, any_backend, op, {"x": X, "at": numpy.array([[2, 0]])}, X[:, [2, 0]])
    check(tmp_path, any_backend, op, {"x": X[1], "at": numpy.array([2])}, [[5]])
    bits = X.view(numpy.int32)
    check(tmp_path, any_backend, "BitCast", {"x": X}, bits, opset=26, to=TensorProto.INT32)


def test_normalisation_of_groups(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    x = RANDOM.standard_normal((2, 4, 3), numpy.float32)
    parts = x.reshape(2, 2, 6)
    centred = (parts - parts.mean(-1, keepdims=True)) / parts.std(-1, keepdims=True)
    scale, bias = numpy.array([2, 3], numpy.float32), numpy.array([0, 1], numpy.float32)
    wanted = (centred * scale[:, None] + bias[:, None]).reshape(x.shape)
    facts = {"num_groups": 2, "epsilon": 0.0}
    old = {"x": x, "s": scale, "b": bias}
    check(tmp_path, any_backend, "GroupNormalization", old, wanted, **facts)
    new = {"x": x, "s": scale.repeat(2), "b": bias.repeat(2)}
    check(tmp_path, any_backend, "GroupNormalization", new, wanted, opset=21, **facts)


def test_root_mean_squares_over_several_axes(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    x, scale = RANDOM.standard_normal((2, 4, 3), numpy.float32), X[1:2, :3] + 1
    wanted = x / numpy.sqrt((x * x).mean((1, 2), keepdims=True) + 1e-5) * scale
    check(tmp_path, any_backend, "RMSNormalization", {"x": x, "s": scale}, wanted, opset=23, axis=1)
