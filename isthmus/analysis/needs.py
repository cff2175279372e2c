"""Sizes that must not be negative for a node to be what was inferred: rules operators state."""

from __future__ import annotations

from isthmus.graph.dims import Dim
from isthmus.graph.indexing import requirements
from isthmus.graph.infer import axes_of
from isthmus.graph.nodes import Node

__all__ = ["not_empty", "slices_in_range"]

Needs = list[tuple["int | Dim", str]]  # a size, and what it is of


def slices_in_range(node: Node) -> Needs:
    """Of `x[index]`: each named bound is inside its axis."""
    (x,) = node.operands
    return [] if x is None else requirements(x.type.shape, node.attributes["index"])


def not_empty(node: Node) -> Needs:
    """Of a reduction for which NumPy raises where there is nothing to reduce."""
    (x,) = node.operands
    if x is None:
        return []
    reduced = axes_of(node.attributes["axis"], x.type.ndim)
    return [(x.type.shape[axis] - 1, "of an empty axis") for axis in reduced]
