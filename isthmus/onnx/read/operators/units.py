"""Activations of which no runtime has a kernel of its own everywhere, and the normalization that
has no weights."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np

from ..facts import Facts, Row, row

__all__ = ["ROWS", "scaled_elu"]

EPSILON = 1e-9  # beside the deviation, in the standard's own function


def celu(facts: Facts, x: Any) -> Any:
    """x above 0, alpha * (exp(x / alpha) - 1) below (Barron 2017, arXiv:1704.07483)."""
    alpha = facts.get("alpha", 1.0)
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0) / alpha) - 1))


def scaled_elu(x: Any, alpha: float, gamma: float) -> Any:
    """gamma * x above 0, gamma * alpha * (exp(x) - 1) below (Klambauer et al. 2017)."""
    return gamma * np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


def selu(facts: Facts, x: Any) -> Any:
    alpha, gamma = (1.6732, 1.0507) if facts.opset < 6 else (1.6732631921768188, 1.0507010221481323)
    return scaled_elu(x, facts.get("alpha", alpha), facts.get("gamma", gamma))


def shrink(facts: Facts, x: Any) -> Any:
    """0 in -lambd .. lambd, else x, nearer to 0 by bias."""
    limit, bias = facts.get("lambd", 0.5), numpy.array(facts.get("bias", 0.0)).astype(x.dtype)
    inner = np.where(x > limit, x - bias, numpy.zeros((), x.dtype))
    return np.where(x < -limit, x + bias, inner)


def thresholded(facts: Facts, x: Any) -> Any:
    return np.where(x > facts.get("alpha", 1.0), x, numpy.zeros((), x.dtype))


def mean_variance(facts: Facts, x: Any) -> Any:
    """(x - mean) / the standard deviation, over some axes."""
    axes = tuple(facts.get("axes", (0, 2, 3)))
    centred = x - np.mean(x, axis=axes, keepdims=True)
    return centred / (np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True)) + EPSILON)


ROWS: dict[str, Row] = {
    "Celu": row(celu),
    "MeanVarianceNormalization": row(mean_variance),
    "Selu": row(selu),
    "Shrink": row(shrink),
    "ThresholdedRelu": row(thresholded),
}
