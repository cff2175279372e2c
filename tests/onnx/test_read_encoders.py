"""Numbers and texts for each other, and the columns of 0 and 1 that stand for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from node_models import STRING, WAYS, model, run
from onnx import numpy_helper

from isthmus.errors import UsageError

NUMBERS = numpy.array([[1, 3], [2, 9]])
FLOATS = numpy.array([1.5, numpy.nan, 4.0], numpy.float32)
TEXTS = numpy.array(["a", "c", "zz"], STRING)


def encoder(x: Any, **given: Any) -> Any:
    return model("ai.onnx.ml.LabelEncoder", [x], opset=4, **given)


def test_numbers_for_numbers(tmp_path: Path) -> None:
    built = encoder(
        NUMBERS, keys_int64s=[1, 2, 3], values_floats=[0.5, 0.25, 2.0], default_float=-7.0
    )
    for way in WAYS:
        assert run(tmp_path, way, built, [NUMBERS]).tolist() == [[0.5, 2.0], [0.25, -7.0]]
    built = encoder(FLOATS, keys_floats=[1.5, numpy.nan], values_int64s=[5, 6])
    for way in WAYS:
        assert run(tmp_path, way, built, [FLOATS]).tolist() == [5, 6, -1]


def test_texts_for_numbers_and_back(tmp_path: Path) -> None:
    built = encoder(TEXTS, keys_strings=["a", "b", "c"], values_int64s=[7, 8, 9])
    assert run(tmp_path, "eager", built, [TEXTS]).tolist() == [7, 9, -1]
    built = encoder(NUMBERS, keys_int64s=[1, 2], values_strings=["x", "y"])
    assert run(tmp_path, "eager", built, [NUMBERS]).tolist() == [["x", "_Unused"], ["y", "_Unused"]]
    with pytest.raises(UsageError, match="texts, which no program computes"):
        run(tmp_path, "cpu", built, [NUMBERS])
    built = model(
        "ai.onnx.ml.CategoryMapper", [TEXTS], cats_int64s=[4, 5], cats_strings=["zz", "a"]
    )
    assert run(tmp_path, "eager", built, [TEXTS]).tolist() == [5, -1, 4]


def test_values_in_tensors(tmp_path: Path) -> None:
    keys, values, other = (
        numpy_helper.from_array(numpy.array(v, d))
        for v, d in (([1, 2], "int64"), ([10, 20], "int16"), ([-3], "int16"))
    )
    built = encoder(NUMBERS, keys_tensor=keys, values_tensor=values, default_tensor=other)
    for way in WAYS:
        found = run(tmp_path, way, built, [NUMBERS])
        assert found.dtype == numpy.int16
        assert found.tolist() == [[10, -3], [20, -3]]


def test_a_key_with_two_values_is_refused(tmp_path: Path) -> None:
    built = encoder(NUMBERS, keys_int64s=[1, 1], values_int64s=[5, 6])
    with pytest.raises(UsageError, match="the key 1 has two values"):
        run(tmp_path, "eager", built, [NUMBERS])


def test_columns_of_0_and_1(tmp_path: Path) -> None:
    built = model("ai.onnx.ml.OneHotEncoder", [NUMBERS], cats_int64s=[3, 1])
    wanted = [[[0, 1], [1, 0]], [[0, 0], [0, 0]]]
    for way in WAYS:
        assert run(tmp_path, way, built, [NUMBERS]).tolist() == wanted
    built = model("ai.onnx.ml.OneHotEncoder", [TEXTS], cats_strings=["c", "a"])
    assert run(tmp_path, "eager", built, [TEXTS]).tolist() == [[0, 1], [1, 0], [0, 0]]
    built = model("ai.onnx.ml.OneHotEncoder", [NUMBERS], cats_int64s=[3, 1], zeros=0)
    with pytest.raises(UsageError, match="an element is of no category"):
        run(tmp_path, "eager", built, [NUMBERS])
    with pytest.raises(UsageError, match="no program does so"):
        run(tmp_path, "cpu", built, [NUMBERS])
