"""Linear models, support vector machines and what is done around them: by their formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from node_models import WAYS, model, run

from isthmus.errors import UsageError

random = numpy.random.default_rng(3)
X = random.standard_normal((6, 4)).astype(numpy.float32)
HOLES = X.copy()
HOLES[1, 2] = HOLES[4, 0] = numpy.nan
WHOLE = random.integers(0, 4, (5, 3))
WEIGHT = random.standard_normal((3, 4)).astype(numpy.float32)


def softmax(x: Any) -> Any:
    parts = numpy.exp(x - x.max(axis=1, keepdims=True))
    return parts / parts.sum(axis=1, keepdims=True)


def logistic(x: Any) -> Any:
    return 1 / (1 + numpy.exp(-x))


def check(folder: Path, built: Any, operands: list[Any], wanted: Any, dtype: Any = None) -> None:
    for way in WAYS:
        found = run(folder, way, built, operands)
        assert found.dtype == (wanted.dtype if dtype is None else dtype)
        numpy.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


SIZES = {
    "L1": lambda x: numpy.abs(x).sum(axis=1, keepdims=True),
    "L2": lambda x: numpy.sqrt((x * x).sum(axis=1, keepdims=True)),
    "MAX": lambda x: x.max(axis=1, keepdims=True),
}


@pytest.mark.parametrize("norm", SIZES)
def test_a_row_of_zeros_stays(tmp_path: Path, norm: str) -> None:
    x = X.copy()
    x[2] = 0
    size = SIZES[norm](x)
    wanted = x / numpy.where(size == 0, 1, size).astype(numpy.float32)
    check(tmp_path, model("ai.onnx.ml.Normalizer", [x], norm=norm), [x], wanted)


@pytest.mark.parametrize("x", [X, (X * 9).astype(numpy.int64), X.astype(numpy.float64)])
def test_scaled_to_float32(tmp_path: Path, x: Any) -> None:
    offset, scale = [0.5, -1.0, 2.0, 0.25], [2.0, 0.5, 1.5, 4.0]
    wanted = (x - numpy.array(offset)) * scale
    built = model("ai.onnx.ml.Scaler", [x], offset=offset, scale=scale)
    check(tmp_path, built, [x], wanted, numpy.float32)
    one = model("ai.onnx.ml.Scaler", [x], offset=[0.5], scale=[2.0])
    check(tmp_path, one, [x], (x - 0.5) * 2, numpy.float32)


def test_a_scaled_number_is_the_same_on_each_backend(tmp_path: Path) -> None:
    """To the last bit: the thresholds of trees are met by some."""
    x = random.standard_normal((400, 4)).astype(numpy.float32)
    built = model(
        "ai.onnx.ml.Scaler", [x], offset=[0.1, 3.3, -2.7, 0.9], scale=[1.7, 0.3, 2.1, 9.9]
    )
    eager = run(tmp_path, "eager", built, [x])
    for way in WAYS[1:]:
        numpy.testing.assert_array_equal(run(tmp_path, way, built, [x]), eager)


def test_others_before_a_model(tmp_path: Path) -> None:
    built = model("ai.onnx.ml.Binarizer", [X], threshold=0.3)
    check(tmp_path, built, [X], (X > 0.3).astype(numpy.float32))
    fill = numpy.array([1, 2, 3, 4], numpy.float32)
    built = model(
        "ai.onnx.ml.Imputer", [HOLES], imputed_value_floats=fill.tolist(),
        replaced_value_float=numpy.nan,
    )  # fmt: skip
    check(tmp_path, built, [HOLES], numpy.where(numpy.isnan(HOLES), fill, HOLES))
    built = model("ai.onnx.ml.Imputer", [WHOLE], imputed_value_int64s=[7], replaced_value_int64=2)
    check(tmp_path, built, [WHOLE], numpy.where(WHOLE == 2, 7, WHOLE))
    at = numpy.array([3, 0])
    check(tmp_path, model("ai.onnx.ml.ArrayFeatureExtractor", [X, at]), [X, at], X[:, at])
    built = model(
        "ai.onnx.ml.FeatureVectorizer", [X, WHOLE[[0, 1, 2, 3, 4, 4]]], inputdimensions=[5, 2]
    )
    wide = numpy.concatenate([X, numpy.zeros((6, 1)), WHOLE[[0, 1, 2, 3, 4, 4], :2]], axis=1)
    check(tmp_path, built, [X, WHOLE[[0, 1, 2, 3, 4, 4]]], wide, numpy.float32)


@pytest.mark.parametrize(("how", "function"), [("NONE", lambda x: x), ("SOFTMAX", softmax),
                                               ("LOGISTIC", logistic)])  # fmt: skip
def test_linear_scores_and_labels(tmp_path: Path, how: str, function: Any) -> None:
    given: dict[str, Any] = {
        "coefficients": WEIGHT.reshape(-1).tolist(),
        "intercepts": [0.1, 0.2, 0.3],
    }
    scores = X @ WEIGHT.T + numpy.array([0.1, 0.2, 0.3], numpy.float32)
    built = model("ai.onnx.ml.LinearRegressor", [X], targets=3, post_transform=how, **given)
    check(tmp_path, built, [X], function(scores), numpy.float32)
    built = model(
        "ai.onnx.ml.LinearClassifier",
        [X],
        2,
        classlabels_ints=[4, 2, 8],
        post_transform=how,
        **given,
    )
    for way in WAYS:
        labels, found = run(tmp_path, way, built, [X])
        assert labels.tolist() == numpy.array([4, 2, 8])[scores.argmax(axis=1)].tolist()
        numpy.testing.assert_allclose(found, function(scores), rtol=1e-5, atol=1e-6)


def test_one_score_of_two_classes(tmp_path: Path) -> None:
    """As ONNX Runtime has it: 1 - score and score, or the logistic function of both signs."""
    given: dict[str, Any] = {
        "coefficients": WEIGHT[0].tolist(),
        "intercepts": [0.1],
        "classlabels_ints": [4, 2],
    }
    score = X @ WEIGHT[:1].T + 0.1
    labels, found = run(
        tmp_path, "eager", model("ai.onnx.ml.LinearClassifier", [X], 2, **given), [X]
    )
    assert labels.tolist() == numpy.where(score[:, 0] > 0, 2, 4).tolist()
    numpy.testing.assert_allclose(found, numpy.concatenate([1 - score, score], axis=1), rtol=1e-5)
    built = model("ai.onnx.ml.LinearClassifier", [X], 2, post_transform="LOGISTIC", **given)
    wanted = logistic(numpy.concatenate([-score, score], axis=1))
    numpy.testing.assert_allclose(run(tmp_path, "eager", built, [X])[1], wanted, rtol=1e-5)
    built = model("ai.onnx.ml.LinearClassifier", [X], 2, post_transform="SOFTMAX", **given)
    with pytest.raises(UsageError, match="'SOFTMAX' of one score is not defined"):
        run(tmp_path, "eager", built, [X])


# Support vector machines

VECTORS = random.standard_normal((7, 4)).astype(numpy.float32)
GAMMA, SHIFT, DEGREE = 0.3, 0.5, 3.0
KERNELS: dict[str, Any] = {
    "LINEAR": lambda x, v: x @ v.T,
    "POLY": lambda x, v: (GAMMA * (x @ v.T) + SHIFT) ** DEGREE,
    "RBF": lambda x, v: numpy.exp(-GAMMA * ((x[:, None] - v) ** 2).sum(axis=2)),
    "SIGMOID": lambda x, v: numpy.tanh(GAMMA * (x @ v.T) + SHIFT),
}


def machine(kernel: str, **further: Any) -> dict[str, Any]:
    vectors = VECTORS.reshape(-1).tolist()
    parameters = [GAMMA, SHIFT, DEGREE]
    return {
        "kernel_type": kernel,
        "kernel_params": parameters,
        "support_vectors": vectors,
        **further,
    }


@pytest.mark.parametrize("kernel", KERNELS)
def test_regression_by_vectors(tmp_path: Path, kernel: str) -> None:
    worth = numpy.linspace(-1, 1, 7)
    given = machine(kernel, coefficients=worth.tolist(), rho=[0.2], n_supports=7)
    wanted = KERNELS[kernel](X, VECTORS) @ worth.reshape(-1, 1) + 0.2
    check(tmp_path, model("ai.onnx.ml.SVMRegressor", [X], **given), [X], wanted, numpy.float32)
    signs = numpy.where(wanted > 0, 1, -1)
    built = model("ai.onnx.ml.SVMRegressor", [X], one_class=1, **given)
    check(tmp_path, built, [X], signs, numpy.float32)


@pytest.mark.parametrize("likely", [False, True])
def test_classes_by_votes_of_pairs(tmp_path: Path, likely: bool) -> None:
    owner, worth = numpy.array([0, 0, 1, 1, 1, 2, 2]), numpy.linspace(-1, 1, 14).reshape(2, 7)
    rho, pairs = [0.1, -0.2, 0.05], [(0, 1), (0, 2), (1, 2)]
    given = machine("RBF", coefficients=worth.reshape(-1).tolist(), rho=rho)
    if likely:
        given |= {"prob_a": [-1.0] * 3, "prob_b": [0.2] * 3}
    built = model(
        "ai.onnx.ml.SVMClassifier", [X], 2, classlabels_ints=[4, 2, 8], vectors_per_class=[2, 3, 2],
        **given,
    )  # fmt: skip
    near = KERNELS["RBF"](X, VECTORS)
    scores = numpy.stack([near[:, owner == i] @ worth[j - 1, owner == i]
                          + near[:, owner == j] @ worth[i, owner == j] + r
                          for (i, j), r in zip(pairs, rho, strict=True)], axis=1)  # fmt: skip
    votes = numpy.zeros((6, 3))
    for (i, j), score in zip(pairs, scores.T, strict=True):
        votes[:, i] += score > 0
        votes[:, j] += score <= 0
    for way in WAYS:
        labels, found = run(tmp_path, way, built, [X])
        assert labels.tolist() == numpy.array([4, 2, 8])[votes.argmax(axis=1)].tolist()
        if likely:
            numpy.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
        else:
            numpy.testing.assert_allclose(found, scores, rtol=1e-4, atol=1e-5)
