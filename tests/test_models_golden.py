"""Every model on every backend gives what transformers and timm gave, without either.

The files in tests/golden were written by tests/parity/make_golden.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im

sys.path.insert(0, str(Path(__file__).parent))

from golden_cases import (
    CASES,
    GOLDEN,
    TOLERANCE,
    Case,
    as_dict,
    assert_telling,
    inputs_of,
    randomized,
    relative_error,
    weights_sum,
)

BACKENDS: tuple[dict[str, Any], ...] = (
    {"backend": "numpy"},
    {"backend": "cpu"},
    {"backend": "gpu", "device": "cpu"},
)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.label)
def golden(request: pytest.FixtureRequest) -> tuple[im.models.Model, dict[str, Any]]:
    """A model with the golden file's weights, and the outputs it must have."""
    case: Case = request.param
    with numpy.load(GOLDEN / f"{case.label}.npz") as archive:
        stored = dict(archive)
    model = im.models.create(case.name, **case.options)
    randomized(model, stored.pop("scales"))
    expected_sum = float(stored.pop("weights_sum"))
    assert weights_sum(model) == pytest.approx(expected_sum, rel=1e-6), (
        "NumPy's random generator gives other weights; run tests/parity/make_golden.py again"
    )
    return model, stored


@pytest.mark.parametrize("options", BACKENDS, ids=lambda options: options["backend"])
def test_equals_the_original(
    golden: tuple[im.models.Model, dict[str, Any]], options: dict[str, Any]
) -> None:
    model, expected = golden
    program = im.compile(model, model.specs(**_sizes(model)), **options)
    found = as_dict(program(**inputs_of(model)))
    assert set(found) == set(expected)
    for name, array in found.items():
        assert relative_error(array, expected[name]) <= TOLERANCE, name


def _sizes(model: im.models.Model) -> dict[str, str]:
    return {"height": "height", "width": "width"} if "x" in model.specs() else {}


def test_every_model_and_file_is_covered() -> None:
    assert {case.name for case in CASES} == set(im.models.list())
    assert {path.stem for path in GOLDEN.glob("*.npz")} == {case.label for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_expected_values_tell_networks_apart(case: Case) -> None:
    with numpy.load(GOLDEN / f"{case.label}.npz") as archive:
        outputs = {k: v for k, v in archive.items() if k not in ("scales", "weights_sum")}
    assert_telling(outputs)
