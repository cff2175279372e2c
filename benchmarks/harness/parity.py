"""How far a variant's outputs are from the reference's. An output set: the outputs of one call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError

__all__ = [
    "Array",
    "OutputSets",
    "Pair",
    "compared",
    "cosine",
    "least_cosine",
    "pairs_of",
    "relative_error",
    "top1_agreement",
]

Array = numpy.ndarray[Any, Any]
OutputSets = Sequence[Sequence[Array]]
Pair = tuple[Array, Array]

FEWEST_CLASSES = 10  # of fewer columns the largest is no class among many
TINY = 1e-30  # a reference of nothing but zeros is compared absolutely


def compared(found: OutputSets, reference: OutputSets, classes: bool = False) -> dict[str, Any]:
    """The greatest relative error, the least cosine, top-1 agreement, and how many sets there were.

    classes: whether outputs [N, classes] rank classes; otherwise the agreement is None. Raises
    UsageError where the outputs are not as many, or not of the same shapes, as the reference's.
    """
    pairs = list(pairs_of(found, reference))
    if not pairs:
        raise UsageError("parity: there are no outputs to compare; give at least one set")
    return {
        "max_rel_error": max(relative_error(*pair) for pair in pairs),
        "cosine": least_cosine(pairs),
        "top1_agreement": top1_agreement(pairs) if classes else None,
        "samples": len(reference),
    }


def relative_error(found: Array, reference: Array) -> float:
    """max |found - reference| / max |reference|; inf for a NaN or an infinity of one alone.

    Elements that are equal, NaN and infinities too, are no error and no measure of size.
    """
    a, b = (array.astype(numpy.float64, copy=False) for array in (found, reference))
    differs = ~((a == b) | (numpy.isnan(a) & numpy.isnan(b)))
    if not differs.any():
        return 0.0
    size = numpy.abs(b[numpy.isfinite(b)]).max(initial=TINY)
    with numpy.errstate(invalid="ignore", over="ignore"):
        error = float(numpy.abs(a - b)[differs].max() / size)
    return error if math.isfinite(error) else math.inf


def cosine(found: Array, reference: Array) -> float | None:
    """a.b / (|a| |b|) of the flattened arrays; 1 for two of zeros, None if not all is finite."""
    a, b = (array.astype(numpy.float64, copy=False).ravel() for array in (found, reference))
    if not (numpy.isfinite(a).all() and numpy.isfinite(b).all()):
        return None
    lengths = [float(numpy.linalg.norm(array)) for array in (a, b)]
    if not any(lengths):
        return 1.0
    return float(a @ b) / max(lengths[0] * lengths[1], TINY)


def least_cosine(pairs: Sequence[Pair]) -> float | None:
    """The least over the outputs; None if one has none."""
    found = [cosine(*pair) for pair in pairs]
    known = [value for value in found if value is not None]
    return min(known) if len(known) == len(found) else None


def top1_agreement(pairs: Sequence[Pair]) -> float | None:
    """The share of rows whose largest element is at the same place; None if nothing has rows."""
    ranked = [pair for pair in pairs if _ranks(pair[1])]
    if not ranked:
        return None
    agreeing = [a.argmax(axis=-1) == b.argmax(axis=-1) for a, b in ranked]
    return float(numpy.concatenate(agreeing).mean())


def _ranks(array: Array) -> bool:
    return array.ndim == 2 and array.shape[1] >= FEWEST_CLASSES and len(array) > 0


def pairs_of(found: OutputSets, reference: OutputSets) -> Iterator[Pair]:
    """Each output beside the reference's; UsageError where they are no pairs."""
    if len(found) != len(reference):
        raise UsageError(
            f"parity: {len(found)} sets of outputs, the reference has {len(reference)}"
        )
    for number, (ours, theirs) in enumerate(zip(found, reference, strict=True)):
        if len(ours) != len(theirs):
            raise UsageError(f"parity: {len(ours)} outputs, the reference has {len(theirs)}")
        for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if a.shape != b.shape:
                raise UsageError(
                    f"parity: output {place} of set {number} is {list(a.shape)}, "
                    f"the reference's is {list(b.shape)}"
                )
            yield a, b
