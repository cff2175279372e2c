"""Arithmetic, element by element. x: any shape; two operands broadcast."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.ufunc_types import Loop
from isthmus.trace.op import composite, primitive

from .comparisons import equal, isnan, logical_or
from .conversion import asarray
from .rounding import floor, trunc
from .searching import where

__all__ = [
    "abs",
    "absolute",
    "add",
    "clip",
    "divide",
    "divmod",
    "fabs",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "positive",
    "remainder",
    "sign",
    "subtract",
    "true_divide",
]

# Gradients: `vjp(g, y, *operands)`, with g the gradient of the result y. They return one
# gradient an operand; summing over broadcast axes is done once, in `isthmus.rewrite.gradient`.


def _size_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * sign(x),)


@primitive(infer=Loop(numpy.absolute), vjp=_size_gradient)
def abs(x: Any, /) -> Any:
    """|x|"""
    return numpy.abs(x)


@primitive(infer=Loop(numpy.fabs), vjp=_size_gradient)
def fabs(x: Any, /) -> Any:
    """|x|, in floating point."""
    return numpy.fabs(x)


@primitive(infer=Loop(numpy.add), vjp=lambda g, y, a, b: (g, g), interval=intervals.added)
def add(x1: Any, x2: Any, /) -> Any:
    """x1 + x2"""
    return numpy.add(x1, x2)


@primitive(
    infer=Loop(numpy.subtract), vjp=lambda g, y, a, b: (g, -g), interval=intervals.subtracted
)
def subtract(x1: Any, x2: Any, /) -> Any:
    """x1 - x2"""
    return numpy.subtract(x1, x2)


@primitive(infer=Loop(numpy.multiply), vjp=lambda g, y, a, b: (g * b, g * a))
def multiply(x1: Any, x2: Any, /) -> Any:
    """x1 * x2"""
    return numpy.multiply(x1, x2)


@primitive(infer=Loop(numpy.divide), vjp=lambda g, y, a, b: (g / b, -g * y / b))
def divide(x1: Any, x2: Any, /) -> Any:
    """x1 / x2, in floating point."""
    return numpy.divide(x1, x2)


@primitive(infer=Loop(numpy.floor_divide), zero_gradient=True)
def floor_divide(x1: Any, x2: Any, /) -> Any:
    """floor(x1 / x2)"""
    return numpy.floor_divide(x1, x2)


@primitive(
    infer=Loop(numpy.remainder),
    vjp=lambda g, y, a, b: (g, -g * floor(a / b)),
    interval=intervals.remaining,
)
def remainder(x1: Any, x2: Any, /) -> Any:
    """x1 - x2 * floor(x1 / x2): has the sign of x2."""
    return numpy.remainder(x1, x2)


@primitive(infer=Loop(numpy.fmod), vjp=lambda g, y, a, b: (g, -g * trunc(a / b)))
def fmod(x1: Any, x2: Any, /) -> Any:
    """x1 - x2 * trunc(x1 / x2): has the sign of x1."""
    return numpy.fmod(x1, x2)


def divmod(x1: Any, x2: Any, /) -> tuple[Any, Any]:
    """floor_divide(x1, x2) and remainder(x1, x2)."""
    return floor_divide(x1, x2), remainder(x1, x2)


@primitive(infer=Loop(numpy.negative), vjp=lambda g, y, x: (-g,))
def negative(x: Any, /) -> Any:
    """-x"""
    return numpy.negative(x)


@primitive(infer=Loop(numpy.positive), vjp=lambda g, y, x: (g,))
def positive(x: Any, /) -> Any:
    """A copy of x."""
    return numpy.positive(x)


@primitive(infer=Loop(numpy.sign), zero_gradient=True)
def sign(x: Any, /) -> Any:
    """-1, 0 or 1; NaN for NaN; x / |x| of a complex number."""
    return numpy.sign(x)


@primitive(infer=Loop(numpy.heaviside), vjp=lambda g, y, a, b: (None, where(equal(a, 0), g, 0)))
def heaviside(x1: Any, x2: Any, /) -> Any:
    """0 where x1 is negative, x2 where it is 0, 1 where it is positive."""
    return numpy.heaviside(x1, x2)


def _shared(first: Any, g: Any) -> tuple[Any, Any]:
    """The gradient to the first operand where that was chosen, else to the second."""
    return where(first, g, 0), where(first, 0, g)


# At a tie all of the gradient goes to the first operand.
@primitive(
    infer=Loop(numpy.maximum), vjp=lambda g, y, a, b: _shared(a >= b, g), interval=intervals.raised
)
def maximum(x1: Any, x2: Any, /) -> Any:
    """The larger of x1 and x2; NaN if either is."""
    return numpy.maximum(x1, x2)


@primitive(
    infer=Loop(numpy.minimum), vjp=lambda g, y, a, b: _shared(a <= b, g), interval=intervals.bounded
)
def minimum(x1: Any, x2: Any, /) -> Any:
    """The smaller of x1 and x2; NaN if either is."""
    return numpy.minimum(x1, x2)


def _not_nan(chosen: Any, other: Any) -> Any:
    return logical_or(chosen, isnan(other))


@primitive(infer=Loop(numpy.fmax), vjp=lambda g, y, a, b: _shared(_not_nan(a >= b, b), g))
def fmax(x1: Any, x2: Any, /) -> Any:
    """The larger of x1 and x2; the other one if one is NaN."""
    return numpy.fmax(x1, x2)


@primitive(infer=Loop(numpy.fmin), vjp=lambda g, y, a, b: _shared(_not_nan(a <= b, b), g))
def fmin(x1: Any, x2: Any, /) -> Any:
    """The smaller of x1 and x2; the other one if one is NaN."""
    return numpy.fmin(x1, x2)


@composite
def _clip(x: Any, low: Any, high: Any, /) -> Any:
    """minimum(maximum(x, low), high), without the bounds that are None."""
    above = x if low is None else maximum(x, low)
    return above if high is None else minimum(above, high)


def clip(
    x: Any, /, min: Any = None, max: Any = None, *, a_min: Any = None, a_max: Any = None
) -> Any:
    """x within bounds: numbers, arrays or None; max where min is above it; a NaN stays.

    The dtype is the common one, in which Python numbers are weak; a Python int that an integer
    dtype cannot hold is no bound. a_min, a_max: NumPy's other names of min and max.
    """
    x = asarray(x)
    low, high = _one(min, a_min, "min"), _one(max, a_max, "max")
    limits = numpy.iinfo(x.dtype) if x.dtype.kind in "iu" else None
    if limits and type(low) is int and low <= limits.min:
        low = None
    if limits and type(high) is int and high >= limits.max:
        high = None
    if low is None and high is None:
        return positive(x)
    bounds = [_weak(bound) for bound in (low, high) if bound is not None]
    dtype = numpy.result_type(x.dtype, *bounds)
    return _clip(*(None if value is None else asarray(value, dtype) for value in (x, low, high)))


def _one(bound: Any, alias: Any, name: str) -> Any:
    if bound is not None and alias is not None:
        raise UsageError(f"clip takes {name} or a_{name}, not both; leave one out")
    return alias if bound is None else bound


def _weak(bound: Any) -> Any:
    """What NumPy promotes: a Python number (a size is one) as itself, of others the dtype."""
    if isinstance(bound, Dim):
        return 1
    return bound if isinstance(bound, int | float | complex) else asarray(bound).dtype


absolute = abs
mod = remainder
true_divide = divide
