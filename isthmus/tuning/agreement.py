"""How far the outputs of a candidate are from the reference's, over all samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus.errors import UsageError

__all__ = ["Figures", "Mismatch", "agreement", "check_alike"]

Array = numpy.ndarray[Any, Any]
OutputSets = Sequence[Sequence[Array]]

TINY = 1e-30  # a reference of nothing but zeros is compared absolutely


class Mismatch(UsageError):
    """Outputs that are not as many, or of other shapes."""


@dataclass(frozen=True)
class Figures:
    """relative_error: the largest max |a - b| / max |b| of an output. cosine: the least of an item.
    top1: the share of rows whose largest element is at the same place, None without rows.
    spoilt: elements that are NaN or infinite in one of the two alone; the others are left to them.
    """

    relative_error: float
    cosine: float
    top1: float | None
    spoilt: int
    samples: int
    metric: float | None = None


def agreement(found: OutputSets, reference: OutputSets) -> Figures:
    """The figures of outputs, a sequence of arrays for each sample. Raises Mismatch.

    An item is a row of the first axis, all of it in line; of outputs with fewer than two axes, or
    of one number an item, the whole output. Of a single number the cosine says nothing, and
    1 - |a - b| / max(|a|, |b|) stands for it; of integers and truth values the share of equal ones.

    >>> import numpy
    >>> agreement([[numpy.array([[3.0, 4.1]])]], [[numpy.array([[3.0, 4.0]])]]).top1
    1.0
    """
    pairs = list(_pairs(found, reference))
    parts = [_compared(*pair) for pair in pairs]
    ranked = [same for part in parts for same in part.same]
    return Figures(
        relative_error=max((part.error for part in parts), default=0.0),
        cosine=min((part.cosine for part in parts), default=1.0),
        top1=sum(ranked) / len(ranked) if ranked else None,
        spoilt=sum(part.spoilt for part in parts),
        samples=len(reference),
    )


@dataclass(frozen=True)
class _Part:
    """One output of one sample; same: for each row whether its largest is at the same place."""

    error: float
    cosine: float
    same: list[bool]
    spoilt: int


def _compared(found: Array, reference: Array) -> _Part:
    if not reference.size:
        return _Part(0.0, 1.0, [], 0)
    if reference.dtype.kind in "biuSU":
        equal = found == reference
        return _Part(_error(found, reference), float(equal.mean()), equal.ravel().tolist(), 0)
    a, b = _wide(found), _wide(reference)
    whole = numpy.isfinite(a) & numpy.isfinite(b)
    alike = whole | (a == b) | (numpy.isnan(a) & numpy.isnan(b))
    a, b = (numpy.where(whole, each, 0.0) for each in (a, b))
    same = [] if reference.ndim == 0 else _same_places(found, reference)
    return _Part(_error(a, b), _least_cosine(a, b), same, int((~alike).sum()))


def _wide(array: Array) -> Array:
    """As float64; complex numbers as pairs."""
    if array.dtype.kind == "c":
        wide = numpy.ascontiguousarray(array, numpy.complex128)
        return wide.view(numpy.float64).reshape(*array.shape, 2)
    return array.astype(numpy.float64, copy=False)


def _error(found: Array, reference: Array) -> float:
    if reference.dtype.kind in "SU":
        return float((found != reference).any())
    a, b = (each.astype(numpy.float64, copy=False) for each in (found, reference))
    return float(numpy.abs(a - b).max() / max(float(numpy.abs(b).max()), TINY))


def _least_cosine(a: Array, b: Array) -> float:
    a, b = (_items(each) for each in (a, b))
    size = numpy.maximum(numpy.abs(a), numpy.abs(b)).max(axis=1, keepdims=True)
    a, b = (each / numpy.where(size == 0, 1.0, size) for each in (a, b))  # no square is too large
    if a.shape[1] == 1:
        return float((1 - numpy.abs(a - b)).min())
    squares = (a * a).sum(axis=1) * (b * b).sum(axis=1)
    cosines = (a * b).sum(axis=1) / numpy.sqrt(numpy.maximum(squares, TINY))
    both_zero = ~(a.any(axis=1) | b.any(axis=1))
    return float(numpy.where(both_zero, 1.0, cosines).min())


def _items(array: Array) -> Array:
    if array.ndim < 2:
        return array.reshape(1, -1)
    rows = array.reshape(len(array), -1)
    return rows if rows.shape[1] > 1 else rows.reshape(1, -1)


def _same_places(found: Array, reference: Array) -> list[bool]:
    """Of rows of the last axis; one of a single element ranks nothing."""
    if reference.shape[-1] < 2 or reference.dtype.kind == "c":
        return []
    same = found.argmax(axis=-1) == reference.argmax(axis=-1)
    return [bool(each) for each in numpy.ravel(same)]


def check_alike(found: OutputSets, reference: OutputSets) -> None:
    """Raises Mismatch where the outputs are not as many, or of other shapes."""
    for _ in _pairs(found, reference):
        pass


def _pairs(found: OutputSets, reference: OutputSets) -> Iterator[tuple[Array, Array]]:
    if len(found) != len(reference):
        raise Mismatch(f"{len(found)} results where the reference has {len(reference)}")
    for ours, theirs in zip(found, reference, strict=True):
        if len(ours) != len(theirs):
            raise Mismatch(f"{len(ours)} outputs where the reference has {len(theirs)}")
        for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if a.shape != b.shape:
                raise Mismatch(
                    f"output {place} is {list(a.shape)}, the reference's {list(b.shape)}"
                )
            yield a, b
