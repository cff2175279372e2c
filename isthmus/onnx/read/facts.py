"""What a row of the tables is told of a node beside its operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Facts", "Row", "plain", "row"]


@dataclass(frozen=True)
class Facts:
    """A node's attributes, by `facts["axis"]` and `facts.get("axis", 0)`.

    opset: the version of its operator set in the file. outputs: names, "" for those left out.
    run: computes a body of the node, `(body, values by name) -> results`.
    """

    op: str
    opset: int
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    run: Callable[..., Any] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.attributes[name]

    def get(self, name: str, otherwise: Any = None) -> Any:
        return self.attributes.get(name, otherwise)

    def gives(self, position: int) -> bool:
        """Whether somebody may read the result at a position."""
        return position < len(self.outputs) and bool(self.outputs[position])


@dataclass(frozen=True)
class Row:
    """What computes an operator: `(facts, *operands) -> a result, or a list of them`.

    Operands are arrays, None where they are left out. sizes: positions of those that are given as
    sizes (ints and named ones), known: of those that must be Python's numbers. raw: they are given
    as they are, perhaps as `Numbers`.
    """

    function: Callable[..., Any]
    sizes: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    raw: bool = False


def row(
    function: Callable[..., Any],
    *,
    sizes: tuple[int, ...] = (),
    known: tuple[int, ...] = (),
    raw: bool = False,
) -> Row:
    """A row of (facts, *operands)."""
    return Row(function, sizes, known, raw)


def plain(function: Callable[..., Any]) -> Row:
    """A row of the operands alone."""
    return Row(lambda _, *operands: function(*operands))
