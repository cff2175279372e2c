"""com.microsoft: normalizations as ONNX Runtime fuses them, by what they were fused of."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def _layer_norm(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """The result, the mean and 1 / sqrt(var + epsilon)."""
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(np.square(x - mean), axis=-1, keepdims=True)
    beta = np.zeros_like(gamma) if beta is None else beta
    y = npx.layer_norm(x, gamma, beta, epsilon=epsilon)
    return y, mean, 1 / np.sqrt(variance + epsilon)


def skip_layer_norm(
    facts: Facts, x: Any, skip: Any, gamma: Any, beta: Any = None, bias: Any = None
) -> list[Any]:
    whole = x + skip if bias is None else x + skip + bias
    y, mean, factor = _layer_norm(whole, gamma, beta, facts.get("epsilon", 1e-12))
    return [y, mean, factor, whole]


def simplified_norm(facts: Facts, x: Any, scale: Any) -> list[Any]:
    """x / sqrt(mean of squares + epsilon) * scale, over the axes from `axis` on."""
    epsilon, first = facts.get("epsilon", 1e-5), facts.get("axis", -1) % x.ndim
    axes = tuple(range(first, x.ndim))
    factor = 1 / np.sqrt(np.mean(x * x, axis=axes, keepdims=True) + epsilon)
    if first == x.ndim - 1 and scale.ndim == 1:
        return [npx.rms_norm(x, scale, epsilon=epsilon), factor]
    return [x * factor * scale, factor]


def skip_simplified_norm(
    facts: Facts, x: Any, skip: Any, gamma: Any, bias: Any = None
) -> list[Any]:
    whole = x + skip if bias is None else x + skip + bias
    epsilon = facts.get("epsilon", 1e-12)
    factor = 1 / np.sqrt(np.mean(whole * whole, axis=-1, keepdims=True) + epsilon)
    return [npx.rms_norm(whole, gamma, epsilon=epsilon), None, factor, whole]


def embeddings(
    facts: Facts,
    tokens: Any,
    segments: Any,
    word: Any,
    position: Any,
    segment: Any = None,
    gamma: Any = None,
    beta: Any = None,
    mask: Any = None,
    positions: Any = None,
) -> list[Any]:
    """The sum of the embeddings of words, positions and segments, normalized; then how many
    positions the mask shows, and the sum itself."""
    if positions is None:
        count = tokens.shape[1]
        placed = np.getitem(position, slice(0, count))
    else:
        placed = np.take(position, positions, axis=0)
    whole = np.take(word, tokens, axis=0) + placed
    whole = whole if segments is None else whole + np.take(segment, segments, axis=0)
    y, _, _ = _layer_norm(whole, gamma, beta, facts.get("epsilon", 1e-12))
    if mask is None:
        shown = np.zeros((tokens.shape[0],), numpy.int32)
    else:
        shown = np.astype(np.sum(mask, axis=1), numpy.int32)
    return [y, shown, whole]


ROWS: dict[str, Row] = {
    "SimplifiedLayerNormalization": row(simplified_norm),
    "com.microsoft.EmbedLayerNormalization": row(embeddings),
    "com.microsoft.SkipLayerNormalization": row(skip_layer_norm),
    "com.microsoft.SkipSimplifiedLayerNormalization": row(skip_simplified_norm),
}
