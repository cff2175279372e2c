"""Elementwise functions of the Array API standard. x: any shape; two operands broadcast."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.infer import Elementwise, comparison, elementwise, floating, logical, quotient
from isthmus.np.searching import where
from isthmus.op import composite, primitive

__all__ = [
    "abs",
    "add",
    "ceil",
    "clip",
    "cos",
    "divide",
    "equal",
    "exp",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "pow",
    "remainder",
    "round",
    "sign",
    "sin",
    "sqrt",
    "square",
    "subtract",
    "tanh",
]

# Gradients: `vjp(g, y, *operands)`, with g the gradient of the result y. They return one
# gradient an operand; summing over broadcast axes is done once, in `isthmus.gradient`.


def _abs_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * sign(x),)


@primitive(infer=elementwise, vjp=_abs_gradient)
def abs(x: Any, /) -> Any:
    """|x|"""
    return numpy.abs(x)


@primitive(infer=elementwise, vjp=lambda g, y, a, b: (g, g))
def add(x1: Any, x2: Any, /) -> Any:
    """x1 + x2"""
    return numpy.add(x1, x2)


@primitive(infer=elementwise)
def ceil(x: Any, /) -> Any:
    """The smallest whole number not below x."""
    return numpy.ceil(x)


@composite
def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """minimum(maximum(x, min), max); a NaN stays a NaN. Bounds are scalars or None.

    Unlike numpy.clip a bound does not widen the dtype (the standard's rule).
    """
    above = x if min is None else maximum(x, min)
    return above if max is None else minimum(above, max)


def _cos_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (-g * sin(x),)


@primitive(infer=floating, vjp=_cos_gradient)
def cos(x: Any, /) -> Any:
    """cos(x), x in radians."""
    return numpy.cos(x)


@primitive(infer=quotient, vjp=lambda g, y, a, b: (g / b, -g * y / b))
def divide(x1: Any, x2: Any, /) -> Any:
    """x1 / x2, in floating point."""
    return numpy.divide(x1, x2)


@primitive(infer=comparison)
def equal(x1: Any, x2: Any, /) -> Any:
    """x1 == x2"""
    return numpy.equal(x1, x2)


@primitive(infer=floating, vjp=lambda g, y, x: (g * y,))
def exp(x: Any, /) -> Any:
    """e**x"""
    return numpy.exp(x)


@primitive(infer=elementwise)
def floor(x: Any, /) -> Any:
    """The largest whole number not above x."""
    return numpy.floor(x)


@primitive(infer=elementwise)
def floor_divide(x1: Any, x2: Any, /) -> Any:
    """floor(x1 / x2)"""
    return numpy.floor_divide(x1, x2)


@primitive(infer=comparison)
def greater(x1: Any, x2: Any, /) -> Any:
    """x1 > x2"""
    return numpy.greater(x1, x2)


@primitive(infer=comparison)
def greater_equal(x1: Any, x2: Any, /) -> Any:
    """x1 >= x2"""
    return numpy.greater_equal(x1, x2)


@primitive(infer=comparison)
def isfinite(x: Any, /) -> Any:
    """Whether x is neither infinite nor NaN."""
    return numpy.isfinite(x)


@primitive(infer=comparison)
def isinf(x: Any, /) -> Any:
    """Whether x is an infinity."""
    return numpy.isinf(x)


@primitive(infer=comparison)
def isnan(x: Any, /) -> Any:
    """Whether x is NaN."""
    return numpy.isnan(x)


@primitive(infer=comparison)
def less(x1: Any, x2: Any, /) -> Any:
    """x1 < x2"""
    return numpy.less(x1, x2)


@primitive(infer=comparison)
def less_equal(x1: Any, x2: Any, /) -> Any:
    """x1 <= x2"""
    return numpy.less_equal(x1, x2)


@primitive(infer=floating, vjp=lambda g, y, x: (g / x,))
def log(x: Any, /) -> Any:
    """The natural logarithm of x."""
    return numpy.log(x)


@primitive(infer=logical)
def logical_and(x1: Any, x2: Any, /) -> Any:
    """x1 and x2, of truth values."""
    return numpy.logical_and(x1, x2)


@primitive(infer=logical)
def logical_not(x: Any, /) -> Any:
    """not x, of truth values."""
    return numpy.logical_not(x)


@primitive(infer=logical)
def logical_or(x1: Any, x2: Any, /) -> Any:
    """x1 or x2, of truth values."""
    return numpy.logical_or(x1, x2)


@primitive(infer=logical)
def logical_xor(x1: Any, x2: Any, /) -> Any:
    """x1 or x2 but not both, of truth values."""
    return numpy.logical_xor(x1, x2)


# At a tie all of the gradient goes to the first operand.
@primitive(infer=elementwise, vjp=lambda g, y, a, b: (where(a >= b, g, 0), where(a < b, g, 0)))
def maximum(x1: Any, x2: Any, /) -> Any:
    """The larger of x1 and x2; NaN if either is."""
    return numpy.maximum(x1, x2)


@primitive(infer=elementwise, vjp=lambda g, y, a, b: (where(a <= b, g, 0), where(a > b, g, 0)))
def minimum(x1: Any, x2: Any, /) -> Any:
    """The smaller of x1 and x2; NaN if either is."""
    return numpy.minimum(x1, x2)


@primitive(infer=elementwise, vjp=lambda g, y, a, b: (g * b, g * a))
def multiply(x1: Any, x2: Any, /) -> Any:
    """x1 * x2"""
    return numpy.multiply(x1, x2)


@primitive(infer=elementwise, vjp=lambda g, y, x: (-g,))
def negative(x: Any, /) -> Any:
    """-x"""
    return numpy.negative(x)


@primitive(infer=comparison)
def not_equal(x1: Any, x2: Any, /) -> Any:
    """x1 != x2"""
    return numpy.not_equal(x1, x2)


def _pow_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Where b is 0 or a is 0 the formulas would be 0 * inf: their limits there are 0."""
    slope = b * pow(a, where(equal(b, 0), 1, b - 1))
    return g * slope, g * y * log(where(equal(a, 0), 1, a))


@primitive(infer=elementwise, vjp=_pow_gradient)
def pow(x1: Any, x2: Any, /) -> Any:
    """x1 ** x2"""
    return numpy.power(x1, x2)


def _remainder_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return g, -g * floor(a / b)


@primitive(infer=elementwise, vjp=_remainder_gradient)
def remainder(x1: Any, x2: Any, /) -> Any:
    """x1 - x2 * floor(x1 / x2): has the sign of x2."""
    return numpy.remainder(x1, x2)


def _rounded(dtype: Any) -> Any:
    """NumPy rounds truth values to float16."""
    return numpy.round(numpy.empty(0, dtype)).dtype


@primitive(infer=Elementwise(_rounded))
def round(x: Any, /) -> Any:
    """The nearest whole number; halves go to the even one."""
    return numpy.round(x)


@primitive(infer=elementwise)
def sign(x: Any, /) -> Any:
    """-1, 0 or 1; NaN for NaN."""
    return numpy.sign(x)


@primitive(infer=floating, vjp=lambda g, y, x: (g * cos(x),))
def sin(x: Any, /) -> Any:
    """sin(x), x in radians."""
    return numpy.sin(x)


@primitive(infer=floating, vjp=lambda g, y, x: (g / (2 * y),))
def sqrt(x: Any, /) -> Any:
    """The square root of x; NaN below 0."""
    return numpy.sqrt(x)


@composite
def square(x: Any, /) -> Any:
    """x * x"""
    return multiply(x, x)


@primitive(infer=elementwise, vjp=lambda g, y, a, b: (g, -g))
def subtract(x1: Any, x2: Any, /) -> Any:
    """x1 - x2"""
    return numpy.subtract(x1, x2)


@primitive(infer=floating, vjp=lambda g, y, x: (g * (1 - y * y),))
def tanh(x: Any, /) -> Any:
    """The hyperbolic tangent of x."""
    return numpy.tanh(x)
