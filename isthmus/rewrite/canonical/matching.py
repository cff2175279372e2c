"""Whether a value is computed by a formula, and of what.

A formula's inputs stand for any value, those without axes for a constant of one element. Factors
and terms match in any order; what they match, and the axis, is the same wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isthmus.graph.nodes import Graph, Input, Node, Value

from .views import EITHER_ORDER, Call, Product, Sum, Views, alike, close, number_of

__all__ = ["Bound", "Match", "matched", "uses_of"]

AXIS = "axis"
Part = tuple[Value, float]


@dataclass(frozen=True)
class Bound:
    """What a formula's inputs stand for, by name, the axis as "axis"; and the nodes it covers."""

    values: Mapping[str, Any]
    nodes: tuple[Node, ...]
    composites: tuple[Node, ...]  # of the nodes: those that runtimes have a kernel for

    def having(self, name: str, value: Any) -> Bound:
        return Bound({**self.values, name: value}, self.nodes, self.composites)

    def over(self, nodes: Sequence[Node], composites: Sequence[Node] = ()) -> Bound:
        return Bound(self.values, (*self.nodes, *nodes), (*self.composites, *composites))


NOTHING = Bound({}, (), ())


def uses_of(graph: Graph) -> dict[int, int]:
    """How often each value is read, by its id: by operands, and as an output."""
    found: dict[int, int] = {}
    read = [value for node in graph.nodes() for value in node.needs if value is not None]
    for value in (*read, *graph.outputs):
        found[id(value)] = found.get(id(value), 0) + 1
    return found


def matched(formula: Value, views: Views, value: Value, others: Views) -> Bound | None:
    """What the formula's inputs stand for in the value; None where it is not the formula.

    views: of the formula's graph. others: of the value's.
    """
    return next(Match(views, others).match(formula, value, NOTHING), None)


class Match:
    """The ways in which parts of a formula match parts of a graph."""

    def __init__(self, views: Views, others: Views) -> None:
        self.views = views
        self.others = others

    def match(self, p: Value, t: Value, bound: Bound) -> Iterator[Bound]:
        """All ways in which the formula p is the value t, given what is bound."""
        if isinstance(p, Input):
            yield from _bind(p, t, bound)
            return
        number = number_of(p)
        if number is not None:
            found = number_of(t)
            if found is not None and close(number, found):
                yield bound
            return
        match self.views(p), self.others(t):
            case Product() as one, Product() as two:
                yield from self._product(one, two, bound)
            case Sum() as one, Sum() as two:
                yield from self._sum(one, two, bound)
            case Call() as one, Call() as two:
                yield from self._call(one, two, bound)

    def _product(self, p: Product, t: Product, bound: Bound) -> Iterator[Bound]:
        if not close(p.number, t.number) or len(p.factors) != len(t.factors):
            return
        wanted = [(values[0], power) for values, power in p.factors]
        given = [(values, power) for values, power in t.factors]
        yield from self._parts(wanted, given, bound.over(t.nodes))

    def _sum(self, p: Sum, t: Sum, bound: Bound) -> Iterator[Bound]:
        """A number among the formula's inputs is the number of the sum."""
        wanted = [(value, float(sign)) for sign, value in p.terms]
        numbers = [value for value, _ in wanted if _is_number(value)]
        terms = [part for part in wanted if not _is_number(part[0])]
        if len(terms) != len(t.terms):
            return
        if not numbers and not close(p.number, t.number):
            return
        for number in numbers:
            bound = bound.having(_name(number), t.number)
        given = [((value,), float(sign)) for sign, value in t.terms]
        yield from self._parts(terms, given, bound.over(t.nodes))

    def _parts(
        self, wanted: Sequence[Part], given: Sequence[tuple[tuple[Value, ...], float]], bound: Bound
    ) -> Iterator[Bound]:
        """Parts in any order, of the same power or sign; those that are any value come last."""
        if not wanted:
            yield bound
            return
        first, *rest = sorted(wanted, key=lambda part: isinstance(part[0], Input))
        for at, (values, power) in enumerate(given):
            if power == first[1]:
                others = [*given[:at], *given[at + 1 :]]
                for found in self._each(first[0], values, bound):
                    yield from self._parts(rest, others, found)

    def _each(self, p: Value, values: Sequence[Value], bound: Bound) -> Iterator[Bound]:
        """All of the values, which are one computed several times."""
        if not values:
            yield bound
            return
        for found in self.match(p, values[0], bound):
            yield from self._each(p, values[1:], found)

    def _call(self, p: Call, t: Call, bound: Bound) -> Iterator[Bound]:
        if p.op is not t.op or len(p.operands) != len(t.operands):
            return
        if dict(p.attributes) != dict(t.attributes):
            return
        if (p.axes is None) != (t.axes is None):
            return
        if t.axes is not None:
            if len(t.axes) != 1 or bound.values.get(AXIS, t.axes[0]) != t.axes[0]:
                return
            bound = bound.having(AXIS, t.axes[0])
        bound = bound.over(t.nodes, t.composites)
        orders = [t.operands, t.operands[::-1]] if p.op in EITHER_ORDER else [t.operands]
        for operands in orders:
            yield from self._operands(p.operands, operands, bound)

    def _operands(
        self, wanted: Sequence[Value | None], given: Sequence[Value | None], bound: Bound
    ) -> Iterator[Bound]:
        if not wanted:
            yield bound
            return
        p, t = wanted[0], given[0]
        if p is None or t is None:
            if p is t:
                yield from self._operands(wanted[1:], given[1:], bound)
            return
        for found in self.match(p, t, bound):
            yield from self._operands(wanted[1:], given[1:], found)


def _is_number(value: Value) -> bool:
    return isinstance(value, Input) and not value.type.ndim


def _name(value: Value) -> str:
    assert isinstance(value, Input)
    return value.name


def _bind(p: Input, t: Value, bound: Bound) -> Iterator[Bound]:
    """The value under the input's name, where it is the same as before, if there was one."""
    if _is_number(p):
        number = number_of(t)
        if number is not None and bound.values.get(p.name, number) == number:
            yield bound.having(p.name, number)
        return
    if p.name not in bound.values:
        yield bound.having(p.name, t)
    elif alike(bound.values[p.name], t):
        yield bound
