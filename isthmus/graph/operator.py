"""An operator's facts: what whoever reads a graph may ask of it, stated where it is defined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Operator"]

Rule = Callable[..., Any]


@dataclass(eq=False, kw_only=True, repr=False)
class Operator:
    """A NumPy body, and how types, casts, gradients, costs and bounds follow.

    infer: `(*types, **attributes) -> types of the results`; None for a composite.
    promote: `(*types and scalars) -> dtypes` that operands are cast to before a node is recorded,
        so that backends see NumPy's promotion done.
    vjp: `(g, y, *operands, **attributes) -> gradients by the operands`.
    zero_gradient: it is constant between jumps.
    settled: `(*types, **attributes)` gives attributes the form they are recorded in.
    operations: `(operand types, result types, attributes) -> count`; else one an element.
    interval: `(node, index, known) -> Interval` of a result's integers, see `analysis.intervals`.
    needs: `(node) -> [(size, what it is of)]`: sizes that must not be negative for the node to be
        what was inferred.
    may_raise: for some values it raises; a loop that may have no steps does not compute it before.
    looks_up: it takes elements of the first operand at the integers of the second, and raises for
        those outside unless its attribute `mode` says otherwise.
    host_only: why no runtime computes it as NumPy does.
    view: NumPy's result shares memory with the first operand.
    variadic: it takes its operands as one list.
    discovers: a size of the results depends on values; the attribute `size` names it.
    cast_to: the attribute with a dtype that operands are cast to before, if it is given.
    chooses: one of its bodies is run.
    masked: `(op, x, where, initial, attributes)`: what a call with `where=` or `initial=` is made
        of, which are no attributes of its nodes.
    slices: the attribute that says of how many leading operands each step takes a slice.

    >>> from isthmus import np
    >>> np.floor.zero_gradient, np.take.looks_up, np.add.may_raise
    (True, True, False)
    """

    name: str
    body: Callable[..., Any]
    infer: Rule | None = None
    promote: Rule | None = None
    vjp: Rule | None = None
    zero_gradient: bool = False
    settled: Rule | None = None
    operations: Rule | None = None
    interval: Rule | None = None
    needs: Rule | None = None
    may_raise: bool = True
    looks_up: bool = False
    host_only: str | None = None
    view: bool = False
    variadic: bool = False
    discovers: bool = False
    cast_to: str | None = None
    chooses: bool = False
    masked: Rule | None = None
    slices: str | None = None

    @property
    def is_composite(self) -> bool:
        """Whether it is made of other operators."""
        return self.infer is None

    def __repr__(self) -> str:
        return self.name
