"""Every model on every backend gives what transformers and timm gave, without either.

The files in tests/golden were written by tests/parity/make_golden.py.
"""

from __future__ import annotations

from typing import Any

import numpy
import pytest
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

import isthmus as im

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
    specs = model.specs(**_sizes(model))
    program = im.compile(model, specs, on_host="error", **options)
    found = as_dict(program(**inputs_of(model)))
    assert set(found) == set(expected)
    for name, array in found.items():
        assert relative_error(array, expected[name]) <= TOLERANCE, name


def _sizes(model: im.models.Model) -> dict[str, str]:
    free = "x" in model.specs() and "image" not in model.options
    return {"height": "height", "width": "width"} if free else {}


def test_every_model_and_file_is_covered() -> None:
    assert {case.name for case in CASES} == set(im.models.list())
    assert {path.stem for path in GOLDEN.glob("*.npz")} == {case.label for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_expected_values_tell_networks_apart(case: Case) -> None:
    with numpy.load(GOLDEN / f"{case.label}.npz") as archive:
        outputs = {k: v for k, v in archive.items() if k not in ("scales", "weights_sum")}
    assert_telling(outputs)


def _label(name: str) -> Case:
    return next(case for case in CASES if case.label == name)


def _error(case: Case, **options: Any) -> float:
    """The largest error of the case's model, made with other options."""
    with numpy.load(GOLDEN / f"{case.label}.npz") as archive:
        stored = dict(archive)
    model = im.models.create(case.name, **{**case.options, **options})
    randomized(model, stored["scales"])
    found = as_dict(model(**inputs_of(model)))
    return max(relative_error(found[name], stored[name]) for name in found)


@pytest.mark.parametrize(
    ("label", "options"),
    [
        ("resnet-50-v1", {"version": "v1.5"}),
        ("resnet-152-v1.5", {"version": "v1"}),
        ("mobilenet-v3-small", {"epsilon": 1e-5}),
        ("mobilenet-v2", {"epsilon": 1e-3}),
        ("bert-base-sentence", {"heads": 6}),
        ("efficientnet-b0", {"epsilon": 1e-3}),
        ("efficientnet-b0-same", {"padding": "symmetric"}),
        ("efficientnet-lite0", {"padding": "symmetric"}),
    ],
)
def test_a_network_that_is_a_little_different_is_told_apart(
    label: str, options: dict[str, Any]
) -> None:
    case = _label(label)
    assert _error(case) <= TOLERANCE < _error(case, **options)


def test_the_other_gelu_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = im.npx.gelu
    monkeypatch.setattr(im.npx, "gelu", lambda x: exact(x, approximate=True))
    assert _error(_label("bert-base-none")) > TOLERANCE
