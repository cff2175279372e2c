"""Activations, and softmax as it was before and since opset 13."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.graph.shapes import product

from ..facts import Facts, Row, plain, row

__all__ = ["ROWS"]


def clip(facts: Facts, x: Any, low: Any = None, high: Any = None) -> Any:
    low = facts.get("min") if low is None else low
    high = facts.get("max") if high is None else high
    known = tuple(_number(bound) for bound in (low, high))
    if known in ((0, 6), (0, None)) and x.dtype.kind == "f":
        return npx.relu6(x) if known[1] else npx.relu(x)
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _number(bound: Any) -> Any:
    """A bound that is known; "" for one that is computed."""
    if bound is None or isinstance(bound, float):
        return bound
    return bound.item() if isinstance(bound, numpy.ndarray | numpy.generic) else ""


def gelu(facts: Facts, x: Any) -> Any:
    return npx.gelu(x, approximate=facts.get("approximate", "none") == "tanh")


def hard_sigmoid(facts: Facts, x: Any) -> Any:
    alpha, beta = facts.get("alpha", 0.2), facts.get("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return npx.hard_sigmoid(x)
    return np.clip(x * alpha + beta, 0, 1)


def parametric_relu(facts: Facts, x: Any, slope: Any) -> Any:
    if slope.ndim == 1 and facts.opset < 7 and slope.shape[0] != 1:
        slope = np.reshape(slope, (-1, *(1,) * (x.ndim - 2)))
    return np.where(x < 0, slope * x, x)


def softmax(facts: Facts, x: Any) -> Any:
    return _over_rest(facts, x, npx.softmax)


def log_softmax(facts: Facts, x: Any) -> Any:
    return _over_rest(facts, x, npx.log_softmax)


def hardmax(facts: Facts, x: Any) -> Any:
    return _over_rest(facts, x, _one_where_largest)


def _one_where_largest(x: Any, axis: int) -> Any:
    first = np.expand_dims(np.argmax(x, axis=axis), axis)
    count = np.reshape(np.arange(x.shape[axis]), (-1, *(1,) * (x.ndim - axis % x.ndim - 1)))
    return np.astype(np.equal(count, first), x.dtype)


def _over_rest(facts: Facts, x: Any, function: Any) -> Any:
    """Along an axis; before opset 13 over all axes from `axis` on."""
    if facts.opset >= 13:
        return function(x, axis=facts.get("axis", -1))
    axis = facts.get("axis", 1)
    if axis in (-1, x.ndim - 1):
        return function(x, axis=-1)
    flat = np.reshape(x, (*x.shape[:axis], product(x.shape[axis:])))
    return np.reshape(function(flat, axis=-1), x.shape)


ROWS: dict[str, Row] = {
    "Clip": row(clip),
    "Elu": row(lambda facts, x: npx.elu(x, alpha=facts.get("alpha", 1.0))),
    "Gelu": row(gelu),
    "HardSigmoid": row(hard_sigmoid),
    "HardSwish": plain(npx.hard_swish),
    "Hardmax": row(hardmax),
    "LeakyRelu": row(lambda facts, x: npx.leaky_relu(x, slope=facts.get("alpha", 0.01))),
    "LogSoftmax": row(log_softmax),
    "Mish": plain(npx.mish),
    "PRelu": row(parametric_relu),
    "Relu": plain(npx.relu),
    "Sigmoid": plain(npx.sigmoid),
    "Softmax": row(softmax),
    "Softplus": plain(lambda x: np.logaddexp(x, 0)),
    "Softsign": plain(lambda x: x / (1 + np.abs(x))),
    "Tanh": plain(np.tanh),
}
