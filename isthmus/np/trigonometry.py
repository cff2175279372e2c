"""Angles and hyperbolas. Angles are in radians."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus.graph.operator import FOLLOWS
from isthmus.graph.ufunc_types import Loop
from isthmus.trace.op import composite, primitive

from .conversion import asarray
from .elementwise import divide, multiply
from .exponents import sqrt
from .searching import where

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "rad2deg",
    "radians",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]


def _sin_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * cos(x),)


@primitive(infer=Loop(numpy.sin), vjp=_sin_gradient)
def sin(x: Any, /) -> Any:
    """The sine of x, an angle in radians.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.sin`.

    >>> from isthmus import np
    >>> np.sin(np.asarray([0.0, np.pi / 6, np.pi / 2]))
    array([0. , 0.5, 1. ])
    """
    return numpy.sin(x)


@primitive(infer=Loop(numpy.cos), vjp=lambda g, y, x: (-g * sin(x),))
def cos(x: Any, /) -> Any:
    """The cosine of x, an angle in radians.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.cos`.

    >>> from isthmus import np
    >>> np.cos(np.asarray([0.0, np.pi / 3, np.pi]))
    array([ 1. ,  0.5, -1. ])
    """
    return numpy.cos(x)


@primitive(infer=Loop(numpy.tan), vjp=lambda g, y, x: (g * (1 + y * y),))
def tan(x: Any, /) -> Any:
    """The tangent of x, an angle in radians.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.tan`.

    >>> from isthmus import np
    >>> np.tan(np.asarray([0.0, np.pi / 4]))
    array([0., 1.])
    """
    return numpy.tan(x)


@primitive(infer=Loop(numpy.arcsin), vjp=lambda g, y, x: (g / sqrt(1 - x * x),))
def asin(x: Any, /) -> Any:
    """The angle in -pi/2 .. pi/2 whose sine is x, in radians; NaN for a real x outside -1 .. 1.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.asin`.

    >>> from isthmus import np
    >>> np.asin(np.asarray([0.0, 1.0]))
    array([0.        , 1.57079633])
    """
    return numpy.arcsin(x)


@primitive(infer=Loop(numpy.arccos), vjp=lambda g, y, x: (-g / sqrt(1 - x * x),))
def acos(x: Any, /) -> Any:
    """The angle in 0 .. pi whose cosine is x, in radians; NaN for a real x outside -1 .. 1.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.acos`.

    >>> from isthmus import np
    >>> np.acos(np.asarray([-1.0, 0.0, 1.0]))
    array([3.14159265, 1.57079633, 0.        ])
    """
    return numpy.arccos(x)


@primitive(infer=Loop(numpy.arctan), vjp=lambda g, y, x: (g / (1 + x * x),))
def atan(x: Any, /) -> Any:
    """The angle in -pi/2 .. pi/2 whose tangent is x, in radians.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.atan`.

    >>> from isthmus import np
    >>> np.atan(np.asarray([0.0, 1.0]))
    array([0.        , 0.78539816])
    """
    return numpy.arctan(x)


def _atan2_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    scaled = g / (a * a + b * b)
    return scaled * b, -scaled * a


@primitive(infer=Loop(numpy.arctan2), vjp=_atan2_gradient)
def atan2(x1: Any, x2: Any, /) -> Any:
    """The angle in -pi .. pi of the point at (x2, x1), seen from (0, 0), in radians.

    x1, x2: real, broadcast. Result: the common dtype; of integers a floating one. Raises UsageError
    for complex numbers (NumPy arrays: TypeError). As `numpy.atan2`.

    >>> from isthmus import np
    >>> np.atan2(np.asarray([1.0, 1.0]), np.asarray([1.0, -1.0]))
    array([0.78539816, 2.35619449])
    """
    return numpy.arctan2(x1, x2)


def _sinh_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g * cosh(x),)


@primitive(infer=Loop(numpy.sinh), vjp=_sinh_gradient)
def sinh(x: Any, /) -> Any:
    """(exp(x) - exp(-x)) / 2

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.sinh`.

    >>> from isthmus import np
    >>> np.sinh(np.asarray([0.0, 1.0]))
    array([0.        , 1.17520119])
    """
    return numpy.sinh(x)


@primitive(infer=Loop(numpy.cosh), vjp=lambda g, y, x: (g * sinh(x),))
def cosh(x: Any, /) -> Any:
    """(exp(x) + exp(-x)) / 2

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.cosh`.

    >>> from isthmus import np
    >>> np.cosh(np.asarray([0.0, 1.0]))
    array([1.        , 1.54308063])
    """
    return numpy.cosh(x)


@primitive(infer=Loop(numpy.tanh), vjp=lambda g, y, x: (g * (1 - y * y),), precision=FOLLOWS)
def tanh(x: Any, /) -> Any:
    """sinh(x) / cosh(x)

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.tanh`.

    >>> from isthmus import np
    >>> np.tanh(np.asarray([0.0, 1.0]))
    array([0.        , 0.76159416])
    """
    return numpy.tanh(x)


@primitive(infer=Loop(numpy.arcsinh), vjp=lambda g, y, x: (g / sqrt(x * x + 1),))
def asinh(x: Any, /) -> Any:
    """The number whose sinh is x: log(x + sqrt(x * x + 1)).

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.asinh`.

    >>> from isthmus import np
    >>> np.asinh(np.asarray([0.0, 1.0]))
    array([0.        , 0.88137359])
    """
    return numpy.arcsinh(x)


@primitive(infer=Loop(numpy.arccosh), vjp=lambda g, y, x: (g / sqrt(x * x - 1),))
def acosh(x: Any, /) -> Any:
    """The number from 0 on whose cosh is x: log(x + sqrt(x * x - 1)); NaN for a real x below 1.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.acosh`.

    >>> from isthmus import np
    >>> np.acosh(np.asarray([1.0, 2.0]))
    array([0.       , 1.3169579])
    """
    return numpy.arccosh(x)


@primitive(infer=Loop(numpy.arctanh), vjp=lambda g, y, x: (g / (1 - x * x),))
def atanh(x: Any, /) -> Any:
    """The number whose tanh is x: log((1 + x) / (1 - x)) / 2; NaN for a real x outside -1 .. 1.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.atanh`.

    >>> from isthmus import np
    >>> np.atanh(np.asarray([0.0, 0.5]))
    array([0.        , 0.54930614])
    """
    return numpy.arctanh(x)


@primitive(infer=Loop(numpy.rad2deg), vjp=lambda g, y, x: (g * (180 / math.pi),))
def rad2deg(x: Any, /) -> Any:
    """x * 180 / pi: radians as degrees.

    x: any shape, real; floating dtypes stay, integers become floats. Raises UsageError for complex
    numbers (NumPy arrays: TypeError). As `numpy.rad2deg`.

    >>> from isthmus import np
    >>> np.rad2deg(np.asarray([0.0, np.pi / 2]))
    array([ 0., 90.])
    """
    return numpy.rad2deg(x)


@primitive(infer=Loop(numpy.deg2rad), vjp=lambda g, y, x: (g * (math.pi / 180),))
def deg2rad(x: Any, /) -> Any:
    """x * pi / 180: degrees as radians.

    x: any shape, real; floating dtypes stay, integers become floats. Raises UsageError for complex
    numbers (NumPy arrays: TypeError). As `numpy.deg2rad`.

    >>> from isthmus import np
    >>> np.deg2rad(np.asarray([0.0, 180.0]))
    array([0.        , 3.14159265])
    """
    return numpy.deg2rad(x)


@composite
def sinc(x: Any, /) -> Any:
    """sin(pi * x) / (pi * x), and 1 at 0.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.sinc`.

    >>> from isthmus import np
    >>> np.sinc(np.asarray([0.0, 0.5]))
    array([1.        , 0.63661977])
    """
    x = multiply(math.pi, asarray(x))
    tiny = numpy.finfo(x.dtype).eps if x.dtype.kind == "f" else 1e-20
    y = where(x, x, tiny)
    return divide(sin(y), y)


arccos = acos
arccosh = acosh
arcsin = asin
arcsinh = asinh
arctan = atan
arctan2 = atan2
arctanh = atanh
degrees = rad2deg
radians = deg2rad
