"""Losses of classes, [N, C, ...], and their targets, [N, ...]."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def negative_log_likelihood(facts: Facts, x: Any, target: Any, weight: Any = None) -> Any:
    """-x at the target, times the weight of its class; 0 where it is ignore_index."""
    ignored = facts.get("ignore_index")
    counts = None if ignored is None else np.not_equal(target, numpy.asarray(ignored, target.dtype))
    if counts is not None:
        target = np.where(counts, target, numpy.zeros((), target.dtype))
    loss = -np.squeeze(np.take_along_axis(x, np.expand_dims(target, 1), axis=1), axis=1)
    factor = None if weight is None else np.take(weight, target, axis=0)
    if counts is not None:
        zero = numpy.zeros((), x.dtype)
        loss = np.where(counts, loss, zero)
        factor = np.astype(counts, x.dtype) if factor is None else np.where(counts, factor, zero)
    return _reduced(facts.get("reduction", "mean"), loss, factor)


def _reduced(how: str, loss: Any, factor: Any) -> Any:
    loss = loss if factor is None else loss * factor
    if how == "none":
        return loss
    if how == "sum":
        return np.sum(loss)
    if how != "mean":
        raise UsageError(f"reduction={how!r}; known are mean, none and sum")
    return np.mean(loss) if factor is None else np.sum(loss) / np.sum(factor)


def cross_entropy(facts: Facts, x: Any, target: Any, weight: Any = None) -> list[Any]:
    """The loss of the logarithm of softmax over axis 1, and that."""
    logarithm = npx.log_softmax(x, axis=1)
    return [negative_log_likelihood(facts, logarithm, target, weight), logarithm]


ROWS: dict[str, Row] = {
    "NegativeLogLikelihoodLoss": row(negative_log_likelihood),
    "SoftmaxCrossEntropyLoss": row(cross_entropy),
}
