"""Losses of classes, activations and a normalization, by their formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from node_models import WAYS, model, run

random = numpy.random.default_rng(2)
X = random.standard_normal((3, 5, 2)).astype(numpy.float32)
TARGET = random.integers(0, 5, (3, 2))
WEIGHT = numpy.array([1, 2, 0.5, 3, 0.25], numpy.float32)


def loss(x: Any, target: Any, weight: Any, how: str, ignored: int | None) -> Any:
    each, factors = numpy.zeros(target.shape), numpy.zeros(target.shape)
    for at in numpy.ndindex(target.shape):
        if target[at] != ignored:
            factors[at] = 1 if weight is None else weight[target[at]]
            each[at] = -x[at[0], target[at], at[1]] * factors[at]
    if how == "none":
        return each
    return each.sum() if how == "sum" else each.sum() / factors.sum()


@pytest.mark.parametrize("ignored", [None, 1, -1, 10])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("how", ["mean", "none", "sum"])
def test_losses(tmp_path: Path, how: str, weight: Any, ignored: int | None) -> None:
    target = TARGET.copy()
    if ignored is not None:
        target[0, 1] = ignored
    logarithm = X - numpy.log(numpy.exp(X).sum(axis=1, keepdims=True))
    operands = [X, target] if weight is None else [X, target, weight]
    wanted = loss(X, target, weight, how, ignored)
    built = model("NegativeLogLikelihoodLoss", operands, reduction=how, ignore_index=ignored)
    found = run(tmp_path, "eager", built, operands)
    numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    wanted = loss(logarithm, target, weight, how, ignored)
    built = model("SoftmaxCrossEntropyLoss", operands, 2, reduction=how, ignore_index=ignored)
    for way in WAYS if how == "mean" else WAYS[:1]:
        found, probabilities = run(tmp_path, way, built, operands)
        assert found.dtype == numpy.float32
        numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
        numpy.testing.assert_allclose(probabilities, logarithm, rtol=1e-5, atol=1e-6)


ACTIVATIONS: dict[str, Any] = {
    "Celu": lambda x: numpy.maximum(x, 0) + numpy.minimum(0, numpy.exp(x) - 1),
    "Selu": lambda x: 1.0507009873554805 * numpy.where(
        x > 0, x, 1.6732632423543772 * (numpy.exp(x) - 1)
    ),
    "Shrink": lambda x: numpy.where(x < -0.5, x, numpy.where(x > 0.5, x, 0)),
    "ThresholdedRelu": lambda x: numpy.where(x > 1, x, 0),
}  # fmt: skip


@pytest.mark.parametrize("op", ACTIVATIONS)
def test_activations_by_their_defaults(tmp_path: Path, op: str) -> None:
    for way in WAYS:
        found = run(tmp_path, way, model(op, [X], opset=22), [X])
        numpy.testing.assert_allclose(found, ACTIVATIONS[op](X), rtol=1e-5, atol=1e-6)


def test_mean_and_variance_are_over_the_usual_axes(tmp_path: Path) -> None:
    x = random.standard_normal((3, 4, 2, 5)).astype(numpy.float32)
    mean, spread = (f(x, axis=(0, 2, 3), keepdims=True) for f in (numpy.mean, numpy.std))
    for way in WAYS:
        found = run(tmp_path, way, model("MeanVarianceNormalization", [x], opset=13), [x])
        numpy.testing.assert_allclose(found, (x - mean) / spread, rtol=1e-4, atol=1e-5)
