"""What a value is, whichever way it is written: a product, a sum, or a call.

`a / np.sqrt(v) * g`, `g * (a * v ** -0.5)` and `a * (1 / np.sqrt(v)) * g` are one product of
powers; `a - b + 2` and `2 + (a - b)` one sum; a mean may keep its axis or get it back by an index.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from isthmus import np
from isthmus.graph.dims import Dim
from isthmus.graph.infer import axes_of
from isthmus.graph.nodes import Constant, Node, Result, Type, Value
from isthmus.graph.operator import Operator
from isthmus.graph.shapes import product, same_shape
from isthmus.trace.op import OPERATORS

__all__ = ["Call", "Factor", "Product", "Sum", "View", "Views", "alike", "close", "number_of"]

MOST_PARTS = 6  # of a product or a sum; no formula has more, and long chains are many
MOST_NODES = 12  # that are taken apart for one
ALIKE_DEPTH = 4  # nodes that two values are compared through
PRECISION = 1e-6  # relative, of constants: a few roundings to float32

MOVING = (np.expand_dims, OPERATORS["np.reshape"], OPERATORS["np.getitem"])
SYNONYMS: Mapping[Operator, Operator] = {OPERATORS["npx.largest"]: np.max}
EITHER_ORDER = (np.maximum, np.minimum)
WHOLE_POWERS = (-3, -2, -1, 1, 2, 3)
HALF_POWERS = (-0.5, 0.5)


class Factor(NamedTuple):
    """A power; values are all alike, the same computed more than once."""

    values: tuple[Value, ...]
    power: float


@dataclass
class Product:
    """number * factor**power * ..."""

    number: float = 1.0
    factors: list[Factor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)  # that are multiplied, not their operands


@dataclass
class Sum:
    """number + sign * term + ..."""

    number: float = 0.0
    terms: list[tuple[int, Value]] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)


@dataclass
class Call:
    """Any other operator; axes are counted from the last one, a reduction keeps its axes or not."""

    op: Operator
    operands: tuple[Value | None, ...]
    axes: tuple[int, ...] | None
    attributes: Mapping[str, Any]
    nodes: list[Node]
    composites: list[Node] = field(default_factory=list)


View = Product | Sum | Call


def number_of(value: Value | None) -> float | None:
    """The number that a constant of one element is."""
    if (
        not isinstance(value, Constant)
        or value.array.size != 1
        or value.array.dtype.kind not in "fi"
    ):
        return None
    return float(value.array.reshape(())[()])


def close(x: float, y: float) -> bool:
    """Whether two numbers may be roundings of one."""
    return abs(x - y) <= PRECISION * max(abs(x), abs(y))


def alike(x: Value | None, y: Value | None, depth: int = ALIKE_DEPTH) -> bool:
    """Whether two values are the same array, computed once or twice."""
    if x is y:
        return True
    if isinstance(x, Constant) and isinstance(y, Constant):
        number = number_of(x)
        return x.array is y.array or (number is not None and number == number_of(y))
    if not (isinstance(x, Result) and isinstance(y, Result)) or not depth:
        return False
    one, two = x.node, y.node
    if one.op is not two.op or x.index != y.index or one.bodies or one.discovered is not None:
        return False
    if len(one.operands) != len(two.operands) or not x.type.same(y.type):
        return False
    if not _same_attributes(one.attributes, two.attributes):
        return False
    return all(alike(a, b, depth - 1) for a, b in zip(one.operands, two.operands, strict=True))


def _same_attributes(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    """Whether all are equal, and plain: arrays are not compared."""
    return not any(hasattr(part, "shape") for part in one.values()) and repr(one) == repr(two)


class Views:
    """The views of a graph's values; `uses` counts who reads each, its outputs included."""

    def __init__(self, uses: Mapping[int, int]) -> None:
        self.uses = uses
        self._known: dict[int, View | None] = {}

    def __call__(self, value: Value) -> View | None:
        """None for an input or a constant, and for what has too many parts for any formula."""
        if id(value) not in self._known:
            self._known[id(value)] = self._viewed(value)
        return self._known[id(value)]

    def _viewed(self, value: Value) -> View | None:
        if not isinstance(value, Result):
            return None
        node = value.node
        if node.op in (np.add, np.subtract):
            return self._sum(value)
        if node.op in _POWERS and _powers(node) is not None:
            found = self._product(value)
            return self._mean(found) or found
        return self._kept_axis(node) or _call(node, node.operands, node.results[0].type, [])

    # Sums

    def _sum(self, value: Result) -> Sum | None:
        found = Sum()
        self._add(found, value, 1, top=True)
        return found if len(found.terms) <= MOST_PARTS else None

    def _add(self, found: Sum, value: Value, sign: int, *, top: bool = False) -> None:
        number = number_of(value)
        if number is not None:
            found.number += sign * number
            return
        if len(found.terms) > MOST_PARTS:
            return
        node = self._inner(value, top) if len(found.nodes) < MOST_NODES else None
        if node is None or node.op not in (np.add, np.subtract, np.negative):
            found.terms.append((sign, value))
            return
        found.nodes.append(node)
        first, *second = node.operands
        assert first is not None
        self._add(found, first, -sign if node.op is np.negative else sign)
        for other in second:
            assert other is not None
            self._add(found, other, -sign if node.op is np.subtract else sign)

    def _inner(self, value: Value, top: bool) -> Node | None:
        """The node of a value that nothing else reads, so that it may be taken apart."""
        if not isinstance(value, Result) or (not top and self.uses.get(id(value), 0) != 1):
            return None
        return value.node

    # Products

    def _product(self, value: Result) -> Product | None:
        found = Product()
        self._multiply(found, value, 1, top=True)
        return found if len(found.factors) <= MOST_PARTS else None

    def _multiply(self, found: Product, value: Value, power: int, *, top: bool = False) -> None:
        number = number_of(value)
        if number is not None and (number or power > 0):
            found.number *= _raised(number, power)
            return
        if len(found.factors) > MOST_PARTS:
            return
        node = self._inner(value, top) if len(found.nodes) < MOST_NODES else None
        powers = None if node is None or node.op not in _POWERS else _powers(node)
        if node is None or powers is None:
            _add_factor(found, value, power)
            return
        found.nodes.append(node)
        found.number *= (-1) ** power if node.op is np.negative else 1
        for operand, own in zip(node.operands, powers, strict=False):
            assert operand is not None
            if own in HALF_POWERS:
                _add_factor(found, operand, own * power)
            else:
                self._multiply(found, operand, int(own) * power)

    def _mean(self, found: Product | None) -> Call | None:
        """A sum divided by how many there are."""
        if found is None or len(found.factors) != 1:
            return None
        ((total, *_), power) = found.factors[0]
        node = self._inner(total, top=False) if power == 1 else None
        view = self(total) if node is not None and node.op in (np.sum, *MOVING) else None
        if not isinstance(view, Call) or view.op is not np.sum or view.axes is None:
            return None
        (x,) = view.operands
        assert x is not None
        count = product(x.type.shape[axis] for axis in view.axes)
        if isinstance(count, Dim) or not close(found.number * count, 1):
            return None
        return Call(np.mean, view.operands, view.axes, view.attributes, found.nodes + view.nodes)

    # Calls

    def _kept_axis(self, node: Node) -> Call | None:
        """A reduction that gets its axis back by an index or a reshape."""
        inner = self._inner(node.operands[0], top=False) if node.op in MOVING else None  # type: ignore[arg-type]
        if inner is None or "keepdims" not in inner.attributes or inner.attributes["keepdims"]:
            return None
        return _call(inner, inner.operands, node.results[0].type, [node])


