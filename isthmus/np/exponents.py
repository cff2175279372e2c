"""Exponentials, logarithms, powers and roots."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus.graph.infer import as_numpy
from isthmus.graph.ufunc_types import Loop
from isthmus.trace.op import primitive
from isthmus.trace.slots import np

from .comparisons import equal
from .searching import where

__all__ = [
    "cbrt",
    "exp",
    "exp2",
    "expm1",
    "float_power",
    "hypot",
    "i0",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "pow",
    "power",
    "reciprocal",
    "sqrt",
    "square",
]


@primitive(infer=Loop(numpy.exp), vjp=lambda g, y, x: (g * y,))
def exp(x: Any, /) -> Any:
    """e**x

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype.

    >>> from isthmus import np
    >>> np.exp([0.0, 1.0])
    array([1.        , 2.71828183])
    """
    return numpy.exp(x)


@primitive(infer=Loop(numpy.exp2), vjp=lambda g, y, x: (g * y * math.log(2),))
def exp2(x: Any, /) -> Any:
    """2**x

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype.

    >>> from isthmus import np
    >>> np.exp2([0, 3, -1])
    array([1. , 8. , 0.5])
    """
    return numpy.exp2(x)


@primitive(infer=Loop(numpy.expm1), vjp=lambda g, y, x: (g * (y + 1),))
def expm1(x: Any, /) -> Any:
    """e**x - 1, exact for small x as well.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype.

    >>> from isthmus import np
    >>> np.expm1([0.0, 1e-10])
    array([0.e+00, 1.e-10])
    """
    return numpy.expm1(x)


@primitive(infer=Loop(numpy.log), vjp=lambda g, y, x: (g / x,))
def log(x: Any, /) -> Any:
    """The natural logarithm of x.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype. -inf at 0, NaN for numbers below.

    >>> from isthmus import np
    >>> np.log([1.0, np.e])
    array([0., 1.])
    """
    return numpy.log(x)


@primitive(infer=Loop(numpy.log1p), vjp=lambda g, y, x: (g / (1 + x),))
def log1p(x: Any, /) -> Any:
    """log(1 + x), exact for small x as well.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype. -inf at -1, NaN for numbers below.

    >>> from isthmus import np
    >>> np.log1p([0.0, 1e-10])
    array([0.e+00, 1.e-10])
    """
    return numpy.log1p(x)


@primitive(infer=Loop(numpy.log2), vjp=lambda g, y, x: (g / (x * math.log(2)),))
def log2(x: Any, /) -> Any:
    """The logarithm of x to base 2.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype. -inf at 0, NaN for numbers below.

    >>> from isthmus import np
    >>> np.log2([1, 8, 0.5])
    array([ 0.,  3., -1.])
    """
    return numpy.log2(x)


@primitive(infer=Loop(numpy.log10), vjp=lambda g, y, x: (g / (x * math.log(10)),))
def log10(x: Any, /) -> Any:
    """The logarithm of x to base 10.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype. -inf at 0, NaN for numbers below.

    >>> from isthmus import np
    >>> np.log10([1, 100])
    array([0., 2.])
    """
    return numpy.log10(x)


def _logaddexp_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return g * exp(a - y), g * exp(b - y)


@primitive(infer=Loop(numpy.logaddexp), vjp=_logaddexp_gradient)
def logaddexp(x1: Any, x2: Any, /) -> Any:
    """log(exp(x1) + exp(x2)), without overflow.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    the first of float16, float32 and float64 to which both are cast safely. Raises UsageError for
    complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.logaddexp(1000.0, 1000.0)
    np.float64(1000.6931471805599)
    """
    return numpy.logaddexp(x1, x2)


def _logaddexp2_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return g * exp2(a - y), g * exp2(b - y)


@primitive(infer=Loop(numpy.logaddexp2), vjp=_logaddexp2_gradient)
def logaddexp2(x1: Any, x2: Any, /) -> Any:
    """log2(2**x1 + 2**x2), without overflow.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    the first of float16, float32 and float64 to which both are cast safely. Raises UsageError for
    complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.logaddexp2(1000.0, 1000.0)
    np.float64(1001.0)
    """
    return numpy.logaddexp2(x1, x2)


def _pow_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Where b is 0 or a is 0 the formulas would be 0 * inf: their limits there are 0."""
    slope = b * pow(a, where(equal(b, 0), 1, b - 1))
    return g * slope, g * y * log(where(equal(a, 0), 1, a))


