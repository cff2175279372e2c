"""Between which numbers the elements of integer arrays are, where the graph tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy

from isthmus.errors import DimensionError
from isthmus.graph.dims import Dim, same
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Constant, Node, Result, Value
from isthmus.graph.shapes import product

__all__ = [
    "MOST_VALUES",
    "Interval",
    "added",
    "bounded",
    "cast",
    "columns",
    "counted",
    "either",
    "every_position",
    "filled",
    "fitting",
    "interval",
    "joined",
    "moved",
    "padded",
    "position",
    "raised",
    "remaining",
    "some",
    "subtracted",
    "where_not_zero",
]


class Interval(NamedTuple):
    """The lowest and highest number there can be; `attained`: unless it is empty there are both.

    >>> from isthmus.extend import Interval
    >>> Interval(0, 9).attained
    False
    """

    lowest: int | Dim
    highest: int | Dim
    attained: bool = False


Known = dict[int, "Interval | None"]  # id of a value -> what is known of it
Rule = Callable[[Node, int, Known], "Interval | None"]

MOST_VALUES = 100  # looked at for one answer: beyond, nothing is known, and a lookup is the host's


def interval(value: Value | None, known: Known | None = None) -> Interval | None:
    """What the graph tells of a value's elements; `known` keeps what was found before.

    >>> import isthmus as im
    >>> from isthmus.extend import interval
    >>> graph = im.trace(lambda x: im.np.argmax(x, axis=0), im.spec("float32", [10])).graph
    >>> interval(graph.outputs[0])
    Interval(lowest=0, highest=9, attained=False)
    """
    found = {} if known is None else known
    if id(value) not in found and len(found) < MOST_VALUES:
        found[id(value)] = None  # counted before those it is made of, which bounds the recursion
        found[id(value)] = _found(value, found)
    return found.get(id(value))


def columns(value: Value | None, count: int) -> list[Interval | None]:
    """What the graph tells of each of `count` columns along the last axis, by itself."""
    if isinstance(value, Constant) and value.array.size and value.array.dtype.kind in "iu":
        lines = value.array.reshape(-1, count).T
        return [Interval(int(line.min()), int(line.max()), True) for line in lines]
    if isinstance(value, Result) and value.node.op.interval is joined:
        parts = [part for part in value.node.operands if part is not None]
        widths = [part.type.shape[-1] for part in parts]
        along = one_axis(value.node.attributes["axis"], value.type.ndim)
        if along == value.type.ndim - 1 and not any(isinstance(width, Dim) for width in widths):
            pairs = zip(parts, map(int, widths), strict=True)
            return [found for part, width in pairs for found in columns(part, width)]
    return [interval(value)] * count


def _found(value: Value | None, known: Known) -> Interval | None:
    if isinstance(value, Constant) and value.array.size and value.array.dtype.kind in "iub":
        return Interval(int(value.array.min()), int(value.array.max()), True)
    if not isinstance(value, Result) or value.type.dtype.kind not in "iub":
        return None
    rule = value.node.op.interval
    found: Interval | None = None if rule is None else rule(value.node, value.index, known)
    return found


# Rules that operators state as their `interval`


def counted(node: Node, _: int, known: Known) -> Interval:
    return Interval(node.attributes["start"], node.attributes["stop"] - 1, True)


def filled(node: Node, _: int, known: Known) -> Interval | None:
    value = node.attributes["fill_value"]
    return Interval(value, value, True) if isinstance(value, int | Dim) else None


def moved(node: Node, _: int, known: Known) -> Interval | None:
    """All elements of the first operand."""
    return interval(node.operands[0], known)


def some(node: Node, _: int, known: Known) -> Interval | None:
    """Some elements of the first operand."""
    whole = interval(node.operands[0], known)
    return whole and whole._replace(attained=False)


def cast(node: Node, _: int, known: Known) -> Interval | None:
    """The same numbers, if the dtype has them."""
    whole = interval(node.operands[0], known)
    return None if whole is None else fitting(whole, node)


def joined(node: Node, _: int, known: Known) -> Interval | None:
    return _union([interval(operand, known) for operand in node.operands])


def either(node: Node, _: int, known: Known) -> Interval | None:
    union = _union([interval(operand, known) for operand in node.operands[1:]])
    return union and union._replace(attained=False)


def _union(parts: list[Interval | None]) -> Interval | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    try:
        low, high = min(part.lowest for part in known), max(part.highest for part in known)
    except DimensionError:
        return None
    return Interval(low, high)


def added(node: Node, _: int, known: Known) -> Interval | None:
    """x + y."""
    left, right = (interval(operand, known) for operand in node.operands)
    return None if left is None or right is None else _sum(left, right, node)


def subtracted(node: Node, _: int, known: Known) -> Interval | None:
    """x - y, which is x + (-y)."""
    left, right = (interval(operand, known) for operand in node.operands)
    if left is None or right is None:
        return None
    return _sum(left, Interval(-right.highest, -right.lowest), node)


def _sum(left: Interval, right: Interval, node: Node) -> Interval | None:
    attained = left.attained and same(right.lowest, right.highest)
    low, high = left.lowest + right.lowest, left.highest + right.highest
    return fitting(Interval(low, high, attained), node)


def fitting(found: Interval, node: Node) -> Interval | None:
    """The interval, unless the result's dtype wraps around in it."""
    dtype = node.results[0].type.dtype
    if dtype.kind not in "iu":
        return None
    limits = numpy.iinfo(dtype)
    ends = [end for end in found[:2] if not isinstance(end, Dim)]
    return found if all(limits.min <= end <= limits.max for end in ends) else None


