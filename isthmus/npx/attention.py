"""Attention (Vaswani et al. 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math
from typing import Any

from isthmus import np
from isthmus.trace.op import composite

from .activation import softmax

__all__ = [
    "scaled_dot_product_attention",
]


@composite
def scaled_dot_product_attention(q: Any, k: Any, v: Any, mask: Any = None, /) -> Any:
    """softmax(q @ k.T / sqrt(D) + mask) @ v (Vaswani et al. 2017, arXiv:1706.03762).

    q: [..., S, D], k: [..., T, D], v: [..., T, E] -> [..., S, E]; float, of one dtype. mask is
    added to the scores: 0 where a position may be seen and a large negative number where not, [...,
    S, T] or what broadcasts to it. Raises DimensionError if sizes do not fit (NumPy arrays:
    ValueError).

    >>> from isthmus import np, npx
    >>> q, k = np.asarray([[1.0, 0.0]]), np.asarray([[1.0, 0.0], [1.0, 0.0]])
    >>> npx.scaled_dot_product_attention(q, k, np.asarray([[2.0], [4.0]]))
    array([[3.]])
    >>> npx.scaled_dot_product_attention(q, k, np.asarray([[2.0], [4.0]]), np.asarray([0.0, -1e9]))
    array([[2.]])
    """
    scores = np.matmul(q * (1 / math.sqrt(q.shape[-1])), np.matrix_transpose(k))
    return np.matmul(softmax(scores if mask is None else scores + mask), v)
