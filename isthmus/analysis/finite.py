"""Whether an array can hold an infinity or a NaN, where the graph tells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy

from isthmus.graph.nodes import Constant, Result, Value

from .intervals import Rule, either, joined, moved, some

__all__ = ["is_finite"]

# Operators that state one of these rules take all their elements from these operands.
TAKEN_FROM: Mapping[Rule, slice] = {
    moved: slice(0, 1),
    some: slice(0, 1),
    joined: slice(None),
    either: slice(1, None),
}


def is_finite(value: Value | None) -> bool:
    """Whether every element is a number: of constants, and of what moves or selects among them.

    >>> import isthmus as im
    >>> from isthmus.analysis.finite import is_finite
    >>> graph = im.trace(lambda x: im.np.where(x, 0.0, -1e9), im.spec("bool", ["n"])).graph
    >>> is_finite(graph.outputs[0]), is_finite(graph.inputs[0])
    (True, False)
    """
    if isinstance(value, Constant):
        return bool(numpy.isfinite(value.array).all())
    rule = value.node.op.interval if isinstance(value, Result) else None
    if not isinstance(value, Result) or rule is None or rule not in TAKEN_FROM:
        return False
    return all(map(is_finite, value.node.operands[TAKEN_FROM[rule]]))
