"""The figures of a candidate's outputs: our own, and the user's metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph import tree

from .accuracy import Accuracy
from .agreement import Figures, agreement, check_alike

__all__ = ["figures_of"]

OutputSets = Sequence[Sequence[Any]]


def figures_of(
    found: OutputSets,
    reference: OutputSets,
    result: Any,
    accuracy: Accuracy,
    judged: Callable[[OutputSets], OutputSets] = lambda outputs: outputs,
) -> Figures:
    """result: how the program nests its outputs. judged: what of them our own figures are of; the
    metric has all. UsageError for a metric that gives no number.
    """
    check_alike(found, reference)
    figures = agreement(judged(found), judged(reference))
    if accuracy.metric is None:
        return figures
    nested = ([tree.rebuild(result, one) for one in outputs] for outputs in (reference, found))
    value = accuracy.metric(*nested)
    try:
        return replace(figures, metric=float(value))
    except (TypeError, ValueError):
        raise UsageError(f"accuracy: the metric gave {value!r}; return one number") from None
