"""An operator's facts: what whoever reads a graph may ask of it, stated where it is defined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from isthmus.errors import UsageError

from .dims import Dim
from .kernel import Kernel
from .shapes import evaluate

__all__ = ["FOLLOWS", "FULL", "LOW", "PARTS", "Addition", "Operator"]

Rule = Callable[..., Any]

LOW, FULL, FOLLOWS, PARTS = "low", "full", "follows", "parts"

THIN = 64  # elements of a matrix product that is computed as dot products, not in blocks


class Addition(NamedTuple):
    """How many `terms` are added to each element of a result, and the most that a kernel of float32
    should: one that adds more in one line loses more digits than NumPy, which adds in pairs.

    sides: rows and columns of a matrix product, whose lines are long only if it is thin.
    """

    terms: int | Dim
    most: int
    sides: tuple[int | Dim, int | Dim] = (1, 1)

    def names(self) -> set[str]:
        """The names of the sizes that decide whether it is long; none where no size makes it so."""
        sizes = (self.terms, *self.sides)
        if not isinstance(self.terms, Dim) and self.terms <= self.most:
            return set()
        return {name for size in sizes if isinstance(size, Dim) for name in size.names()}

    def is_long(self, sizes: Mapping[str, int]) -> bool:
        """Whether a kernel should not add that many, for these sizes of the names."""
        if evaluate(self.terms, sizes) <= self.most:
            return False
        rows, columns = (evaluate(size, sizes) for size in self.sides)
        return 1 in (rows, columns) or rows * columns <= THIN


@dataclass(eq=False, kw_only=True, repr=False)
class Operator:
    """A NumPy body, and how types, casts, gradients, costs and bounds follow.

    infer: `(*types, **attributes) -> types of the results`; None for a composite.
    promote: `(*types and scalars) -> dtypes` that operands are cast to before a node is recorded,
        so that backends see NumPy's promotion done.
    vjp: `(g, y, *operands, **attributes) -> gradients by the operands`.
    zero_gradient: it is constant between jumps.
    settled: `(*types, **attributes)` gives attributes the form they are recorded in.
    adds: `(node) -> Addition or None`: the long sums in it.
    in_stages: `(*operands, **attributes)`: the same results by sums of bounded length; of a
        composite without it, its parts.
    is_standard: `(node) -> bool`, of a composite: whether it is the operation that runtimes have
        under its name; else they are given its parts. Without it, always.
    operations: `(operand types, result types, attributes) -> count`; else one an element.
    interval: `(node, index, known) -> Interval` of a result's integers, see `analysis.intervals`.
    unchanged: `(node) -> position` of the operand that the only result is, as of a transpose that
        leaves each axis in its place; None where the node does something.
    needs: `(node) -> [(size, what it is of)]`: sizes that must not be negative for the node to be
        what was inferred.
    may_raise: for some values it raises; a loop that may have no steps does not compute it before.
    looks_up: it takes elements of the first operand at the integers of the second, and raises for
        those outside unless its attribute `mode` says otherwise.
    limits: `(node) -> sizes`, of a lookup along several axes: the sizes of those that the numbers
        along the last axis of its indices are positions along. Without it: of attribute `axis`.
    host_only: why no runtime computes it as NumPy does.
    weight_axis: of the second operand, a weight that the first is multiplied by and the products
        added: the axis with one place for each sum. Such layers may be computed in integers.
    precision: where it is computed when a program is asked for half precision. LOW: there, it is
        what such a program gains by. FULL: in float32, since it would lose digits or overflow.
        FOLLOWS: where all of its float operands are in half precision. Of a composite also PARTS:
        each of what it is made of by itself.
    view: NumPy's result shares memory with the first operand.
    variadic: it takes its operands as one list.
    discovers: a size of the results depends on values; the attribute `size` names it.
    cast_to: the attribute with a dtype that operands are cast to before, if it is given.
    chooses: one of its bodies is run.
    masked: `(op, x, where, initial, attributes)`: what a call with `where=` or `initial=` is made
        of, which are no attributes of its nodes.
    slices: the attribute that says of how many leading operands each step takes a slice.
    checked: every run is held to `infer`: what the rule refuses is refused of NumPy's arrays as
        well, and results of another number, dtype or shape are an error; see `graph.contract`.
    foreign: another package defines it, so that a saved program has to name that package.
    version: of its meaning, "" for none; a saved program is refused by another one.
    kernels: the operations of shared libraries that compute it, by the names of backends.

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
    adds: Rule | None = None
    in_stages: Rule | None = None
    is_standard: Rule | None = None
    operations: Rule | None = None
    interval: Rule | None = None
    unchanged: Rule | None = None
    needs: Rule | None = None
    may_raise: bool = True
    looks_up: bool = False
    limits: Rule | None = None
    host_only: str | None = None
    weight_axis: int | None = None
    precision: str = ""
    view: bool = False
    variadic: bool = False
    discovers: bool = False
    cast_to: str | None = None
    chooses: bool = False
    masked: Rule | None = None
    slices: str | None = None
    checked: bool = False
    foreign: bool = False
    version: str = ""
    kernels: Mapping[str, Kernel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Of what states no precision: float32, and of a composite that of its parts."""
        known = (LOW, FULL, FOLLOWS, PARTS) if self.is_composite else (LOW, FULL, FOLLOWS)
        self.precision = self.precision or known[-1 if self.is_composite else 1]
        if self.precision not in known:
            wanted = ", ".join(map(repr, known))
            raise UsageError(f"{self.name}: precision={self.precision!r}; give one of {wanted}")

    @property
    def is_composite(self) -> bool:
        """Whether it is made of other operators."""
        return self.infer is None

    def __repr__(self) -> str:
        return self.name
