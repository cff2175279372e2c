"""Whether a result is right enough for its precision, and what files say of accuracy."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from result_files import benchmark, document

from isthmus.errors import FileError
from isthmus.reports import read
from isthmus.reports.files.budget import is_low, outside
from isthmus.reports.files.result import Result

ACCURACY = {
    "reference": "onnxruntime-by-hand",
    "weights": "published",
    "inputs": "crops of two photographs",
    "items": 128,
    "max_rel_error": 0.02,
    "cosine": 0.997,
    "top1_agreement": 1.0,
}
PARITY = {"max_rel_error": 0.02, "cosine": 0.9999, "top1_agreement": 1.0, "samples": 8}


def result(folder: Path, **facts: Any) -> Result:
    """Of a file with one benchmark."""
    path = folder / "one.json"
    path.write_text(json.dumps(document([benchmark("net", "cpu", [[0.1, 0.2]] * 3, **facts)])))
    (found,) = read(path).results
    return found


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, ""),
        ({"parity_max_rel_error": 2e-3, "parity": None}, "relative error 2.0e-03 above 0.001"),
        ({"precision": "int8", "accuracy": ACCURACY, "parity": PARITY}, ""),
        (
            {"precision": "int8", "accuracy": ACCURACY | {"cosine": 0.98}},
            "cosine 0.9800 below 0.99",
        ),
        (
            {"precision": "int8", "accuracy": ACCURACY | {"top1_agreement": 0.98}},
            "top-1 98 % below 99 %",
        ),
        ({"precision": "bf16", "accuracy": ACCURACY | {"top1_agreement": None}}, ""),
        ({"precision": "bf16", "parity": PARITY}, ""),
        ({"precision": "bf16", "parity": PARITY | {"cosine": None}}, "no cosine"),
        ({"precision": "bf16", "parity": None, "parity_max_rel_error": None}, "no parity"),
        ({"precision": "bf16", "parity": PARITY | {"max_rel_error": math.inf}}, "not a number"),
        ({"precision": "f32, int8 weights", "accuracy": ACCURACY}, ""),
    ],
)
def test_the_budget_is_that_of_the_precision(
    tmp_path: Path, facts: dict[str, Any], why: str
) -> None:
    found = result(tmp_path, **{"parity": PARITY, **facts} if "precision" in facts else facts)
    assert outside(found) == why


def test_files_of_earlier_versions_are_float32_and_have_no_accuracy(tmp_path: Path) -> None:
    found = result(tmp_path)
    assert found.accuracy is None
    assert not is_low(found)


def test_accuracy_is_read_as_it_was_written(tmp_path: Path) -> None:
    texts = {"similarity_correlation": 0.9995, "neighbours_kept": 0.975, "top1_agreement": None}
    found = result(tmp_path, precision="int8", accuracy=ACCURACY | texts).accuracy
    assert found is not None
    assert (found.items, found.weights, found.cosine) == (128, "published", 0.997)
    assert (found.similarity_correlation, found.neighbours_kept) == (0.9995, 0.975)
    assert found.top1_agreement is None


def test_outputs_that_are_no_numbers_are_as_wrong_as_can_be(tmp_path: Path) -> None:
    wrong = ACCURACY | {"cosine": math.nan}
    found = result(tmp_path, precision="int8", accuracy=wrong)
    assert found.accuracy is not None and math.isinf(found.accuracy.max_rel_error)
    assert outside(found) == "no cosine"


def test_an_accuracy_that_is_none_damages_its_benchmark(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="top1_agreement"):
        result(tmp_path, precision="int8", accuracy=ACCURACY | {"top1_agreement": 3})
