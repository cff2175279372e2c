"""Where the queries of an attention may look, and their weights."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from ..facts import Facts
from .types import dtype_of

__all__ = ["biased", "masks", "padded", "seen_by_position", "weighted"]


def seen_by_position(facts: Facts, q: Any, k: Any, offset: Any, lengths: Any) -> Any:
    """Where a query may look by its position, as truth values; None for everywhere."""
    left, right = (facts.get(f"{side}_window_size", -1) for side in ("left", "right"))
    if left < -1 or right < -1:
        raise UsageError(f"left_window_size={left}, right_window_size={right}; give -1 or more")
    keys, rows = (np.arange(x.shape[2], dtype=numpy.int32) for x in (k, q))
    kept = []
    if lengths is not None:
        ends = np.reshape(np.astype(lengths, numpy.int32), (-1, 1, 1, 1))
        kept, offset = [keys < ends], ends - q.shape[2]
    ahead = keys - (np.reshape(rows, (-1, 1)) + offset)
    if facts.get("is_causal", 0):
        kept.append(ahead <= 0)
    if left >= 0:
        kept.append(ahead >= -left)
    if right >= 0:
        kept.append(ahead <= right)
    return _all(kept)


def _all(truths: list[Any]) -> Any:
    found = None
    for truth in truths:
        found = truth if found is None else np.logical_and(found, truth)
    return found


def padded(facts: Facts, mask: Any, keys: Any) -> Any:
    """A mask for fewer keys than there are hides the others, since opset 24."""
    own = None if mask is None else mask.shape[-1]
    if facts.opset < 24 or not isinstance(own, int) or (isinstance(keys, int) and own >= keys):
        return mask
    filler = False if mask.dtype == numpy.bool_ else -math.inf
    widths = [(0, 0)] * (mask.ndim - 1) + [(0, keys - own)]
    return np.pad(mask, widths, constant_values=filler)


def masks(mask: Any, kept: Any) -> tuple[Any, Any]:
    """Where a query may look, and what is added; None for neither."""
    if mask is None:
        return kept, None
    if mask.dtype == numpy.bool_:
        return _all([mask] if kept is None else [kept, mask]), None
    if mask.dtype.kind != "f":
        raise UsageError(f"attn_mask of {mask.dtype}; it is of truth values or floats")
    return kept, mask


def biased(scores: Any, kept: Any, added: Any, hidden: float) -> Any:
    """The scores with the mask, `hidden` where a query may not look."""
    if added is not None:
        scores = scores + np.maximum(added, numpy.asarray(hidden, scores.dtype))
    if kept is None:
        return scores
    return np.where(kept, scores, numpy.asarray(hidden, scores.dtype))


def weighted(facts: Facts, scores: Any, kept: Any, added: Any) -> Any:
    """softmax over the keys; 0 for a query that may look nowhere."""
    dtype = scores.dtype
    if facts.get("softmax_precision"):
        scores = np.astype(scores, dtype_of(facts["softmax_precision"]), copy=False)
        added = None if added is None else np.astype(added, scores.dtype, copy=False)
    least = float(numpy.finfo(scores.dtype).min)
    weights = npx.softmax(biased(scores, kept, added, least))
    seen = kept
    if added is not None:
        finite = added > -math.inf
        seen = finite if kept is None else np.logical_and(kept, finite)
    if seen is not None:
        some = np.any(seen, axis=-1, keepdims=True)
        weights = np.where(some, weights, numpy.zeros((), weights.dtype))
    return np.astype(weights, dtype, copy=False)
