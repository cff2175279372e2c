"""Attention (Vaswani et al. 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus import np
from isthmus.analysis.finite import is_finite
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.trace.op import composite
from isthmus.trace.recording import as_value

from .precision import in_float32
from .softmax import largest, softmax

__all__ = [
    "scaled_dot_product_attention",
]


@composite
@in_float32
def scaled_dot_product_attention(q: Any, k: Any, v: Any, mask: Any = None, /) -> Any:
    """softmax(q @ k.T / sqrt(D) + mask) @ v (Vaswani et al. 2017, arXiv:1706.03762).

    q: [..., S, D], k: [..., T, D], v: [..., T, E] -> [..., S, E]; float, of one dtype. mask: [...,
    S, T] or what broadcasts to it; of truth values, True where a position may be seen, or of floats
    added to the scores: 0, and a large negative number or -inf where not. A row that sees no
    position is 0, as in torch. Half precision is computed in float32. Raises UsageError for a mask
    of integers, which could mean either; DimensionError if sizes do not fit (NumPy arrays:
    ValueError).

    >>> from isthmus import np, npx
    >>> q, k = np.asarray([[1.0, 0.0]]), np.asarray([[1.0, 0.0], [1.0, 0.0]])
    >>> v = np.asarray([[2.0], [4.0]])
    >>> npx.scaled_dot_product_attention(q, k, v)
    array([[3.]])
    >>> npx.scaled_dot_product_attention(q, k, v, np.asarray([True, False]))
    array([[2.]])
    >>> npx.scaled_dot_product_attention(q, k, v, np.asarray([0.0, -1e9]))
    array([[2.]])
    """
    scores = np.matmul(q * _scale(q), np.matrix_transpose(k))
    if mask is None:
        return np.matmul(softmax(scores), v)
    mask = np.asarray(mask)
    if mask.dtype.kind not in "bf":
        raise UsageError(
            f"a mask of {mask.dtype}; give truth values, as mask != 0 are, or floats to add"
        )
    if mask.dtype.kind == "f" and is_finite(as_value(mask)):  # no row sees nothing
        return np.matmul(softmax(scores + mask), v)
    masked, seen = _masked(scores, mask)
    return np.matmul(softmax(masked), v) * np.astype(seen, v.dtype)


def _scale(q: Any) -> Any:
    """1 / sqrt(D)"""
    width = q.shape[-1]
    if not isinstance(width, Dim):
        return 1 / math.sqrt(width) if width else 1.0
    return 1 / np.sqrt(np.full((), width, q.dtype))


def _masked(scores: Any, mask: Any) -> tuple[Any, Any]:
    """The scores, finite where nothing is seen too, and which rows see something: [..., S, 1]."""
    least = numpy.finfo(scores.dtype).min
    if mask.dtype.kind == "b":
        return np.where(mask, scores, least), _row_wise(np.any, mask)
    return scores + np.maximum(mask, least), _row_wise(largest, mask) > -math.inf


def _row_wise(reduction: Any, mask: Any) -> Any:
    """Over the last axis, which stays; a mask without axes is one for all."""
    return reduction(mask, axis=-1, keepdims=True) if mask.ndim else mask
