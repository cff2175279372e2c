"""Models with real weights in integers, on real inputs: how near float32 they have to stay."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy
import pytest
from golden_cases import CASES, randomized

import isthmus as im
from isthmus.benchmarks.work.input_sets import crops, windows

# The least there may be: of 24 inputs, the mean cosine with float32, and how often the largest
# number (of 1,000 classes) or the nearest other text is the same.
MOBILENET = {"cosine": 0.99, "agreement": 0.75}
MINILM = {"cosine": 0.993, "agreement": 0.85}


def unit(rows: Any) -> Any:
    rows = rows.astype(float)
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def nearest(rows: Any) -> Any:
    similar = unit(rows) @ unit(rows).T
    numpy.fill_diagonal(similar, -1)
    return similar.argmax(axis=1)


def both(name: str, inputs: Any, backend: dict[str, Any], **options: Any) -> tuple[Any, Any, Any]:
    """The results in float32 and in integers of the last 24 inputs; the others settle these."""
    net = im.models.create(name, weights="sample", **options)
    types = {key: im.spec(array.dtype, array.shape) for key, array in inputs[0].items()}
    exact = im.compile(net, types, **backend)
    found = im.compile(net, types, precision="int8", samples=inputs[:-24], **backend)
    return results(exact, inputs[-24:]), results(found, inputs[-24:]), found


def results(run: Any, inputs: Any) -> Any:
    found = [run(**given) for given in inputs]
    return numpy.concatenate([next(iter(y.values())) if isinstance(y, dict) else y for y in found])


def kernels(run: Any) -> Counter[str]:
    """How many of a program's layers the plugin multiplies as integers, of either sign, or not.

    Dense layers are convolutions of one pixel on processors without VNNI and AMX.
    """
    found: Counter[str] = Counter({"integers": 0, "f32": 0})
    of_layers = re.finditer(r"(?:(\d+) x )?(?:Convolution|FullyConnected) (\w+)", run.explain())
    for count, element in (match.groups() for match in of_layers):
        found["integers" if element in ("u8", "i8") else element] += int(count or 1)
    return found


def test_mobilenet_names_the_same_classes(device_backend: dict[str, Any]) -> None:
    exact, found, run = both("mobilenet-v2", crops(1, 40), device_backend)
    assert (unit(exact) * unit(found)).sum(axis=1).mean() >= MOBILENET["cosine"]
    same = exact.argmax(axis=1) == found.argmax(axis=1)
    assert same.mean() >= MOBILENET["agreement"]
    if device_backend["backend"] == "cpu":
        assert kernels(run) == {"integers": 53, "f32": 0}
        assert "Eltwise" not in run.explain()  # residual sums are inside of convolutions


@pytest.mark.parametrize("named", [False, True], ids=["static", "named"])
def test_minilm_finds_the_same_neighbours(named: bool, device_backend: dict[str, Any]) -> None:
    inputs = windows(64, 1, 40)
    exact, found, run = both("minilm-l6", inputs, device_backend, head="sentence")
    assert (unit(exact) * unit(found)).sum(axis=1).mean() >= MINILM["cosine"]
    assert (nearest(exact) == nearest(found)).mean() >= MINILM["agreement"]
    if named:
        sizes = {"batch": "batch", "seq": "seq"}
        types = {key: im.spec(array.dtype, list(sizes)) for key, array in inputs[0].items()}
        net = im.models.create("minilm-l6", weights="sample", head="sentence")
        options = {**device_backend, "precision": "int8", "samples": inputs[:-24]}
        other = im.compile(net, types, **options)
        again = results(other, inputs[-24:])
        assert (unit(found) * unit(again)).sum(axis=1).min() >= 0.999
    elif device_backend["backend"] == "cpu":
        assert kernels(run) == {"integers": 36, "f32": 0}


# Noise through random weights: the mean cosine alone tells something.
RANDOM = {
    **{"vgg-11": 0.999, "vgg-11-bn": 0.999},
    **{"efficientnet-b0": 0.99, "efficientnet-lite0": 0.999},
}
# Of a VGG with the means of regions along rows, which images of 224 pixels do without.
LAYERS = {"vgg-11": 12, "vgg-11-bn": 12, "efficientnet-b0": 82, "efficientnet-lite0": 50}


@pytest.mark.parametrize("label", RANDOM)
def test_random_weights_stay_near(label: str, device_backend: dict[str, Any]) -> None:
    case = next(case for case in CASES if case.label == label)
    net = im.models.create(case.name, **case.options)
    randomized(net)
    generator = numpy.random.default_rng(3)
    inputs = [{"x": generator.standard_normal((1, 3, 64, 64), numpy.float32)} for _ in range(40)]
    types = {"x": im.spec("float32", (1, 3, 64, 64))}
    exact = results(im.compile(net, types, **device_backend), inputs[-24:])
    run = im.compile(net, types, precision="int8", samples=inputs[:-24], **device_backend)
    found = results(run, inputs[-24:])
    similar = (unit(exact) * unit(found)).sum(axis=1)
    assert 1 > similar.mean() >= RANDOM[label]
    if device_backend["backend"] == "cpu":
        assert kernels(run) == {"integers": LAYERS[label], "f32": 0}
