"""How right a lower precision is on inputs that are not timed, against float32 by NumPy.

An item is a text or an image: a row of each output. Beside cosine and the greatest error,

    top1_agreement          share of images whose likeliest class is the same
    similarity_correlation  Pearson's, over all pairs of texts, of the cosines of their embeddings
    neighbours_kept         share of texts whose most similar other text is the same
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.benchmarks.work.judged_by import JudgedBy

from .parity import (
    Array,
    OutputSets,
    Pair,
    least_cosine,
    pairs_of,
    relative_error,
    top1_agreement,
)

__all__ = ["accuracy_of"]


def accuracy_of(found: OutputSets, reference: OutputSets, by: JudgedBy) -> dict[str, Any]:
    """The measures that fit, over the sets that were found, the first or all of the reference's.

    UsageError where outputs are not of the reference's shapes.
    """
    reference = reference[: len(found)]
    list(pairs_of(found, reference))
    every = [
        list(zip(_rows(found, output, by), _rows(reference, output, by), strict=True))
        for output in range(len(reference[0]))
    ]
    items = [pair for pairs in every for pair in pairs]
    measures = {
        "max_rel_error": max(relative_error(*pair) for pair in items),
        "cosine": least_cosine(items),
        "top1_agreement": top1_agreement([_stacked(every[0])]) if by.kind == "classes" else None,
        **(_of_similarities(*_stacked(every[0])) if by.kind == "similarities" else {}),
    }
    return {**by.facts, "items": len(every[0]), **measures}


def _rows(sets: OutputSets, output: int, by: JudgedBy) -> list[Array]:
    """An output of each item, without those that fill up the last set."""
    return [row for one in sets for row in one[output]][: by.items]


def _stacked(pairs: Sequence[Pair]) -> Pair:
    """The found and the reference's, a row an item."""
    ours, theirs = zip(*pairs, strict=True)
    return numpy.stack(ours), numpy.stack(theirs)


def _of_similarities(found: Array, reference: Array) -> dict[str, float | None]:
    ours, theirs = _similarities(found), _similarities(reference)
    if not numpy.isfinite(ours).all():
        return {"similarity_correlation": None, "neighbours_kept": 0.0}
    above = numpy.triu_indices(len(theirs), 1)
    kept = [numpy.where(numpy.eye(len(one)), -2, one).argmax(axis=1) for one in (ours, theirs)]
    return {
        "similarity_correlation": float(numpy.corrcoef(ours[above], theirs[above])[0, 1]),
        "neighbours_kept": float((kept[0] == kept[1]).mean()),
    }


def _similarities(rows: Array) -> Array:
    """The cosine of each pair."""
    lengths = numpy.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows.astype(numpy.float64) / numpy.maximum(lengths, 1e-30)
    return numpy.asarray(unit @ unit.T)