def remaining(node: Node, _: int, known: Known) -> Interval | None:
    """0 .. n - 1 of a division by n, which is positive or a size."""
    divisor = interval(node.operands[1], known)
    if divisor is None or (not isinstance(divisor.lowest, Dim) and divisor.lowest <= 0):
        return None
    return Interval(0, divisor.highest - 1)


def raised(node: Node, _: int, known: Known) -> Interval | None:
    """maximum(x, low)."""
    parts = [interval(operand, known) for operand in node.operands]
    try:
        low = max(part.lowest for part in parts if part is not None)
    except (DimensionError, ValueError):  # undecided, or nothing is known
        return None
    union = _union(parts)
    return union and Interval(low, union.highest)


def bounded(node: Node, _: int, known: Known) -> Interval | None:
    """minimum(maximum(x, low), high) with constant bounds."""
    bound, inner = interval(node.operands[1], known), node.operands[0]
    whole = interval(inner, known)
    low = whole and whole.lowest
    if low is None and isinstance(inner, Result) and inner.node.op.interval is raised:
        below = interval(inner.node.operands[1], known)
        low = below and below.lowest
    if bound is None or low is None:
        return None
    if isinstance(low, int) and isinstance(bound.lowest, int):
        low = min(low, bound.lowest)
    return Interval(low, bound.highest)


def position(node: Node, _: int, known: Known) -> Interval | None:
    """A position along an axis of the first operand, or in all of it."""
    return _positions_of(node, node.attributes["axis"])


def every_position(node: Node, _: int, known: Known) -> Interval | None:
    found = position(node, 0, known)
    return found and found._replace(attained=True)


def _positions_of(node: Node, axis: int | None) -> Interval | None:
    x = node.operands[0]
    if x is None:
        return None
    shape = x.type.shape
    size = product(shape) if axis is None else shape[one_axis(axis, len(shape))]
    return Interval(0, size - 1)


def where_not_zero(node: Node, index: int, known: Known) -> Interval | None:
    return _positions_of(node, index)


def padded(node: Node, _: int, known: Known) -> Interval | None:
    """Elements of the first operand, in the modes that make no others."""
    even = node.attributes["mode"] in ("reflect", "symmetric", "wrap")
    return moved(node, 0, known) if even and not node.attributes["options"] else None
