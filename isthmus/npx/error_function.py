"""The error function in vectorised NumPy, which has none.

float64: W. J. Cody, Rational Chebyshev approximations for the error function,
Math. Comp. 23 (1969), three intervals; within 2 units in the last place.
Narrower floats: one rational function x * P(x*x) / Q(x*x), fitted by weighted least
squares on |x| < 3.9; within 5e-7 absolute.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus.errors import WrongKind

__all__ = ["complement", "erf", "real_floating"]

Coefficients = tuple[float, ...]


def real_floating(dtype: numpy.dtype[Any]) -> numpy.dtype[Any]:
    """The float in which it is computed; WrongKind for complex numbers, of which it is not."""
    if dtype.kind == "c":
        raise WrongKind(f"erf of {dtype}; give real numbers")
    found: numpy.dtype[Any] = numpy.exp(numpy.empty(0, dtype)).dtype
    return found


# Highest power first.
_NARROW_P = (2.0848763837622226e-06, 0.0002839842297335079, 0.0036700387124766077,
             0.05245709224784512, 0.18801322138097595, 1.128379161571645)  # fmt: skip
_NARROW_Q = (3.840500361195119e-05, 0.001141706024869711, 0.014776480954616313,
             0.11314256437179035, 0.4999554081419653, 1.0)  # fmt: skip
_NARROW_LIMIT = 3.9

_NEAR_P = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
           3.77485237685302021e2, 3.20937758913846947e3)  # fmt: skip
_NEAR_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
           2.84423683343917062e3)  # fmt: skip
_MIDDLE_P = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
             6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
             1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3)  # fmt: skip
_MIDDLE_Q = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
             1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
             3.43936767414372164e3, 1.23033935480374942e3)  # fmt: skip
_FAR_P = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
          1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
_FAR_Q = (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
          6.05183413124413191e-2, 2.33520497626869185e-3)  # fmt: skip


def erf(x: Any) -> Any:
    """2/sqrt(pi) * the integral of exp(-t*t) from 0 to x. x: real, any shape; NaN stays NaN.

    Integers are computed in the float that NumPy's exp makes of them.
    """
    array = numpy.asarray(x)
    if array.dtype.kind != "f":
        array = array.astype(real_floating(array.dtype))
    if array.dtype == numpy.float64:
        return _wide(array)
    narrow = array.astype(numpy.float32, copy=False)
    return _narrow(narrow).astype(array.dtype, copy=False)


def _narrow(x: Any) -> Any:
    limit = numpy.float32(_NARROW_LIMIT)
    x = numpy.clip(x, -limit, limit)
    t = x * x
    y = x * _polynomial(t, _NARROW_P)
    y /= _polynomial(t, _NARROW_Q)
    return numpy.clip(y, numpy.float32(-1), numpy.float32(1))


def _polynomial(t: Any, coefficients: Coefficients) -> Any:
    result = numpy.full_like(t, coefficients[0])
    for factor in coefficients[1:]:
        result *= t
        result += t.dtype.type(factor)
    return result


def _wide(x: Any) -> Any:
    size = numpy.abs(x)
    near = numpy.minimum(size, 0.46875)
    inner = near * _polynomial(near * near, _NEAR_P) / _polynomial(near * near, _NEAR_Q)
    outer = 1 - complement(numpy.clip(size, 0.46875, 6.5))
    return numpy.copysign(numpy.where(size <= 0.46875, inner, outer), x)


def complement(size: Any) -> Any:
    """erfc for 0.46875 <= size: two rational functions times exp(-size*size)."""
    middle = _polynomial(size, _MIDDLE_P) / _polynomial(size, _MIDDLE_Q)
    inverse = 1 / (size * size)
    tail = inverse * _polynomial(inverse, _FAR_P) / _polynomial(inverse, _FAR_Q)
    far = (1 / math.sqrt(math.pi) - tail) / size
    return numpy.exp(-size * size) * numpy.where(size <= 4, middle, far)
