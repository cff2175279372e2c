"""Ensembles of trees are what a walk through them by hand gives, on each backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from node_models import WAYS, model, run
from onnx import numpy_helper

from isthmus.errors import UsageError
from isthmus.onnx.read.operators.named_trees import MODES

# Two trees. The first: x0 ? 1.5 -> (x1 ? 0.5 -> leaf 3 or 4) or leaf 2. The second: x1 ? 1.
NODES: dict[str, Any] = {
    "nodes_treeids": [0, 0, 0, 0, 0, 1, 1, 1],
    "nodes_nodeids": [0, 1, 2, 3, 4, 0, 1, 2],
    "nodes_featureids": [0, 1, 0, 0, 0, 1, 0, 0],
    "nodes_values": [1.5, 0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
    "nodes_truenodeids": [1, 3, 0, 0, 0, 1, 0, 0],
    "nodes_falsenodeids": [2, 4, 0, 0, 0, 2, 0, 0],
}
LEAVES = [(0, 2), (0, 3), (0, 4), (1, 1), (1, 2)]
COMPARE = {
    "BRANCH_LEQ": lambda a, b: a <= b,
    "BRANCH_LT": lambda a, b: a < b,
    "BRANCH_GTE": lambda a, b: a >= b,
    "BRANCH_GT": lambda a, b: a > b,
    "BRANCH_EQ": lambda a, b: a == b,
    "BRANCH_NEQ": lambda a, b: a != b,
}
X = numpy.array([[1, 0], [1, 1], [2, 2], [1.5, 0.5], [numpy.nan, 1], [1, numpy.nan]], numpy.float32)


def modes(*names: str) -> list[str]:
    first, second, third = names * (3 // len(names))
    return [first, second, "LEAF", "LEAF", "LEAF", third, "LEAF", "LEAF"]


def arrived(x: Any, names: list[str], missing: list[int]) -> list[tuple[int, int]]:
    """Which leaf of each tree a row arrives at."""
    found = []
    for root in (0, 5):
        at = root
        while names[at] != "LEAF":
            value = x[NODES["nodes_featureids"][at]]
            true = COMPARE[names[at]](value, NODES["nodes_values"][at])
            true = true or (numpy.isnan(value) and missing[at])
            at = root + NODES["nodes_truenodeids" if true else "nodes_falsenodeids"][at]
        found.append((NODES["nodes_treeids"][at], NODES["nodes_nodeids"][at]))
    return found


def weights(kind: str, classes: list[int], positive: bool = True) -> dict[str, Any]:
    """One weight for each leaf and class."""
    pairs = [(leaf, c) for leaf in LEAVES for c in classes]
    values = [(i * 7 % 11) / 22 - (0 if positive else 0.2) for i in range(len(pairs))]
    return {
        f"{kind}_treeids": [leaf[0] for leaf, _ in pairs],
        f"{kind}_nodeids": [leaf[1] for leaf, _ in pairs],
        f"{kind}_ids": [c for _, c in pairs],
        f"{kind}_weights": values,
    }


def table(given: dict[str, Any], kind: str, count: int) -> dict[tuple[int, int], Any]:
    found: dict[tuple[int, int], Any] = {leaf: numpy.zeros(count) for leaf in LEAVES}
    columns = [given[f"{kind}_{name}"] for name in ("treeids", "nodeids", "ids", "weights")]
    for tree, node, c, weight in zip(*columns, strict=True):
        found[tree, node][c] += weight
    return found


def scores(x: Any, names: list[str], missing: list[int], worth: Any) -> Any:
    """[N, trees, C]"""
    return numpy.array([[worth[leaf] for leaf in arrived(row, names, missing)] for row in x])


@pytest.mark.parametrize("missing", [[0] * 8, [0, 1, 0, 0, 0, 1, 0, 0]])
@pytest.mark.parametrize(
    "names", [*((name,) for name in MODES), ("BRANCH_LT", "BRANCH_GTE", "BRANCH_NEQ")]
)
def test_every_comparison(tmp_path: Path, names: tuple[str, ...], missing: list[int]) -> None:
    given, chosen = weights("target", [0, 1]), modes(*names)
    built = model(
        "ai.onnx.ml.TreeEnsembleRegressor", [X], opset=3, n_targets=2, nodes_modes=chosen,
        nodes_missing_value_tracks_true=missing, **NODES, **given,
    )  # fmt: skip
    wanted = scores(X, chosen, missing, table(given, "target", 2)).sum(axis=1)
    for way in WAYS:
        numpy.testing.assert_allclose(run(tmp_path, way, built, [X]), wanted, rtol=1e-6)


@pytest.mark.parametrize("base", [None, [1.5]])
@pytest.mark.parametrize("how", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_aggregates(tmp_path: Path, how: str, base: list[float] | None) -> None:
    given, chosen = weights("target", [0], positive=False), modes("BRANCH_LEQ")
    built = model(
        "ai.onnx.ml.TreeEnsembleRegressor", [X], opset=3, n_targets=1, nodes_modes=chosen,
        aggregate_function=how, base_values=base, **NODES, **given,
    )  # fmt: skip
    each = scores(X, chosen, [0] * 8, table(given, "target", 1))
    function = {"SUM": "sum", "AVERAGE": "mean", "MIN": "min", "MAX": "max"}[how]
    wanted = getattr(each, function)(axis=1) + (base or [0])
    numpy.testing.assert_allclose(run(tmp_path, "eager", built, [X]), wanted, rtol=1e-6)


def test_the_label_is_of_the_highest_score(tmp_path: Path) -> None:
    given, chosen = weights("class", [0, 1, 2]), modes("BRANCH_LEQ")
    built = model(
        "ai.onnx.ml.TreeEnsembleClassifier", [X], 2, opset=3, nodes_modes=chosen,
        classlabels_int64s=[5, 7, 9], post_transform="SOFTMAX", **NODES, **given,
    )  # fmt: skip
    total = scores(X, chosen, [0] * 8, table(given, "class", 3)).sum(axis=1)
    parts = numpy.exp(total)
    for way in WAYS:
        labels, found = run(tmp_path, way, built, [X])
        assert labels.tolist() == numpy.array([5, 7, 9])[total.argmax(axis=1)].tolist()
        numpy.testing.assert_allclose(found, parts / parts.sum(axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("how", ["NONE", "LOGISTIC"])
@pytest.mark.parametrize("positive", [True, False])
def test_weights_of_one_of_two_classes(tmp_path: Path, positive: bool, how: str) -> None:
    """A probability where none is negative, else a score about 0, as ONNX Runtime has it."""
    given, chosen = weights("class", [0], positive), modes("BRANCH_LEQ")
    built = model(
        "ai.onnx.ml.TreeEnsembleClassifier", [X], 2, opset=3, nodes_modes=chosen,
        classlabels_int64s=[0, 1], post_transform=how, base_values=[0.1], **NODES, **given,
    )  # fmt: skip
    score = scores(X, chosen, [0] * 8, table(given, "class", 1)).sum(axis=1) + 0.1
    pair = numpy.concatenate([1 - score if positive else -score, score], axis=1)
    if how == "LOGISTIC":
        pair = 1 / (1 + numpy.exp(numpy.concatenate([score, -score], axis=1)))
    labels, found = run(tmp_path, "eager", built, [X])
    assert labels.tolist() == (score[:, 0] > (0.5 if positive else 0)).tolist()
    numpy.testing.assert_allclose(found, pair, rtol=1e-6)


def test_labels_that_are_texts_are_of_calls_alone(tmp_path: Path) -> None:
    given, chosen = weights("class", [0, 1, 2]), modes("BRANCH_LEQ")
    built = model(
        "ai.onnx.ml.TreeEnsembleClassifier", [X], 2, opset=3, nodes_modes=chosen,
        classlabels_strings=["a", "b", "c"], **NODES, **given,
    )  # fmt: skip
    labels, found = run(tmp_path, "eager", built, [X])
    assert labels.tolist() == ["abc"[i] for i in found.argmax(axis=1)]
    with pytest.raises(UsageError, match="labels that are texts, which no program computes"):
        run(tmp_path, "cpu", built, [X])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"nodes_truenodeids": [1, 0, 0, 0, 0, 1, 0, 0]}, "to which its root does not lead"),
        ({"nodes_truenodeids": [1, 1, 0, 0, 0, 1, 0, 0]}, "leads to itself"),
        ({"nodes_truenodeids": [1, 9, 0, 0, 0, 1, 0, 0]}, "node 9 of a tree is not there"),
        ({"nodes_nodeids": [0, 1, 2, 3, 3, 0, 1, 2]}, "two nodes have one number"),
        ({"nodes_modes": ["BRANCH_NE"] * 8}, "nodes_modes with BRANCH_NE; known are"),
        ({"nodes_featureids": [0, 5, 0, 0, 0, 1, 0, 0]}, "a feature of 5; there are 2"),
        ({"post_transform": "SOFTMAX"}, "of one target is not defined"),
        ({"aggregate_function": "MEDIAN"}, "aggregate_function='MEDIAN'"),
        ({"base_values": [1.0, 2.0]}, "2 base_values"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    given = {"nodes_modes": modes("BRANCH_LEQ"), "n_targets": 1, **NODES, **weights("target", [0])}
    built = model("ai.onnx.ml.TreeEnsembleRegressor", [X], opset=3, **{**given, **changed})
    with pytest.raises((UsageError, IndexError), match=said):
        run(tmp_path, "eager", built, [X])


def test_membership_in_sets(tmp_path: Path) -> None:
    """TreeEnsemble: x in {1, 3} -> leaf 0, else (x in {2} or none -> leaf 1, else leaf 2)."""
    x = numpy.array([[1], [2], [3], [4], [numpy.nan]], numpy.float32)
    tensors: dict[str, Any] = {
        "nodes_modes": numpy.array([6, 6], numpy.uint8),
        "nodes_splits": numpy.zeros(2, numpy.float32),
        "leaf_weights": numpy.array([10, 20, 30], numpy.float32),
        "membership_values": numpy.array([1, 3, numpy.nan, 2, numpy.nan], numpy.float32),
    }
    built = model(
        "ai.onnx.ml.TreeEnsemble", [x], opset=5, n_targets=1, tree_roots=[0],
        nodes_featureids=[0, 0], nodes_truenodeids=[0, 1], nodes_trueleafs=[1, 1],
        nodes_falsenodeids=[1, 2], nodes_falseleafs=[0, 1], leaf_targetids=[0, 0, 0],
        nodes_missing_value_tracks_true=[0, 1],
        **{name: numpy_helper.from_array(array) for name, array in tensors.items()},
    )  # fmt: skip
    for way in WAYS:
        assert run(tmp_path, way, built, [x]).tolist() == [[10], [20], [10], [30], [20]]
