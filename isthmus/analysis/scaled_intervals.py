"""Between which numbers products, quotients and negatives of integer arrays are."""

from __future__ import annotations

from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Node
from isthmus.graph.shapes import product

from .intervals import Interval, Known, fitting, interval

__all__ = ["divided", "multiplied", "negated", "sized", "summed"]

Ends = tuple[int, int]


def _ends(node: Node, position: int, known: Known) -> Ends | None:
    """The lowest and highest number of an operand, where both are numbers."""
    found = interval(node.operands[position], known)
    if found is None or isinstance(found.lowest, Dim) or isinstance(found.highest, Dim):
        return None
    return found.lowest, found.highest


def multiplied(node: Node, _: int, known: Known) -> Interval | None:
    """x * y."""
    left, right = (_ends(node, position, known) for position in (0, 1))
    if left is None or right is None:
        return None
    products = [a * b for a in left for b in right]
    return fitting(Interval(min(products), max(products)), node)


def divided(node: Node, _: int, known: Known) -> Interval | None:
    """x // y of positive y; one more where it is rounded towards 0 instead of down."""
    whole, divisor = (_ends(node, position, known) for position in (0, 1))
    if whole is None or divisor is None or divisor[0] <= 0:
        return None
    ends = [n // d for n in whole for d in divisor]
    return fitting(Interval(min(ends), max(ends) + 1), node)


def negated(node: Node, _: int, known: Known) -> Interval | None:
    """-x."""
    found = _ends(node, 0, known)
    return None if found is None else fitting(Interval(-found[1], -found[0]), node)


def sized(node: Node, _: int, known: Known) -> Interval | None:
    """|x|."""
    found = _ends(node, 0, known)
    if found is None:
        return None
    low = 0 if found[0] <= 0 <= found[1] else min(map(abs, found))
    return fitting(Interval(low, max(map(abs, found))), node)


def summed(node: Node, _: int, known: Known) -> Interval | None:
    """The sum of some elements along axes, of which there are at most as many as in x."""
    (x,), found = node.operands, _ends(node, 0, known)
    assert x is not None
    if found is None or not x.type.is_static:
        return None
    count = int(product(x.type.shape))
    return fitting(Interval(min(0, found[0] * count), max(0, found[1] * count)), node)