@primitive(infer=Loop(numpy.power), vjp=_pow_gradient, may_raise=True)
def pow(x1: Any, x2: Any, /) -> Any:
    """x1 ** x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype, int8 of truth values; integers wrap. Raises ValueError for integers to
    negative integer powers; give a float.

    >>> from isthmus import np
    >>> np.pow([2, 3], 2)
    array([4, 9])
    """
    return numpy.power(x1, x2)


@primitive(infer=Loop(numpy.float_power), vjp=_pow_gradient)
def float_power(x1: Any, x2: Any, /) -> Any:
    """x1 ** x2, in float64 at least.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result is
    float64, complex128 of complex numbers; negative powers of integers are taken.

    >>> from isthmus import np
    >>> np.float_power([2, 4], -1)
    array([0.5 , 0.25])
    """
    return numpy.float_power(x1, x2)


@primitive(infer=Loop(numpy.sqrt), vjp=lambda g, y, x: (g / (2 * y),))
def sqrt(x: Any, /) -> Any:
    """The square root of x; NaN below 0.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely; complex numbers keep their dtype.

    >>> from isthmus import np
    >>> np.sqrt([4, 2.25])
    array([2. , 1.5])
    """
    return numpy.sqrt(x)


@primitive(infer=Loop(numpy.cbrt), vjp=lambda g, y, x: (g / (3 * y * y),))
def cbrt(x: Any, /) -> Any:
    """The cube root of x.

    x: any shape. The result has the first of float16, float32 and float64 to which x is cast
    safely. Raises UsageError for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.cbrt([8, -27])
    array([ 2., -3.])
    """
    return numpy.cbrt(x)


@primitive(infer=Loop(numpy.square), vjp=lambda g, y, x: (2 * g * x,))
def square(x: Any, /) -> Any:
    """x * x

    x: any shape; the result has its dtype, int8 of truth values. Integers wrap.

    >>> from isthmus import np
    >>> np.square([2, -3])
    array([4, 9])
    """
    return numpy.square(x)


@primitive(infer=Loop(numpy.reciprocal), vjp=lambda g, y, x: (-g * y * y,))
def reciprocal(x: Any, /) -> Any:
    """1 / x, of whole numbers truncated.

    x: any shape; the result has its dtype, int8 of truth values.

    >>> from isthmus import np
    >>> np.reciprocal([2.0, -4.0])
    array([ 0.5 , -0.25])
    """
    return numpy.reciprocal(x)


@primitive(infer=Loop(numpy.hypot), vjp=lambda g, y, a, b: (g * a / y, g * b / y))
def hypot(x1: Any, x2: Any, /) -> Any:
    """sqrt(x1**2 + x2**2), without overflow.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    the first of float16, float32 and float64 to which both are cast safely. Raises UsageError for
    complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.hypot([3, 5], [4, 12])
    array([ 5., 13.])
    """
    return numpy.hypot(x1, x2)


def _i0_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """I1(x), the mean of cos(t) exp(x cos(t)) over 0 < t < pi; as many points as float64 needs."""
    points = numpy.cos((numpy.arange(128) + 0.5) * (math.pi / 128)).astype(x.dtype)
    waves = points * exp(x[..., None] * points)
    return (g * np.mean(waves, axis=-1),)


@primitive(infer=as_numpy(numpy.i0), vjp=_i0_gradient)
def i0(x: Any, /) -> Any:
    """The modified Bessel function of the first kind, of order 0.

    x: any shape; floats keep their dtype, integers and truth values become float64. Raises
    UsageError for complex numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.i0([0.0, 1.0])
    array([1.        , 1.26606588])
    """
    return numpy.i0(x)


power = pow
