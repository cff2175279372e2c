"""How often known sequences of tokens are in a text: TfIdfVectorizer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def tf_idf(facts: Facts, x: Any) -> Any:
    """[..., tokens] -> [..., features]: counts, whether there are any, or both, by weights."""
    if x.ndim not in (1, 2):
        raise UsageError(f"x with {x.ndim} axes; it is [tokens] or [texts, tokens]")
    places, counts = facts["ngram_indexes"], []
    for length, grams in _pools(facts):
        if facts["min_gram_length"] <= length <= facts["max_gram_length"]:
            counts.append(_counted(facts, x, grams))
        else:
            counts.append(np.zeros((*x.shape[:-1], len(grams)), dtype=numpy.float32))
    found = _weighted(facts, np.concat(counts, axis=-1))
    return np.take(_with_zero(found), _sources(places), axis=-1)


def _pools(facts: Facts) -> Iterator[tuple[int, Any]]:
    """The length of each kind of n-grams that there are, and those."""
    pool = facts.get("pool_int64s") or facts.get("pool_strings") or []
    starts = [*facts["ngram_counts"], len(pool)]
    for length, (start, stop) in enumerate(pairwise(starts), 1):
        if start > stop or (stop - start) % length:
            raise UsageError(f"ngram_counts={facts['ngram_counts']} of a pool of {len(pool)}")
        if stop > start:
            part = pool[start:stop]
            yield length, [part[i : i + length] for i in range(0, len(part), length)]


def _counted(facts: Facts, x: Any, grams: list[Any]) -> Any:
    """How often each n-gram is in x, its tokens next to each other or some skipped between."""
    length, size = len(grams[0]), x.shape[-1]
    if isinstance(size, Dim):
        raise UsageError(f"{size} tokens; their number has to be known")
    known = _tokens(grams, x.dtype)
    total = np.zeros((*x.shape[:-1], len(grams)), dtype=numpy.float32)
    for step in range(1, 2 if length == 1 else facts["max_skip_count"] + 2):
        count = size - (length - 1) * step
        if count <= 0:
            break
        hit: Any = True
        for i in range(length):
            tokens = np.getitem(x, (..., slice(i * step, i * step + count), None))
            hit = np.logical_and(hit, np.equal(tokens, known[:, i]))
        total = total + np.sum(np.astype(hit, numpy.float32), axis=-2)
    return total


def _tokens(grams: list[Any], dtype: Any) -> Any:
    known = numpy.asarray(grams)
    if dtype.kind == "i" and (known != known.astype(dtype)).any():
        raise UsageError(f"a pool with {numpy.abs(known).max()}, of tokens of {dtype}")
    return known.astype(dtype)


def _weighted(facts: Facts, counts: Any) -> Any:
    mode, weights = facts["mode"], facts.get("weights")
    if mode not in ("IDF", "TF", "TFIDF"):
        raise UsageError(f"mode={mode!r}")
    if mode == "IDF":
        counts = np.astype(counts > 0, numpy.float32)
    if mode == "TF" or not weights:
        return counts
    return counts * numpy.asarray(weights, numpy.float32)


def _with_zero(found: Any) -> Any:
    return np.concat([found, np.zeros((*found.shape[:-1], 1), dtype=numpy.float32)], axis=-1)


def _sources(places: list[int]) -> Any:
    """Which n-gram each feature counts; one after the last for a feature without."""
    found = numpy.full(max(places, default=-1) + 1, len(places), numpy.int32)
    found[list(places)] = numpy.arange(len(places))
    return found


ROWS: dict[str, Row] = {
    "TfIdfVectorizer": row(tf_idf),
}
