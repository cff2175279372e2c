"""What updates of an array have in common: how they are reduced, and what fits."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Shape, equal
from isthmus.graph.nodes import Type

__all__ = ["check_gradient", "fits", "put", "update_type"]

# What becomes of an element and what is put there; None is the latter.
REDUCTIONS: dict[str, Any] = {
    "add": numpy.add,
    "max": numpy.maximum,
    "min": numpy.minimum,
    "mul": numpy.multiply,
    "none": None,
}


def fits(found: Shape, wanted: Shape) -> bool:
    return len(found) == len(wanted) and all(map(equal, found, wanted))


def update_type(x: Type, updates: Type, shape: Shape, reduction: str) -> Type:
    if reduction not in REDUCTIONS:
        raise UsageError(f"reduction={reduction!r}: give one of {', '.join(map(repr, REDUCTIONS))}")
    if x.dtype != updates.dtype:
        raise UsageError(f"x {x} and updates {updates}; give them of one dtype")
    if not fits(updates.shape, shape):
        raise DimensionError(f"updates {updates} where {Type(x.dtype, shape)} is needed")
    return x


def check_gradient(reduction: str) -> None:
    if reduction not in ("add", "none"):
        raise UsageError(f"there is no gradient of reduction={reduction!r}; give 'add' or 'none'")


def put(x: Any, at: tuple[Any, ...], updates: Any, reduction: str) -> Any:
    y = numpy.array(x)
    if reduction == "none":
        y[at] = updates
    else:
        REDUCTIONS[reduction].at(y, at, updates)
    return y
