"""Arithmetic, element by element. x: any shape; two operands broadcast."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals, scaled_intervals
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.operator import FOLLOWS
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


@primitive(infer=Loop(numpy.absolute), vjp=_size_gradient, interval=scaled_intervals.sized)
def abs(x: Any, /) -> Any:
    """|x|

    x: any shape. The result has x's dtype; of complex numbers it is real, complex64 giving float32.

    >>> from isthmus import np
    >>> np.abs([-2, 3])
    array([2, 3])
    >>> np.abs(3 + 4j)
    np.float64(5.0)
    """
    return numpy.abs(x)


@primitive(infer=Loop(numpy.fabs), vjp=_size_gradient)
def fabs(x: Any, /) -> Any:
    """|x|, in floating point.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely. Raises UsageError for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.fabs([-2, 3])
    array([2., 3.])
    """
    return numpy.fabs(x)


@primitive(
    infer=Loop(numpy.add),
    vjp=lambda g, y, a, b: (g, g),
    interval=intervals.added,
    precision=FOLLOWS,
)
def add(x1: Any, x2: Any, /) -> Any:
    """x1 + x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype; of truth values it is or.

    >>> from isthmus import np
    >>> np.add([1, 2], 0.5)
    array([1.5, 2.5])
    """
    return numpy.add(x1, x2)


@primitive(
    infer=Loop(numpy.subtract),
    vjp=lambda g, y, a, b: (g, -g),
    interval=intervals.subtracted,
    precision=FOLLOWS,
)
def subtract(x1: Any, x2: Any, /) -> Any:
    """x1 - x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype. Raises UsageError for two truth values (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.subtract([5, 2], [1, 4])
    array([ 4, -2])
    """
    return numpy.subtract(x1, x2)


@primitive(
    infer=Loop(numpy.multiply),
    vjp=lambda g, y, a, b: (g * b, g * a),
    interval=scaled_intervals.multiplied,
    precision=FOLLOWS,
)
def multiply(x1: Any, x2: Any, /) -> Any:
    """x1 * x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype; of truth values it is and.

    >>> from isthmus import np
    >>> np.multiply([[1], [2]], [3, 4])
    array([[3, 4],
           [6, 8]])
    """
    return numpy.multiply(x1, x2)


@primitive(infer=Loop(numpy.divide), vjp=lambda g, y, a, b: (g / b, -g * y / b), precision=FOLLOWS)
def divide(x1: Any, x2: Any, /) -> Any:
    """x1 / x2, in floating point.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype, float64 where that is an integer's or bool. Divided by 0 are infinities and
    NaN.

    >>> from isthmus import np
    >>> np.divide([1, 3], 2)
    array([0.5, 1.5])
    """
    return numpy.divide(x1, x2)


@primitive(infer=Loop(numpy.floor_divide), zero_gradient=True, interval=scaled_intervals.divided)
def floor_divide(x1: Any, x2: Any, /) -> Any:
    """floor(x1 / x2)

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype, int8 of truth values. An integer divided by 0 is 0. Raises UsageError for
    complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.floor_divide([7, -7], 2)
    array([ 3, -4])
    """
    return numpy.floor_divide(x1, x2)


@primitive(
    infer=Loop(numpy.remainder),
    vjp=lambda g, y, a, b: (g, -g * floor(a / b)),
    interval=intervals.remaining,
)
def remainder(x1: Any, x2: Any, /) -> Any:
    """x1 - x2 * floor(x1 / x2): has the sign of x2.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype, int8 of truth values. For integers and an x2 of 0 it is 0. Raises UsageError
    for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.remainder([7, -7], 3)
    array([1, 2])
    """
    return numpy.remainder(x1, x2)


@primitive(infer=Loop(numpy.fmod), vjp=lambda g, y, a, b: (g, -g * trunc(a / b)))
def fmod(x1: Any, x2: Any, /) -> Any:
    """x1 - x2 * trunc(x1 / x2): has the sign of x1.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype, int8 of truth values. For integers and an x2 of 0 it is 0. Raises UsageError
    for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.fmod([7, -7], 3)
    array([ 1, -1])
    """
    return numpy.fmod(x1, x2)


def divmod(x1: Any, x2: Any, /) -> tuple[Any, Any]:
    """floor_divide(x1, x2) and remainder(x1, x2).

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). A tuple of two
    arrays of their common dtype, int8 of truth values. Raises UsageError for complex numbers
    (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.divmod([7, -7], 3)
    (array([ 2, -3]), array([1, 2]))
    """
    return floor_divide(x1, x2), remainder(x1, x2)


@primitive(
    infer=Loop(numpy.negative),
    vjp=lambda g, y, x: (-g,),
    interval=scaled_intervals.negated,
    precision=FOLLOWS,
)
def negative(x: Any, /) -> Any:
    """-x

    x: any shape; the result has its dtype, in which unsigned integers wrap. Raises UsageError for
    truth values (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.negative([1, -2])
    array([-1,  2])
    """
    return numpy.negative(x)


@primitive(infer=Loop(numpy.positive), vjp=lambda g, y, x: (g,), precision=FOLLOWS)
def positive(x: Any, /) -> Any:
    """A copy of x.

    x: any shape; the result has its dtype. Raises UsageError for truth values (TypeError on NumPy
    arrays).

    >>> from isthmus import np
    >>> np.positive([1, -2])
    array([ 1, -2])
    """
    return numpy.positive(x)


@primitive(infer=Loop(numpy.sign), zero_gradient=True)
def sign(x: Any, /) -> Any:
    """-1, 0 or 1; NaN for NaN; x / |x| of a complex number.

    x: any shape; the result has its dtype. Raises UsageError for truth values (TypeError on NumPy
    arrays).

    >>> from isthmus import np
    >>> np.sign([-2.5, 0.0, 4.0])
    array([-1.,  0.,  1.])
    """
    return numpy.sign(x)


@primitive(infer=Loop(numpy.heaviside), vjp=lambda g, y, a, b: (None, where(equal(a, 0), g, 0)))
def heaviside(x1: Any, x2: Any, /) -> Any:
    """0 where x1 is negative, x2 where it is 0, 1 where it is positive.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    the first of float16, float32 and float64 to which both are cast safely. Raises UsageError for
    complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.heaviside([-1.5, 0.0, 2.0], 0.5)
    array([0. , 0.5, 1. ])
    """
    return numpy.heaviside(x1, x2)


def _shared(first: Any, g: Any) -> tuple[Any, Any]:
    """The gradient to the first operand where that was chosen, else to the second."""
    return where(first, g, 0), where(first, 0, g)


# At a tie all of the gradient goes to the first operand.
@primitive(
    infer=Loop(numpy.maximum),
    vjp=lambda g, y, a, b: _shared(a >= b, g),
    interval=intervals.raised,
    precision=FOLLOWS,
)
def maximum(x1: Any, x2: Any, /) -> Any:
    """The larger of x1 and x2; NaN if either is.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype. Complex numbers are ordered by their real parts, then by the imaginary ones.

    >>> from isthmus import np
    >>> np.maximum([1, 5], 3)
    array([3, 5])
    """
    return numpy.maximum(x1, x2)


@primitive(
    infer=Loop(numpy.minimum),
    vjp=lambda g, y, a, b: _shared(a <= b, g),
    interval=intervals.bounded,
    precision=FOLLOWS,
)
def minimum(x1: Any, x2: Any, /) -> Any:
    """The smaller of x1 and x2; NaN if either is.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype. Complex numbers are ordered by their real parts, then by the imaginary ones.

    >>> from isthmus import np
    >>> np.minimum([1, 5], 3)
    array([1, 3])
    """
    return numpy.minimum(x1, x2)


def _not_nan(chosen: Any, other: Any) -> Any:
    return logical_or(chosen, isnan(other))


@primitive(infer=Loop(numpy.fmax), vjp=lambda g, y, a, b: _shared(_not_nan(a >= b, b), g))
def fmax(x1: Any, x2: Any, /) -> Any:
    """The larger of x1 and x2; the other one if one is NaN.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype. Complex numbers are ordered by their real parts, then by the imaginary ones.

    >>> from isthmus import np
    >>> np.fmax([1.0, np.nan], 0.5)
    array([1. , 0.5])
    """
    return numpy.fmax(x1, x2)


@primitive(infer=Loop(numpy.fmin), vjp=lambda g, y, a, b: _shared(_not_nan(a <= b, b), g))
def fmin(x1: Any, x2: Any, /) -> Any:
    """The smaller of x1 and x2; the other one if one is NaN.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype. Complex numbers are ordered by their real parts, then by the imaginary ones.

    >>> from isthmus import np
    >>> np.fmin([1.0, np.nan], 0.5)
    array([0.5, 0.5])
    """
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

    min, max: shapes that broadcast with x, else DimensionError (ValueError on NumPy arrays). The
    dtype is the common one, in which Python numbers are weak. Of an integer dtype a Python int
    below all its numbers is no lower bound and one above them no upper bound; the other way round
    it raises OverflowError. a_min, a_max: NumPy's other names of min and max; UsageError for both
    names of one.

    >>> from isthmus import np
    >>> np.clip([-1.0, 0.5, 3.0], 0, 1)
    array([0. , 0.5, 1. ])
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
