"""What updates of an array have in common: how they are reduced, and what fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Shape, equal
from isthmus.graph.nodes import Type

__all__ = ["fits", "put", "reduced_gradients", "update_type"]

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


def reduced_gradients(
    g: Any,
    y: Any,
    x: Any,
    updates: Any,
    reduction: str,
    at: Callable[[Any], Any],
    scattered: Callable[[Any, Any, str], Any],
) -> tuple[Any, Any]:
    """Those of x and of the updates, where they are reduced.

    at: the elements of an array at the places of the updates. scattered: (x, updates, reduction),
    updates put at their places. Of "max" and "min" those that are the extreme share the gradient.
    Of "mul" each has the product of the others: that of all but zeros, divided by its own, and 0
    where another one is 0.
    """
    if reduction == "add":
        return g, at(g)
    zero, one = numpy.zeros((), g.dtype), numpy.ones((), g.dtype)
    if reduction in ("max", "min"):
        mine, theirs = np.equal(x, y), np.equal(updates, at(y))
        held, given = np.astype(mine, g.dtype), np.astype(theirs, g.dtype)
        share = np.divide(g, np.maximum(scattered(held, given, "add"), one))
        return np.where(mine, share, zero), np.where(theirs, at(share), zero)
    no_x, no_update = np.equal(x, zero), np.equal(updates, zero)
    zeros = scattered(np.astype(no_x, g.dtype), np.astype(no_update, g.dtype), "add")
    filled_x, filled = np.where(no_x, one, x), np.where(no_update, one, updates)
    product = np.multiply(g, scattered(filled_x, filled, "mul"))

    def of(element: Any, is_zero: Any, product: Any, zeros: Any) -> Any:
        others = np.subtract(zeros, np.astype(is_zero, g.dtype))
        return np.where(np.equal(others, zero), np.divide(product, element), zero)

    return of(filled_x, no_x, product, zeros), of(filled, no_update, at(product), at(zeros))


def put(x: Any, at: tuple[Any, ...], updates: Any, reduction: str) -> Any:
    y = numpy.array(x)
    if reduction == "none":
        y[at] = updates
    else:
        REDUCTIONS[reduction].at(y, at, updates)
    return y
