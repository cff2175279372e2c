"""The figures of a candidate's outputs: our own, and the user's metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph import tree

from .accuracy import Accuracy
from .agreement import Figures, agreement

__all__ = ["figures_of"]


def figures_of(
    found: Sequence[Sequence[Any]],
    reference: Sequence[Sequence[Any]],
    result: Any,
    accuracy: Accuracy,
) -> Figures:
    """result: how the program nests its outputs. UsageError for a metric that gives no number."""
    figures = agreement(found, reference)
    if accuracy.metric is None:
        return figures
    nested = ([tree.rebuild(result, one) for one in outputs] for outputs in (reference, found))
    value = accuracy.metric(*nested)
    try:
        return replace(figures, metric=float(value))
    except (TypeError, ValueError):
        raise UsageError(f"accuracy: the metric gave {value!r}; return one number") from None
