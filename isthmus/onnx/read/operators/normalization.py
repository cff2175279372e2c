"""Normalizations by what was learned or is seen in the array."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def batch_norm(facts: Facts, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    """By running statistics; where it trains by those of x, and the running ones moved there."""
    epsilon = facts.get("epsilon", 1e-5)
    if not facts.get("training_mode", 0):
        if facts.gives(1):
            raise UsageError("its results besides the first are of a training")
        return npx.batch_norm(x, scale, bias, mean, variance, epsilon=epsilon)
    axes, keeps = (0, *range(2, x.ndim)), facts.get("momentum", 0.9)
    of_x = np.mean(x, axis=axes)
    shape = (-1, *(1,) * (x.ndim - 2))
    centred = x - np.reshape(of_x, shape)
    spread = np.mean(centred * centred, axis=axes)
    y = npx.batch_norm(x, scale, bias, of_x, spread, epsilon=epsilon)
    return [y, mean * keeps + of_x * (1 - keeps), variance * keeps + spread * (1 - keeps)]


def layer_norm(facts: Facts, x: Any, scale: Any, bias: Any = None) -> Any:
    """Over the axes from `axis` on."""
    first, epsilon = facts.get("axis", -1) % x.ndim, facts.get("epsilon", 1e-5)
    is_one = first == x.ndim - 1 and scale.ndim == 1
    if is_one and bias is not None and not facts.gives(1) and not facts.gives(2):
        return npx.layer_norm(x, scale, bias, epsilon=epsilon)
    axes = tuple(range(first, x.ndim))
    mean = np.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    factor = 1 / np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + epsilon)
    y = centred * factor * scale
    return [y if bias is None else y + bias, mean, factor]


def group_norm(facts: Facts, x: Any, scale: Any, bias: Any) -> Any:
    """Before opset 21 scale and bias are one number a group, since then one a channel."""
    groups = facts["num_groups"]
    if facts.opset < 21:
        each = (groups, x.shape[1] // groups)
        scale, bias = (
            np.reshape(np.broadcast_to(np.expand_dims(one, 1), each), (-1,))
            for one in (scale, bias)
        )
    return npx.group_norm(x, scale, bias, groups=groups, epsilon=facts.get("epsilon", 1e-5))


def instance_norm(facts: Facts, x: Any, scale: Any, bias: Any) -> Any:
    return npx.instance_norm(x, scale, bias, epsilon=facts.get("epsilon", 1e-5))


def rms_norm(facts: Facts, x: Any, scale: Any) -> Any:
    """Over the axes from `axis` on, in float32 or wider; the result has the scale's type."""
    first, epsilon = facts.get("axis", -1) % x.ndim, facts.get("epsilon", 1e-5)
    if first == x.ndim - 1 and scale.ndim == 1:
        return np.astype(npx.rms_norm(x, scale, epsilon=epsilon), scale.dtype, copy=False)
    wide = np.astype(x, numpy.result_type(x.dtype, numpy.float32), copy=False)
    mean = np.mean(wide * wide, axis=tuple(range(first, x.ndim)), keepdims=True)
    return np.astype(wide / np.sqrt(mean + epsilon) * scale, scale.dtype, copy=False)


def lp_norm(facts: Facts, x: Any) -> Any:
    axis, p = facts.get("axis", -1), facts.get("p", 2)
    if p == 1:
        size = np.sum(np.abs(x), axis=axis, keepdims=True)
    else:
        size = np.sqrt(np.sum(x * x, axis=axis, keepdims=True))
    return np.where(size == 0, x, x / np.where(size == 0, np.ones_like(size), size))


def local_response(facts: Facts, x: Any) -> Any:
    """x / (bias + alpha / size * sum of squares of `size` channels around) ** beta."""
    size, alpha = facts["size"], facts.get("alpha", 1e-4)
    before, after = (size - 1) // 2, size // 2
    widths = [(0, 0), (before, after), *[(0, 0)] * (x.ndim - 2)]
    padded, channels = np.pad(x * x, widths), x.shape[1]
    total = sum(np.getitem(padded, (slice(None), slice(i, i + channels))) for i in range(size))
    return x / (total * (alpha / size) + facts.get("bias", 1.0)) ** facts.get("beta", 0.75)


ROWS: dict[str, Row] = {
    "BatchNormalization": row(batch_norm),
    "GroupNormalization": row(group_norm),
    "InstanceNormalization": row(instance_norm),
    "LRN": row(local_response),
    "LayerNormalization": row(layer_norm),
    "LpNormalization": row(lp_norm),
    "RMSNormalization": row(rms_norm),
}
