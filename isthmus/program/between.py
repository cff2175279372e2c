"""A few numbers between what the host computes: they stay there.

Sizes that a program computes go from one node to another, some of which a runtime takes and some
of which it does not: integers of 64 bits are the host's, the float that they are multiplied by is
not. Each change of place costs more than the numbers do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from isthmus.graph.nodes import Node, Result, Value

__all__ = ["REASON", "with_those_between"]

FEW = 8  # elements: as many as an array has axes
REASON = "it makes a few numbers of what the host computes, for the host"

Reasons = dict[int, str | None]  # by id of the node: why the host has it, or None


def with_those_between(nodes: Sequence[Node], reasons: Mapping[int, str | None]) -> Reasons:
    """The reasons, and one for each node of a few numbers that lies between the host's: all it
    reads of other nodes is made there, and something that reads it is there."""
    reading: set[int] = set()
    for node in nodes:
        if reasons[id(node)] is None and _is_small(node):
            makers = [value.node for value in node.needs if isinstance(value, Result)]
            if makers and all(
                reasons[id(maker)] is not None or id(maker) in reading for maker in makers
            ):
                reading.add(id(node))
    found, wanted = dict(reasons), set[int]()
    for node in reversed(nodes):
        if id(node) in reading and id(node) in wanted:
            found[id(node)] = REASON
        if found[id(node)] is not None:
            wanted.update(id(value.node) for value in node.needs if isinstance(value, Result))
    return found


def _is_small(node: Node) -> bool:
    values = [value for value in (*node.operands, *node.results) if value is not None]
    plain = not (node.bodies or node.precision or node.discovered is not None)
    return plain and all(map(_is_few, values))


def _is_few(value: Value) -> bool:
    sizes = [size for size in value.type.shape if isinstance(size, int)]
    return len(sizes) == len(value.type.shape) <= 1 and math.prod(sizes) <= FEW
