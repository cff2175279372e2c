"""Rounding, and the parts of floating-point numbers."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.graph.infer import Elementwise, elementwise
from isthmus.graph.ufunc_types import Loop
from isthmus.trace.op import primitive

from .comparisons import equal, isfinite, signbit
from .searching import where

__all__ = [
    "around",
    "ceil",
    "copysign",
    "fix",
    "floor",
    "frexp",
    "ldexp",
    "modf",
    "nan_to_num",
    "nextafter",
    "rint",
    "round",
    "spacing",
    "trunc",
]


@primitive(infer=Loop(numpy.ceil), zero_gradient=True)
def ceil(x: Any, /) -> Any:
    """The smallest whole number not below x."""
    return numpy.ceil(x)


@primitive(infer=Loop(numpy.floor), zero_gradient=True)
def floor(x: Any, /) -> Any:
    """The largest whole number not above x."""
    return numpy.floor(x)


@primitive(infer=Loop(numpy.trunc), zero_gradient=True)
def trunc(x: Any, /) -> Any:
    """The nearest whole number between x and 0."""
    return numpy.trunc(x)


@primitive(infer=Loop(numpy.rint), zero_gradient=True)
def rint(x: Any, /) -> Any:
    """The nearest whole number, in floating point; halves go to the even one."""
    return numpy.rint(x)


def _rounded(dtype: Any) -> Any:
    """NumPy rounds truth values to float16."""
    return numpy.round(numpy.empty(0, dtype)).dtype


@primitive(infer=Elementwise(_rounded), zero_gradient=True)
def round(x: Any, /, decimals: int = 0) -> Any:
    """The nearest multiple of 10**-decimals; halves go to the even one."""
    return numpy.round(x, decimals)


fix = trunc
around = round


def _copysign_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, None]:
    return where(equal(signbit(a), signbit(b)), g, -g), None


@primitive(infer=Loop(numpy.copysign), vjp=_copysign_gradient)
def copysign(x1: Any, x2: Any, /) -> Any:
    """|x1| with the sign of x2."""
    return numpy.copysign(x1, x2)


@primitive(infer=Loop(numpy.nextafter), vjp=lambda g, y, a, b: (g, None))
def nextafter(x1: Any, x2: Any, /) -> Any:
    """The floating-point number next to x1 in the direction of x2."""
    return numpy.nextafter(x1, x2)


@primitive(infer=Loop(numpy.spacing), zero_gradient=True)
def spacing(x: Any, /) -> Any:
    """The distance from x to the next number away from 0."""
    return numpy.spacing(x)


def _ldexp_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, None]:
    return ldexp(g, b), None


@primitive(infer=Loop(numpy.ldexp), vjp=_ldexp_gradient)
def ldexp(x1: Any, x2: Any, /) -> Any:
    """x1 * 2**x2, x2 whole numbers."""
    return numpy.ldexp(x1, x2)


@primitive(infer=Loop(numpy.modf), vjp=lambda g, y, x: (g,))
def _modf_fraction(x: Any, /) -> Any:
    return numpy.modf(x)[0]


@primitive(infer=Loop(numpy.modf, 1), zero_gradient=True)
def _modf_whole(x: Any, /) -> Any:
    return numpy.modf(x)[1]


def modf(x: Any, /) -> tuple[Any, Any]:
    """The part of x behind the point, and the whole number before it, both with the sign of x."""
    return _modf_fraction(x), _modf_whole(x)


def _mantissa_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (ldexp(g, -_frexp_exponent(x)),)


@primitive(infer=Loop(numpy.frexp), vjp=_mantissa_gradient)
def _frexp_mantissa(x: Any, /) -> Any:
    return numpy.frexp(x)[0]


@primitive(infer=Loop(numpy.frexp, 1))
def _frexp_exponent(x: Any, /) -> Any:
    return numpy.frexp(x)[1]


def frexp(x: Any, /) -> tuple[Any, Any]:
    """m and e with x = m * 2**e and 0.5 <= |m| < 1."""
    return _frexp_mantissa(x), _frexp_exponent(x)


def _nan_to_num_gradient(g: Any, y: Any, x: Any, **_: Any) -> tuple[Any]:
    return (where(isfinite(x), g, 0),)


@primitive(infer=elementwise, vjp=_nan_to_num_gradient)
def nan_to_num(
    x: Any,
    /,
    copy: bool = True,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Any:
    """x with numbers instead of NaN and infinities; of None the largest and lowest of the dtype.

    copy=False overwrites an array of NumPy's; other arrays are never overwritten.
    """
    return numpy.nan_to_num(x, copy=copy, nan=nan, posinf=posinf, neginf=neginf)
