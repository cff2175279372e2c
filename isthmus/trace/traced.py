"""Whether the elements of an array are known while a program is made."""

from __future__ import annotations

from typing import Any

from isthmus.graph import tree
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Held

from .array import Array

__all__ = ["any_traced", "is_traced"]


def is_traced(x: Any) -> bool:
    """Whether the elements are not known yet: a traced array, or a named size."""
    return isinstance(x, Dim) or (isinstance(x, Array) and not isinstance(x._value, Held))


def any_traced(nest: Any) -> bool:
    """Whether any leaf of a nest is traced."""
    return any(is_traced(leaf) for _, leaf in tree.leaves(nest))
