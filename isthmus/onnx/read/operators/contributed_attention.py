"""com.microsoft: attention as ONNX Runtime fuses it, by what it was fused of."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, same

from ..facts import Facts, Row, row
from .contributed_integers import matmul_to_floats

__all__ = ["ROWS"]


def attention(
    facts: Facts,
    x: Any,
    weight: Any,
    bias: Any = None,
    mask: Any = None,
    past: Any = None,
    added: Any = None,
    past_length: Any = None,
) -> list[Any]:
    """Of x @ weight + bias, which is query, key and value side by side: [B, S, C]."""
    _refuse_unknown(facts, do_rotary=0, past_present_share_buffer=0)
    whole = np.matmul(x, weight)
    return _of_whole(facts, whole if bias is None else whole + bias, mask, past, added)


def quantized_attention(
    facts: Facts,
    x: Any,
    weight: Any,
    bias: Any,
    x_scale: Any,
    weight_scale: Any,
    mask: Any = None,
    x_zero: Any = None,
    weight_zero: Any = None,
    past: Any = None,
) -> list[Any]:
    """The same of integers of eight bits."""
    _refuse_unknown(facts, do_rotary=0, past_present_share_buffer=0)
    whole = matmul_to_floats(x, weight, x_scale, weight_scale, x_zero, weight_zero, bias)
    return _of_whole(facts, whole, mask, past, None)


def _refuse_unknown(facts: Facts, **usual: Any) -> None:
    for name, value in usual.items():
        if facts.get(name, value) != value:
            raise UsageError(f"{name}={facts[name]!r} is not known")


def _of_whole(facts: Facts, whole: Any, mask: Any, past: Any, added: Any) -> list[Any]:
    width, count = whole.shape[2], facts["num_heads"]
    sizes = facts.get("qkv_hidden_sizes") or [width // 3] * 3
    q, k, v = np.split(whole, [sizes[0], sizes[0] + sizes[1]], axis=2)
    q, k, v = (_heads(one, count) for one in (q, k, v))
    if past is not None:
        k = np.concat([np.getitem(past, 0), k], axis=2)
        v = np.concat([np.getitem(past, 1), v], axis=2)
    found = [_attended(facts, q, k, v, mask, added)]
    return [*found, np.stack([k, v])] if facts.gives(1) else found


def many_heads(
    facts: Facts,
    q: Any,
    k: Any = None,
    v: Any = None,
    bias: Any = None,
    mask: Any = None,
    added: Any = None,
    past_k: Any = None,
    past_v: Any = None,
    *further: Any,
) -> list[Any]:
    """Of query, key and value, each [B, S, C]; key and value may be [B, N, S, D]."""
    if k is None or v is None or q.ndim != 3:
        raise UsageError("query, key and value packed in one array are not known")
    if any(one is not None for one in further) or facts.gives(3):
        raise UsageError("a cache that is written to, and scores as a result, are not known")
    count = facts["num_heads"]
    if bias is not None:
        ends = (q.shape[2], q.shape[2] * 2)
        parts = np.split(bias, list(ends))
        q, k, v = (
            one + b if one.ndim == 3 else one for one, b in zip((q, k, v), parts, strict=True)
        )
    q, k, v = (_heads(one, count) if one.ndim == 3 else one for one in (q, k, v))
    if past_k is not None:
        k, v = np.concat([past_k, k], axis=2), np.concat([past_v, v], axis=2)
    return [_attended(facts, q, k, v, mask, added), k, v]


def _heads(x: Any, count: int) -> Any:
    """[B, S, N D] -> [B, N, S, D]"""
    batch, steps, width = x.shape
    return np.permute_dims(np.reshape(x, (batch, steps, count, width // count)), (0, 2, 1, 3))


def _attended(facts: Facts, q: Any, k: Any, v: Any, mask: Any, added: Any) -> Any:
    """[B, S, N D]: softmax(q @ k.T * scale + mask + added) @ v"""
    scale = facts.get("scale", 0.0) or 1 / math.sqrt(q.shape[3])
    scores = np.matmul(q * scale, np.matrix_transpose(k))
    if mask is not None:
        scores = scores + _shown(facts, mask, q.shape[0], k.shape[2])
    if added is not None:
        scores = scores + added
    if facts.get("unidirectional", 0):
        scores = np.where(_before(q.shape[2], k.shape[2]), scores, numpy.finfo(q.dtype).min)
    y = np.permute_dims(np.matmul(npx.softmax(scores, axis=-1), v), (0, 2, 1, 3))
    batch, steps, heads, width = y.shape
    return np.reshape(y, (batch, steps, heads * width))


def _shown(facts: Facts, mask: Any, batch: Any, total: Any) -> Any:
    """A mask as numbers to add. [B]: how many positions are shown; [B, (S,) T]: 1 for those."""
    low = numpy.float32(facts.get("mask_filter_value", -10000.0))
    if mask.ndim == 1:
        if not same(mask.shape[0], batch):
            raise UsageError(f"a mask of shape {tuple(mask.shape)} for {batch} items: where they "
                             "begin is not known; give one of 0 and 1, [B, T]")  # fmt: skip
        shown = np.arange(total) < np.reshape(mask, (-1, 1))
    elif mask.ndim < 4:
        shown = mask > 0
    else:
        raise UsageError(f"a mask of {mask.ndim} axes is not known")
    shown = np.reshape(shown, _with_heads(tuple(shown.shape)))
    return np.where(shown, numpy.float32(0), low)


def _with_heads(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return (shape[0], 1, 1, shape[1]) if len(shape) == 2 else (shape[0], 1, *shape[1:])


def _before(steps: int | Dim, total: int | Dim) -> Any:
    """[S, T]: whether a position is at or before a step; the steps are the last of all."""
    at = np.reshape(np.arange(steps), (-1, 1)) + (total - steps)
    return np.arange(total) <= at


def rotated(facts: Facts, x: Any, positions: Any, cosines: Any, sines: Any) -> Any:
    """Pairs of elements of a head turned by the angle of their position (Su et al. 2021)."""
    _refuse_unknown(facts, is_packed_batching=0, scale=1.0)
    heads = facts.get("num_heads", 0)
    by_head = x.ndim == 4
    if not by_head and facts.get("rotary_embedding_dim", 0) and not heads:
        raise UsageError("rotary_embedding_dim of arrays [B, S, C] needs num_heads")
    width = 2 * cosines.shape[1]
    y = x if by_head else _heads(x, heads or x.shape[2] // width)
    if positions.ndim == 1:  # of the first step
        positions = np.reshape(positions, (-1, 1)) + np.arange(y.shape[2])
    at = np.astype(positions, numpy.int64, copy=False)
    cosine, sine = (np.expand_dims(np.take(t, at, axis=0), 1) for t in (cosines, sines))
    turned, rest = np.split(y, [width], axis=3)
    found = np.concat([_turned(turned, cosine, sine, facts.get("interleaved", 0)), rest], axis=3)
    if by_head:
        return found
    batch, steps, _ = x.shape
    return np.reshape(np.permute_dims(found, (0, 2, 1, 3)), (batch, steps, x.shape[2]))


def _turned(x: Any, cosine: Any, sine: Any, interleaved: int) -> Any:
    """The two of a pair lie beside each other, or in the halves."""
    if interleaved:
        pairs = np.reshape(x, (*x.shape[:3], x.shape[3] // 2, 2))
        first, second = (np.getitem(pairs, (..., i)) for i in (0, 1))
        both = [first * cosine - second * sine, first * sine + second * cosine]
        return np.reshape(np.stack(both, axis=-1), x.shape)
    first, second = np.split(x, 2, axis=3)
    return np.concat([first * cosine - second * sine, first * sine + second * cosine], axis=3)


ROWS: dict[str, Row] = {
    "com.microsoft.Attention": row(attention),
    "com.microsoft.MultiHeadAttention": row(many_heads),
    "com.microsoft.QAttention": row(quantized_attention),
    "com.microsoft.RotaryEmbedding": row(rotated),
}
