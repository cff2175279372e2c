"""Attention with heads, caches and masks, and the rotation of positions."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim

from ..facts import Facts, Row, row
from .attention_masks import biased, masks, padded, seen_by_position, weighted

__all__ = ["ROWS"]

HALF_BYTES = 2  # of floats that are computed in float32
BARE, CAPPED, MASKED, WEIGHTS = range(4)  # what the fourth result is: `qk_matmul_output_mode`


def attention(
    facts: Facts,
    q: Any,
    k: Any,
    v: Any,
    mask: Any = None,
    past_k: Any = None,
    past_v: Any = None,
    lengths: Any = None,
) -> list[Any]:
    """softmax(q @ k.T * scale + mask) @ v of each head: [N, heads, S, D], or [N, S, heads * D]."""
    if (past_k is None) != (past_v is None) or (past_k is not None and lengths is not None):
        raise UsageError("past_key and past_value go together, without nonpad_kv_seqlen")
    is_flat = q.ndim == 3
    q, k, v = _heads(facts, q, k, v)
    offset: Any = 0
    if past_k is not None:
        offset = past_k.shape[2]
        k, v = np.concat([past_k, k], axis=2), np.concat([past_v, v], axis=2)
    present = [k, v]
    k, v = (_repeated(part, q.shape[1]) for part in (k, v))
    dtype = q.dtype
    if dtype.itemsize == HALF_BYTES:
        q, k, v = (np.astype(part, numpy.float32) for part in (q, k, v))
    y, shown = (
        None if found is None else np.astype(found, dtype, copy=False)
        for found in _attended(facts, q, k, v, mask, offset, lengths)
    )
    if is_flat:
        y = np.permute_dims(y, (0, 2, 1, 3))
        y = np.reshape(y, (*y.shape[:2], y.shape[2] * y.shape[3]))
    return [y, *present, shown]


def _heads(facts: Facts, *arrays: Any) -> list[Any]:
    """[N, S, heads * D] -> [N, heads, S, D]."""
    if any(array.ndim != arrays[0].ndim for array in arrays) or arrays[0].ndim not in (3, 4):
        raise UsageError("give query, key and value all three or four axes")
    if arrays[0].ndim == 4:
        return list(arrays)
    of_q, of_kv = facts.get("q_num_heads"), facts.get("kv_num_heads")
    if not of_q or not of_kv:
        raise UsageError("q_num_heads and kv_num_heads are needed for arrays of three axes")
    counts = (of_q, of_kv, of_kv)
    return [_split(array, count) for array, count in zip(arrays, counts, strict=True)]


def _split(x: Any, heads: int) -> Any:
    batch, steps, width = x.shape
    if isinstance(width, int) and width % heads:
        raise UsageError(f"{width} channels are not divisible by {heads} heads")
    return np.permute_dims(np.reshape(x, (batch, steps, heads, width // heads)), (0, 2, 1, 3))


def _repeated(x: Any, heads: Any) -> Any:
    """Keys or values for each head of the queries, several of which share one."""
    own = x.shape[1]
    if isinstance(own, Dim) or isinstance(heads, Dim) or own == heads:
        return x
    if heads % own:
        raise UsageError(f"{heads} heads of queries are not divisible by {own} of keys")
    return np.repeat(x, heads // own, axis=1)


def _attended(
    facts: Facts, q: Any, k: Any, v: Any, mask: Any, offset: Any, lengths: Any
) -> tuple[Any, Any]:
    """The result, and what `qk_matmul_output_mode` says."""
    mode = facts.get("qk_matmul_output_mode", BARE)
    if mode not in range(4):
        raise UsageError(f"qk_matmul_output_mode={mode}; it is 0 to 3")
    kept = seen_by_position(facts, q, k, offset, lengths)
    kept, added = masks(padded(facts, mask, k.shape[2]), kept)
    bare = np.matmul(q * _scale(facts, q), np.matrix_transpose(k))
    cap = facts.get("softcap", 0.0)
    capped = np.tanh(bare / cap) * cap if cap else bare
    weights = weighted(facts, capped, kept, added)
    y = np.matmul(weights, v)
    if not facts.gives(3):
        return y, None
    if mode == MASKED:
        return y, biased(capped, kept, added, -math.inf)
    return y, {BARE: bare, CAPPED: capped, WEIGHTS: weights}[mode]


def _scale(facts: Facts, q: Any) -> Any:
    scale = facts.get("scale")
    if scale is not None:
        return scale
    if isinstance(q.shape[-1], Dim):
        return 1 / np.sqrt(np.full((), q.shape[-1], q.dtype))
    return 1 / math.sqrt(q.shape[-1])


def rotary_embedding(facts: Facts, x: Any, cos: Any, sin: Any, positions: Any = None) -> Any:
    """Pairs of channels turned by the angle of their position (Su et al. 2021, arXiv:2104.09864).

    x: [N, heads, S, D], or [N, S, heads * D]; cos, sin: [places, D/2], or [N, S, D/2].
    """
    is_flat = x.ndim == 3
    heads = facts.get("num_heads", 0)
    if is_flat and not heads:
        raise UsageError("num_heads is needed for an array of three axes")
    rows = _split(x, heads) if is_flat else x
    width = facts.get("rotary_embedding_dim", 0) or rows.shape[-1]
    if positions is not None:
        cos, sin = (np.take(table, positions, axis=0) for table in (cos, sin))
    cos, sin = (np.expand_dims(table, 1) for table in (cos, sin))
    if isinstance(width, int) and (width % 2 or cos.shape[-1] != width // 2):
        raise UsageError(f"{width} channels are rotated by {cos.shape[-1]} angles")
    turned = _turned(np.getitem(rows, (..., slice(None, width))), cos, sin, facts)
    rest = np.getitem(rows, (..., slice(width, None)))
    y = np.concat([turned, rest], axis=-1) if width != rows.shape[-1] else turned
    if not is_flat:
        return y
    y = np.permute_dims(y, (0, 2, 1, 3))
    return np.reshape(y, (*y.shape[:2], y.shape[2] * y.shape[3]))


def _turned(x: Any, cos: Any, sin: Any, facts: Facts) -> Any:
    if not facts.get("interleaved", 0):
        a, b = np.split(x, 2, axis=-1)
        return np.concat([cos * a - sin * b, sin * a + cos * b], axis=-1)
    a, b = (np.getitem(x, (..., slice(start, None, 2))) for start in (0, 1))
    both = np.stack([cos * a - sin * b, sin * a + cos * b], axis=-1)
    return np.reshape(both, x.shape)


ROWS: dict[str, Row] = {
    "Attention": row(attention),
    "RotaryEmbedding": row(rotary_embedding),
}
