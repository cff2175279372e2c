"""Sizes that only a call decides, as int64 arrays of one element computed inside the model."""

from __future__ import annotations

from typing import Any, Protocol

from isthmus.graph.dims import Dim, FloorDivision, Shape, same
from isthmus.graph.nodes import Graph
from isthmus.graph.solving import Solution, solutions

__all__ = ["Sizes", "reshape_pattern"]


class Writer(Protocol):
    """What makes the operations: a `builder.Builder`. nodes: where they go just now."""

    graph: Graph
    nodes: Any
    outermost: Any

    def literal(self, value: Any) -> str: ...

    def op(self, kind: str, *operands: str, **attributes: Any) -> str: ...

    def unique(self, name: str) -> str: ...


class Sizes:
    """The named sizes of one model, each computed once from the shapes of its inputs."""

    def __init__(self, build: Writer) -> None:
        self.build = build
        self.known: dict[str, str] = {}
        self.shapes: dict[str, str] = {}
        self.inputs: dict[str, str] = {}  # size -> input, for those that no shape shows
        self.found: dict[str, tuple[str, int]] = {}  # size -> array of which it is an axis
        sizes = (size for value in build.graph.inputs for size in value.type.shape)
        self.solutions = solutions([size for size in sizes if isinstance(size, Dim)])
        for value in build.graph.inputs:
            for axis, size in enumerate(value.type.shape):
                if isinstance(size, Dim):
                    self.found.setdefault(str(size), (value.name, axis))

    def one(self, size: int | Dim) -> str:
        """A size as an array of one element."""
        if not isinstance(size, Dim):
            return self.build.literal([size])
        if str(size) not in self.known:
            self.known[str(size)] = self._sum(size)
        return self.known[str(size)]

    def shape(self, shape: Shape) -> str:
        """A shape as a vector: a literal where no size is named."""
        if not any(isinstance(size, Dim) for size in shape):
            return self.build.literal(list(shape))
        written = str(shape)
        if written not in self.shapes:
            self.shapes[written] = self._op("Concat", *map(self.one, shape), axis=0)
        return self.shapes[written]

    def finds(self, size: str | Dim, shape: Shape, array: str) -> None:
        """Note where a size shows as an axis of an array of this shape, if it does."""
        for axis, other in enumerate(shape):
            if isinstance(other, Dim) and str(other) == str(size):
                self.found.setdefault(str(size), (array, axis))

    def _op(self, kind: str, *operands: str, **attributes: Any) -> str:
        """Emit an operation once for the graph and its bodies: before what is being lowered."""
        inner, self.build.nodes = self.build.nodes, self.build.outermost
        try:
            return self.build.op(kind, *operands, **attributes)
        finally:
            self.build.nodes = inner

    def _sum(self, size: Dim) -> str:
        terms = [self._term(names, factor) for names, factor in size.terms]
        total = terms[0]
        for term in terms[1:]:
            total = self._op("Add", total, term, since=14)
        return total

    def _term(self, names: tuple[str | FloorDivision, ...], factor: int) -> str:
        factors = [self._atom(name) for name in names]
        if factor != 1 or not factors:
            factors.append(self.build.literal([factor]))
        product = factors[0]
        for other in factors[1:]:
            product = self._op("Mul", product, other, since=14)
        return product

    def _atom(self, atom: str | FloorDivision) -> str:
        if isinstance(atom, FloorDivision):
            divisor = self.build.literal([atom.denominator])
            return self._op("Div", self.one(atom.numerator), divisor, since=14)
        if atom not in self.known:
            self.known[atom] = self._named(atom)
        return self.known[atom]

    def _named(self, name: str) -> str:
        if name in self.found:
            return self._axis(name)
        if name in self.solutions:
            return self._solved(self.solutions[name])
        self.inputs[name] = self.build.unique(f"size.{name}")
        return self.inputs[name]

    def _axis(self, size: str) -> str:
        array, axis = self.found[size]
        return self._op("Gather", self._op("Shape", array), self.build.literal([axis]))

    def _solved(self, solved: Solution) -> str:
        rest = self._op("Sub", self._axis(str(solved.size)), self.one(solved.rest), since=14)
        return self._op("Div", rest, self.build.literal([solved.factor]), since=14)


def reshape_pattern(before: Shape, after: Shape) -> list[int] | None:
    """ONNX's pattern of constants for a reshape: 0 keeps a size, one -1 takes the rest.

    None where more than one size is unknown.
    """
    kept = [i < len(before) and same(before[i], size) for i, size in enumerate(after)]
    pattern = [
        (0 if keep else -1) if isinstance(size, Dim) else size
        for size, keep in zip(after, kept, strict=True)
    ]
    return pattern if pattern.count(-1) <= 1 else None
