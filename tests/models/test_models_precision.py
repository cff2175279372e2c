"""Small models in half precision and with weights in eight bits, against what float32 gave."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest
from backends import BACKENDS, INSTALLED
from golden_cases import CASES, GOLDEN, as_dict, inputs_of, randomized

import isthmus as im
from isthmus.graph.half import FORMATS
from isthmus.graph.operator import LOW

Golden = tuple[im.models.Model, dict[str, Any]]
HALF = [("numpy", "bf16"), ("numpy", "f16"), ("gpu", "f16")]


@pytest.fixture(
    scope="module",
    params=["minilm-l6-none", "mobilenet-v2-0.5", "vgg-11-bn", "efficientnet-b0-same"],
)
def golden(request: pytest.FixtureRequest) -> Golden:
    case = next(case for case in CASES if case.label == request.param)
    with numpy.load(GOLDEN / f"{case.label}.npz") as archive:
        stored = dict(archive)
    model = im.models.create(case.name, **case.options)
    randomized(model, stored.pop("scales"))
    del stored["weights_sum"]
    return model, stored


def compiled(model: im.models.Model, backend: str, **options: Any) -> im.Executable:
    sizes = {"height": "height", "width": "width"} if "x" in model.specs() else {}
    specs = model.specs(**sizes)
    return im.compile(model, specs, on_host="error", **BACKENDS[backend], **options)


def check(run: im.Executable, golden: Golden, of_one_layer: float) -> None:
    """The errors of layers are independent: their squares add up."""
    model, expected = golden
    layers = sum(node.op.precision == LOW for node in run.graph.nodes())
    for name, array in as_dict(run(**inputs_of(model))).items():
        assert array.dtype == expected[name].dtype
        error = numpy.linalg.norm(array - expected[name]) / numpy.linalg.norm(expected[name])
        assert 0 < error <= of_one_layer * math.sqrt(layers), name


@pytest.mark.parametrize(("backend", "precision"), [row for row in HALF if row[0] in INSTALLED])
def test_half_precision(golden: Golden, backend: str, precision: str) -> None:
    """A layer rounds what it reads, its weights and what it makes: three times half an epsilon."""
    run = compiled(golden[0], backend, precision=precision)
    check(run, golden, math.sqrt(3) * FORMATS[precision].epsilon / 2)
    assert f"asked {precision}: 0 of " in run.explain()


@pytest.mark.parametrize("backend", INSTALLED)
def test_weights_in_eight_bits(golden: Golden, backend: str) -> None:
    """A weight is off by a step / sqrt(12) in the mean, and 127 steps are the largest of a channel,
    which is about 3 times its weights' root mean square."""
    run = compiled(golden[0], backend, weights="int8")
    check(run, golden, 3 / (127 * math.sqrt(12)))
