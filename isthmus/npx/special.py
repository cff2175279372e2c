"""Special functions, element by element, that NumPy lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

from isthmus import np
from isthmus.graph.infer import Elementwise
from isthmus.trace.op import primitive

from . import gamma_function, inverse_error_function
from .error_function import real_floating

__all__ = [
    "digamma",
    "erfinv",
    "gamma",
    "gammaln",
]

_ABSENT = "no runtime has it, and its approximations need float64"
_real = Elementwise(real_floating)


def _in_float64(function: Callable[[Any], Any], x: Any) -> Any:
    """The function of float64, in the dtype of the rule."""
    array = numpy.asarray(x)
    dtype = real_floating(array.dtype)
    return numpy.asarray(function(array.astype(numpy.float64))).astype(dtype)


def _erfinv_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * np.exp(y * y) * (math.sqrt(math.pi) / 2),)


@primitive(infer=_real, vjp=_erfinv_gradient, host_only=_ABSENT, may_raise=False)
def erfinv(x: Any, /) -> Any:
    """The y with erf(y) = x: the inverse of `erf`.

    x: any shape, real, -1..1; infinite at the ends, NaN outside. Result: x's dtype, of integers a
    float as of `np.exp`; within 1e-13 relative in float64 and rounded from it otherwise. Raises
    WrongKind for complex numbers. By Winitzki's formula (2008) and Halley's method. As
    `scipy.special.erfinv`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.erfinv(numpy.array([0.0, 0.5, -1.0]))
    array([0.        , 0.47693628,       -inf])
    """
    return _in_float64(inverse_error_function.erfinv, x)


@primitive(infer=_real, host_only=_ABSENT, may_raise=False)
def digamma(x: Any, /) -> Any:
    """The derivative of `gammaln`: psi(x) = gamma'(x) / gamma(x).

    x: any shape, real; infinite at 0, NaN at whole numbers below. Result: x's dtype, of integers a
    float as of `np.exp`; within 1e-13 relative in float64 where x > 0, absolute near its zeros, and
    rounded from it otherwise. Raises WrongKind for complex numbers. By its asymptotic series
    (Abramowitz and Stegun 1964, 6.3.18). As `scipy.special.digamma`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.digamma(numpy.array([0.5, 1.0, 10.0]))
    array([-1.96351003, -0.57721566,  2.25175259])
    """
    return _in_float64(gamma_function.digamma, x)


@primitive(
    infer=_real,
    vjp=lambda g, y, x: (g * y * digamma(x),),
    host_only=_ABSENT,
    may_raise=False,
)
def gamma(x: Any, /) -> Any:
    """The integral of t^(x - 1) exp(-t) over t > 0, continued to x < 0; (x - 1)! of whole numbers.

    x: any shape, real; NaN at whole numbers below 0, infinite at 0. Result: x's dtype, of integers
    a float as of `np.exp`; within 1e-13 relative in float64 and rounded from it otherwise. Raises
    WrongKind for complex numbers. By Stirling's series (Abramowitz and Stegun 1964, 6.1.37). As
    `scipy.special.gamma`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.gamma(numpy.array([0.5, 1.0, 5.0]))
    array([ 1.77245385,  1.        , 24.        ])
    """
    return _in_float64(gamma_function.gamma, x)


@primitive(infer=_real, vjp=lambda g, y, x: (g * digamma(x),), host_only=_ABSENT, may_raise=False)
def gammaln(x: Any, /) -> Any:
    """log(|gamma(x)|), which does not overflow where gamma does.

    x: any shape, real; infinite at 0 and whole numbers below. Result: x's dtype, of integers a
    float as of `np.exp`; within 1e-13 relative in float64 where x > 0, absolute near its zeros
    below 0, and rounded from it otherwise. Raises WrongKind for complex numbers. By Stirling's and
    Taylor's series (Abramowitz and Stegun 1964, 6.1.41 and 6.1.33). As `scipy.special.gammaln`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.gammaln(numpy.array([0.5, 1.0, 1000.0]))
    array([5.72364943e-01, 0.00000000e+00, 5.90522042e+03])
    """
    return _in_float64(gamma_function.log_gamma, x)
