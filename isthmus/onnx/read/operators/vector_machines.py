"""ai.onnx.ml: support vector machines, as libsvm and liblinear train them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from ..facts import Facts, Row, row
from .linear_models import as_rows
from .scores import both, class_labels, labelled, transform_of, transformed

__all__ = ["ROWS"]

FLOAT32 = numpy.dtype(numpy.float32)
SURE = 1e-7  # how close to 0 or 1 the probability of one of two classes may come


def _kernel(facts: Facts, x: Any, vectors: Any) -> Any:
    """[N, V]: how near each row is to each support vector."""
    name = facts.get("kernel_type", "LINEAR")
    gamma, shift, degree = (*(facts.get("kernel_params") or ()), 0.0, 0.0, 0.0)[:3]
    if name == "RBF":
        return np.exp(-gamma * _squared_distances(x, vectors))
    found = np.matmul(x, vectors.T)
    if name == "LINEAR":
        return found
    if name == "POLY":
        return np.power(gamma * found + shift, degree)
    if name == "SIGMOID":
        return np.tanh(gamma * found + shift)
    raise UsageError(f"kernel_type={name!r}; known are LINEAR, POLY, RBF and SIGMOID")


def _squared_distances(x: Any, vectors: Any) -> Any:
    """Around the vectors' mean, so that little is lost where the squares are subtracted."""
    mean = numpy.mean(vectors, axis=0, dtype=numpy.float64)
    x, vectors = x - mean.astype(FLOAT32), (vectors - mean).astype(FLOAT32)
    squares = np.sum(x * x, axis=1, keepdims=True) + numpy.sum(vectors * vectors, axis=1)
    return np.maximum(squares - 2 * np.matmul(x, vectors.T), 0)


def _vectors(facts: Facts, count: int) -> Any:
    return numpy.array(facts["support_vectors"], FLOAT32).reshape(count, -1)


def regression(facts: Facts, x: Any) -> Any:
    """kernel(x, vectors) @ coefficients + rho; 1 or -1 by its sign where one_class is given."""
    if transform_of(facts) != "NONE":
        raise UsageError(f"post_transform={facts['post_transform']!r} is not defined")
    x, count = as_rows(x), facts.get("n_supports", 0)
    near = _kernel(facts, x, _vectors(facts, count)) if count else x
    weight = numpy.array(facts["coefficients"], FLOAT32).reshape(-1, 1)
    y = np.matmul(near, weight) + numpy.array(facts["rho"][:1], FLOAT32)
    return np.where(y > 0, numpy.ones((), FLOAT32), -numpy.ones((), FLOAT32)) if facts.get(
        "one_class", 0
    ) else y  # fmt: skip


def classification(facts: Facts, x: Any) -> list[Any]:
    labels, x = class_labels(facts, "classlabels_ints"), as_rows(x)
    if len(labels) < 2:
        raise UsageError(f"{len(labels)} labels; give two or more")
    counts = facts.get("vectors_per_class") or ()
    return _by_pairs(facts, x, labels, counts) if sum(counts) else _linear(facts, x, labels)


def _linear(facts: Facts, x: Any, labels: Any) -> list[Any]:
    weight = numpy.array(facts["coefficients"], FLOAT32).reshape(len(labels), -1)
    scores = np.matmul(x, weight.T) + numpy.array(facts["rho"][:1], FLOAT32)
    best = np.argmax(scores, axis=1)
    if len(labels) == 2:  # the second one also where no score is below what decides
        top = np.max(scores, axis=1)
        sure = top >= 0.5 if (weight >= 0).all() else top > 0
        best = np.where(sure, numpy.ones((), numpy.int64), best)
    return [labelled(labels, best), transformed(scores, transform_of(facts))]


def _by_pairs(facts: Facts, x: Any, labels: Any, counts: Any) -> list[Any]:
    """A score for each pair of classes, above 0 for the first of both, which then has a vote."""
    pairs, how = list(combinations(range(len(labels)), 2)), transform_of(facts)
    near = _kernel(facts, x, _vectors(facts, sum(counts)))
    scores = np.matmul(near, _pair_weights(facts, counts, pairs))
    scores = scores + numpy.array(facts["rho"][: len(pairs)], FLOAT32)
    first, second = (
        numpy.eye(len(labels), dtype=FLOAT32)[list(side)] for side in zip(*pairs, strict=True)
    )
    won = np.astype(scores > 0, FLOAT32)
    votes = np.matmul(won, first) + np.matmul(1 - won, second)
    chosen = labelled(labels, np.argmax(votes, axis=1))
    if facts.get("prob_a"):
        return [chosen, transformed(_probabilities(facts, scores, pairs, len(labels)), how)]
    if len(pairs) == 1:
        return [chosen, both(scores, how, of_zero=how == "NONE")]
    return [chosen, transformed(scores, how)]


def _pair_weights(facts: Facts, counts: Any, pairs: Any) -> Any:
    """[V, pairs]: what each support vector adds to the score of a pair."""
    given = numpy.array(facts["coefficients"], FLOAT32).reshape(len(counts) - 1, -1)
    owner = numpy.repeat(numpy.arange(len(counts)), counts)
    found = numpy.zeros((len(owner), len(pairs)), FLOAT32)
    for place, (i, j) in enumerate(pairs):
        found[owner == i, place] = given[j - 1, owner == i]
        found[owner == j, place] = given[i, owner == j]
    return found


def _probabilities(facts: Facts, scores: Any, pairs: Any, count: int) -> Any:
    """[N, C], of 1 / (1 + exp(a score + b)) for each pair (Platt 1999)."""
    a, b = (numpy.array(facts[name][: len(pairs)], FLOAT32) for name in ("prob_a", "prob_b"))
    first = np.clip(npx.sigmoid(-(scores * a + b)), SURE, 1 - SURE)
    place = numpy.zeros((count, count), numpy.int32)
    for k, (i, j) in enumerate(pairs):
        place[i, j], place[j, i] = k, k + len(pairs)
    both_ways = np.concat([first, 1 - first], axis=1)
    return npx.pairwise_probabilities(np.take(both_ways, place, axis=1))


ROWS: dict[str, Row] = {
    "ai.onnx.ml.SVMClassifier": row(classification),
    "ai.onnx.ml.SVMRegressor": row(regression),
}
