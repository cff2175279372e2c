"""Nodes that do nothing: the position of the operand that their result is, or None. Operators
state which of these rules is theirs."""

from __future__ import annotations

from isthmus.graph.dims import Dim, same
from isthmus.graph.indexing import plan
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Node
from isthmus.graph.shapes import same_shape

__all__ = ["in_order", "of_one_type", "only_part", "whole_slices"]


def of_one_type(node: Node) -> int | None:
    """Where elements keep their order and value, and only the type may change."""
    (x,) = node.operands
    return 0 if x is not None and x.type.same(node.results[0].type) else None


def in_order(node: Node) -> int | None:
    """Of a permutation: each axis stays."""
    axes, (x,) = node.attributes["axes"], node.operands
    if x is None:
        return None
    count = x.type.ndim
    order = reversed(range(count)) if axes is None else (one_axis(axis, count) for axis in axes)
    return 0 if list(order) == list(range(count)) else None


def whole_slices(node: Node) -> int | None:
    """Of `x[index]`: slices forwards of as many elements as there are."""
    (x,) = node.operands
    if x is None or not same_shape(x.type.shape, node.results[0].type.shape):
        return None
    parts = plan(node.attributes["index"], x.type.ndim)
    forwards = all(part.step is None or part.step > 0 for part in parts.slices.values())
    return 0 if forwards and not parts.removed and not parts.added else None


def only_part(node: Node) -> int | None:
    """Of a concatenation: one array, or all others are empty."""
    parts = [value.type.shape for value in node.operands if value is not None]
    along = one_axis(node.attributes["axis"], len(parts[0]))
    filled = [at for at, shape in enumerate(parts) if not _is_empty(shape[along])]
    if len(filled) > 1:
        return None
    return filled[0] if filled else 0


def _is_empty(size: int | Dim) -> bool:
    return same(size, 0)
