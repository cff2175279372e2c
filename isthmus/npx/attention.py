"""Attention (Vaswani et al. 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math
from typing import Any

from isthmus import np
from isthmus.trace.op import composite

from .activation import softmax


@composite
def scaled_dot_product_attention(q: Any, k: Any, v: Any, mask: Any = None, /) -> Any:
    """softmax(q @ k.T / sqrt(D) + mask) @ v.

    q: [..., S, D], k and v: [..., T, D]; mask is added to the scores: 0 where a position
    may be seen and a large negative number where not, [..., S, T] or what broadcasts to it.
    """
    scores = np.matmul(q * (1 / math.sqrt(q.shape[-1])), np.matrix_transpose(k))
    return np.matmul(softmax(scores if mask is None else scores + mask), v)
