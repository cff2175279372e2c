"""Positions that are looked up and watched: brought inside of an axis, and whether any was not.

With them a runtime does a lookup at computed positions: its program gives what it is told, and
where any was outside NumPy runs the call, and raises. See `isthmus.program.watching`.
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis.intervals import Interval
from isthmus.errors import WrongKind
from isthmus.graph.dims import Dim
from isthmus.graph.infer import BOOL
from isthmus.graph.nodes import Node, Type
from isthmus.trace.op import primitive

from .manipulation import free_of_arithmetic

__all__: list[str] = []


def _check(positions: Type) -> Type:
    if positions.dtype.kind != "i":
        raise WrongKind(f"positions of {positions.dtype}; give integers")
    return positions


def _inside_type(positions: Type, outside: Type, size: int | Dim) -> Type:
    if outside.dtype != BOOL or outside.ndim:
        raise WrongKind(f"outside of {outside}; give one truth value")
    return _check(positions)


def _within(node: Node, _: int, known: Any) -> Interval:
    return Interval(0, node.attributes["size"] - 1)


@primitive(
    infer=_inside_type,
    interval=_within,
    operations=free_of_arithmetic,
    may_raise=False,
    checked=True,
)
def inside(positions: Any, outside: Any, /, size: Any) -> Any:
    """Positions as 0..size - 1, negative ones from the end; all 0 where one is outside."""
    positions = numpy.asarray(positions)
    from_zero = numpy.where(positions < 0, positions + size, positions)
    return numpy.where(outside, 0, from_zero).astype(positions.dtype)


def _outside_type(positions: Type, size: int | Dim) -> Type:
    _check(positions)
    return Type(BOOL, ())


@primitive(infer=_outside_type, operations=free_of_arithmetic, may_raise=False, checked=True)
def any_outside(positions: Any, /, size: Any) -> Any:
    """Whether a position is not in -size..size - 1."""
    positions = numpy.asarray(positions)
    return numpy.any((positions < -size) | (positions >= size))
