"""What models of ai.onnx.ml make of their scores: probabilities and labels.

The standard leaves open what a single score of two classes means; that is ONNX Runtime's answer.
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.trace.traced import is_traced

from ..facts import Facts

__all__ = ["Texts", "both", "class_labels", "labelled", "transform_of", "transformed"]

TRANSFORMS = ("NONE", "LOGISTIC", "PROBIT", "SOFTMAX", "SOFTMAX_ZERO")
STRING = numpy.dtypes.StringDType()
ZERO = 1e-7  # what SOFTMAX_ZERO takes for 0


class Texts:
    """Texts by positions that are computed: no program has them, but others of its results."""

    dtype = STRING

    def __init__(self, texts: Any, positions: Any) -> None:
        self.texts, self.positions = texts, positions
        self.shape, self.ndim = positions.shape, positions.ndim

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise UsageError(
            "labels that are texts, which no program computes; compile a function that returns the "
            "other results, as lambda x: net(x)['probabilities']"
        )


def transform_of(facts: Facts) -> str:
    """The attribute post_transform; UsageError for a word that the standard has not."""
    name: str = facts.get("post_transform", "NONE")
    if name not in TRANSFORMS:
        raise UsageError(f"post_transform={name!r}; known are {', '.join(TRANSFORMS)}")
    return name


def transformed(scores: Any, how: str) -> Any:
    """Scores [N, C] by the attribute post_transform."""
    if how == "LOGISTIC":
        return npx.sigmoid(scores)
    if how == "SOFTMAX":
        return npx.softmax(scores, axis=-1)
    if how == "SOFTMAX_ZERO":
        return _softmax_of_others(scores)
    return _probit(scores) if how == "PROBIT" else scores


def _softmax_of_others(scores: Any) -> Any:
    """Softmax of those that are not 0, which stay."""
    top = np.max(scores, axis=-1, keepdims=True)
    counts = np.abs(scores) > ZERO
    parts = np.where(counts, np.exp(scores - top), scores * np.exp(-top))
    total = np.sum(np.where(counts, parts, np.zeros_like(parts)), axis=-1, keepdims=True)
    return parts / total


def _probit(p: Any) -> Any:
    """sqrt(2) * erfinv(2 p - 1), by Winitzki's approximation, as ONNX Runtime has it."""
    x = 2 * p - 1
    log = np.log((1 - x) * (1 + x))
    inner = 2 / (3.14159 * 0.147) + 0.5 * log
    return 1.41421356 * np.sign(x) * np.sqrt(np.sqrt(inner * inner - log / 0.147) - inner)


def both(score: Any, how: str, of_zero: bool) -> Any:
    """The scores [N, 2] of two classes of the second's, [N, 1].

    of_zero: it is about 0, and the first's is the opposite; else it is a probability.
    """
    if how == "PROBIT":
        raise UsageError("post_transform='PROBIT' of one score of two classes is not defined")
    if how == "LOGISTIC":
        return npx.sigmoid(np.concat([-score, score], axis=1))
    return np.concat([-score if of_zero else 1 - score, score], axis=1)


def class_labels(facts: Facts, numbers: str) -> Any:
    """The labels of a classifier's classes: int64, or texts. numbers: the attribute's name."""
    texts = facts.get("classlabels_strings")
    if texts:
        return numpy.array(texts, STRING)
    return numpy.array(facts.get(numbers) or [], numpy.int64)


def labelled(labels: Any, positions: Any) -> Any:
    """The labels at positions that were computed."""
    if labels.dtype.kind == "i":
        return np.take(labels, positions, axis=0)
    if is_traced(positions):
        return Texts(labels, positions)
    return labels[positions]
