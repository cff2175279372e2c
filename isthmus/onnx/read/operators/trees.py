"""ai.onnx.ml: ensembles of decision trees. Rows step through all trees at once, on the host.

What the standard leaves open of two classes is as ONNX Runtime has it, where weights are of one of
them; where both have some, the label is that of the higher score.
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError

from ..facts import Facts, Row, row
from .forests import Forest
from .named_trees import by_names
from .numbered_trees import by_numbers
from .scores import both, class_labels, labelled, transform_of, transformed

__all__ = ["ROWS"]

FLOAT32 = numpy.dtype(numpy.float32)
AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")  # by the number that TreeEnsemble gives them
TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")


def _rows(x: Any) -> Any:
    return np.reshape(x, (1, -1)) if x.ndim == 1 else x


def _aggregated(forest: Forest, x: Any, how: str) -> Any:
    """[N, C]"""
    leaves = forest.arrive(_rows(x))
    if how in ("MIN", "MAX"):
        return forest.extreme(leaves, largest=how == "MAX")
    if how not in AGGREGATES:
        raise UsageError(f"aggregate_function={how!r}; known are {', '.join(AGGREGATES)}")
    total = forest.total(leaves)
    return total / len(forest.roots) if how == "AVERAGE" else total


def _finished(scores: Any, how: str) -> Any:
    if scores.shape[1] == 1 and how not in ("NONE", "PROBIT"):
        raise UsageError(f"post_transform={how!r} of one target is not defined")
    return transformed(scores, how)


def _base(facts: Facts, counts: tuple[int, ...]) -> Any:
    tensor = facts.get("base_values_as_tensor")
    found = facts.get("base_values") or () if tensor is None else tensor
    if len(found) not in counts:
        wanted = " or ".join(map(str, counts))
        raise UsageError(f"{len(found)} base_values; give {wanted}")
    return numpy.asarray(found, FLOAT32 if tensor is None else None)


def regression(facts: Facts, x: Any) -> Any:
    forest = by_names(facts)
    scores = _aggregated(forest, x, facts.get("aggregate_function", "SUM"))
    base = _base(facts, (0, forest.weights.shape[1]))
    scores = np.astype(scores + base if len(base) else scores, FLOAT32, copy=False)
    return _finished(scores, transform_of(facts))


def ensemble(facts: Facts, x: Any) -> Any:
    """TreeEnsemble, which has numbers for words."""
    number = facts.get("aggregate_function", 1)
    if number not in range(len(AGGREGATES)):
        raise UsageError(f"aggregate_function={number}; known are 0 to 3")
    scores = _aggregated(by_numbers(facts), x, AGGREGATES[number])
    number = facts.get("post_transform", 0)
    if number not in range(len(TRANSFORMS)):
        raise UsageError(f"post_transform={number}; known are 0 to 4")
    return np.astype(_finished(scores, TRANSFORMS[number]), x.dtype, copy=False)


def classification(facts: Facts, x: Any) -> list[Any]:
    forest, labels = by_names(facts), class_labels(facts, "classlabels_int64s")
    if len(labels) < 2:
        raise UsageError(f"{len(labels)} labels; give two or more")
    leaves = forest.arrive(_rows(x))
    used: Any = forest.present.any(axis=0)
    if len(labels) == 2 and used.sum() == 1:
        chosen, scores = _of_one(facts, forest, leaves, second=bool(used[1]))
    else:
        chosen, scores = _of_each(facts, forest, leaves)
    return [labelled(labels, chosen), np.astype(scores, FLOAT32, copy=False)]


def _of_each(facts: Facts, forest: Forest, leaves: Any) -> tuple[Any, Any]:
    """Of scores that each class has. A class of which no tree says anything is not the highest."""
    scores, base = forest.total(leaves), _base(facts, (0, forest.weights.shape[1]))
    said = None if len(base) else forest.said(leaves)
    scores = scores + base if len(base) else scores
    ranked = scores if said is None else np.where(said > 0, scores, -numpy.inf)
    return np.argmax(ranked, axis=1), transformed(scores, transform_of(facts))


def _of_one(facts: Facts, forest: Forest, leaves: Any, second: bool) -> tuple[Any, Any]:
    """Of two classes, where one alone has weights: probabilities if none is negative."""
    base, how = _base(facts, (0,) if second else (0, 1)), transform_of(facts)
    if second and not forest.present[forest.leaves, 1].all():
        raise UsageError("weights of the second of two classes alone, which some leaves lack")
    total = forest.total(leaves)
    score = np.getitem(total, (slice(None), slice(1, 2) if second else slice(0, 1)))
    score = score + base if len(base) else score
    is_positive = bool((forest.weights[forest.leaves] >= 0).all())
    limit = numpy.array(0.5 if is_positive else 0, forest.weights.dtype)
    chosen = np.astype(np.getitem(score, (slice(None), 0)) > limit, numpy.int64)
    if second:
        return chosen, transformed(total, how)
    return chosen, both(score, how, of_zero=not is_positive)


ROWS: dict[str, Row] = {
    "ai.onnx.ml.TreeEnsemble": row(ensemble),
    "ai.onnx.ml.TreeEnsembleClassifier": row(classification),
    "ai.onnx.ml.TreeEnsembleRegressor": row(regression),
}
