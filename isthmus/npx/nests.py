"""What the functions of control flow take and return: nests of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.nodes import Input, Type, Value
from isthmus.trace.recording import as_value

__all__ = ["Nest", "arguments", "check_kept", "check_same", "pair"]


class Nest:
    """Arrays, and how they are nested; Python numbers among the leaves become arrays."""

    def __init__(self, nest: Any) -> None:
        found = list(tree.leaves(nest))
        self.tree = nest
        self.paths = [path for path, _ in found]
        self.leaves = [np.asarray(leaf) for _, leaf in found]
        self.types = [Type(leaf.dtype, tuple(leaf.shape)) for leaf in self.leaves]

    @property
    def values(self) -> list[Value]:
        """The leaves as values of a graph."""
        return [as_value(leaf) for leaf in self.leaves]

    def inputs(self, name: str, types: Sequence[Type]) -> tuple[Input, ...]:
        """An input of a body for each leaf."""
        names = [".".join((name, *path)) for path in self.paths]
        return tuple(Input(of, text) for of, text in zip(types, names, strict=True))

    def filled(self, leaves: Sequence[Any]) -> Any:
        """The same nesting of other leaves."""
        return tree.rebuild(self.tree, leaves)

    def copied(self) -> Nest:
        """The same elements in arrays that nobody else has."""
        return Nest(self.filled([np.copy(leaf) for leaf in self.leaves]))


def arguments(nest: Any) -> tuple[Any, ...]:
    """What a function is called with for a tuple or list of arguments, or for one alone."""
    return tuple(nest) if isinstance(nest, tuple | list) else (nest,)


def pair(result: Any, what: str) -> tuple[Nest, Nest]:
    """The outputs and the new states that a step returns."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise UsageError(f"{what} returned {result!r}; return a pair: (outputs, new states)")
    return Nest(result[0]), Nest(result[1])


def check_same(what: str, before: str, left: Nest, after: str, right: Nest) -> None:
    """UsageError that names the first leaf in which two nests differ."""
    if left.paths != right.paths:
        raise UsageError(
            f"{what}: {before} {_listed(left)} and {after} {_listed(right)} are nested "
            "differently; return the same structure"
        )
    for path, a, b in zip(left.paths, left.types, right.types, strict=True):
        if not a.same(b):
            name = f" '{'.'.join(path)}'" if path else ""
            raise UsageError(
                f"{what}: {before}{name} is {a}, but {after}{name} is {b}; "
                "make dtype and shape the same"
            )


def check_kept(what: str, function: str, before: Nest, after: Nest) -> None:
    """UsageError where a step changes the nesting or a type of its states."""
    check_same(what, "the state", before, f"what {function} makes of it", after)


def _listed(nest: Nest) -> str:
    return f"({', '.join('.'.join(path) or 'one array' for path in nest.paths)})"