def _raised(number: float, power: int) -> float:
    try:
        return float(number**power)
    except OverflowError:
        return math.inf


def _powers(node: Node) -> tuple[float, ...] | None:
    """The power of each operand in a node that multiplies; None for a power that is not known."""
    if node.op is not np.pow:
        return _POWERS[node.op]
    exponent = number_of(node.operands[1])
    return (exponent,) if exponent in (*WHOLE_POWERS, *HALF_POWERS) else None


_POWERS: Mapping[Operator, tuple[float, ...]] = {
    np.divide: (1, -1),
    np.multiply: (1, 1),
    np.negative: (1,),
    np.pow: (),
    np.reciprocal: (-1,),
    np.sqrt: (0.5,),
    np.square: (2,),
}


def _add_factor(found: Product, value: Value, power: float) -> None:
    """One more factor; whole powers of one sign of the same value are one factor."""
    for at, (values, known) in enumerate(found.factors):
        is_whole = power == int(power) and known == int(known)
        if is_whole and power * known > 0 and alike(values[0], value):
            found.factors[at] = Factor((*values, value), known + power)
            return
    found.factors.append(Factor((value,), power))


def _call(
    node: Node, operands: tuple[Value | None, ...], kept: Type, around: list[Node]
) -> Call | None:
    """The call with its axes counted from the last; None for a reduction that drops them."""
    composites = [node] if node.expansion else []
    attributes = {key: part for key, part in node.attributes.items() if part is not None}
    if len(node.results) != 1 or node.bodies or operands == ():
        return None
    x = operands[0]
    assert x is not None
    op = SYNONYMS.get(node.op, node.op)
    if "dtype" in attributes and attributes["dtype"] == x.type.dtype:
        del attributes["dtype"]
    axes = None
    if "keepdims" in attributes:
        reduced = axes_of(attributes.pop("axis", None), x.type.ndim)
        shape = tuple(1 if at in reduced else size for at, size in enumerate(x.type.shape))
        if attributes.pop("keepdims") is not True and not (
            around and same_shape(shape, kept.shape)
        ):
            return None
        axes = tuple(axis - x.type.ndim for axis in reduced)
    elif isinstance(attributes.get("axis"), int):
        axes = ((attributes.pop("axis") % max(x.type.ndim, 1)) - x.type.ndim,)
    return Call(op, operands, axes, attributes, [*around, node], composites)
