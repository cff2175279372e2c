"""Rounding, and the parts of floating-point numbers."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import WrongKind
from isthmus.graph.infer import DType, Elementwise, elementwise
from isthmus.graph.nodes import Type
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
    """The smallest whole number not below x. x: any shape, real; the result has its dtype.

    Raises UsageError for complex numbers (NumPy arrays: TypeError). As `numpy.ceil`.

    >>> from isthmus import np
    >>> np.ceil(np.asarray([-1.5, 1.5]))
    array([-1.,  2.])
    """
    return numpy.ceil(x)


@primitive(infer=Loop(numpy.floor), zero_gradient=True)
def floor(x: Any, /) -> Any:
    """The largest whole number not above x. x: any shape, real; the result has its dtype.

    Raises UsageError for complex numbers (NumPy arrays: TypeError). As `numpy.floor`.

    >>> from isthmus import np
    >>> np.floor(np.asarray([-1.5, 1.5]))
    array([-2.,  1.])
    """
    return numpy.floor(x)


@primitive(infer=Loop(numpy.trunc), zero_gradient=True)
def trunc(x: Any, /) -> Any:
    """The nearest whole number between x and 0. x: any shape, real; the result has its dtype.

    Raises UsageError for complex numbers (NumPy arrays: TypeError). As `numpy.trunc`.

    >>> from isthmus import np
    >>> np.trunc(np.asarray([-1.5, 1.5]))
    array([-1.,  1.])
    """
    return numpy.trunc(x)


@primitive(infer=Loop(numpy.rint), zero_gradient=True)
def rint(x: Any, /) -> Any:
    """The nearest whole number, in floating point; halves go to the even one.

    x: any shape; floating and complex dtypes stay, integers become floats. As `numpy.rint`.

    >>> from isthmus import np
    >>> np.rint(np.asarray([0.5, 1.5, 2.6]))
    array([0., 2., 3.])
    """
    return numpy.rint(x)


def _rounded(dtype: Any) -> Any:
    """NumPy rounds truth values to float16."""
    return numpy.round(numpy.empty(0, dtype)).dtype


class _Rounding(Elementwise):
    """Truth values are rounded to float16, by NumPy to whole numbers alone."""

    def promote(self, *operands: Any) -> list[DType]:
        return [numpy.result_type(operand) for operand in operands]

    def __call__(self, *types: Type, decimals: int = 0, **_: Any) -> Type:
        if types[0].dtype == numpy.bool_ and decimals:
            raise WrongKind(f"{types[0]} to {decimals} decimals; cast it before")
        return super().__call__(*types)


@primitive(infer=_Rounding(_rounded), zero_gradient=True)
def round(x: Any, /, decimals: int = 0) -> Any:
    """The nearest multiple of 10**-decimals; halves go to the even one.

    x: any shape; the result has its dtype, float16 of truth values. As `numpy.round`.

    >>> from isthmus import np
    >>> np.round(np.asarray([1.25, 2.5]), 1)
    array([1.2, 2.5])
    >>> np.round(np.asarray([126, 135]), -1)
    array([130, 140])
    """
    return numpy.round(x, decimals)


fix = trunc
around = round


def _copysign_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, None]:
    return where(equal(signbit(a), signbit(b)), g, -g), None


@primitive(infer=Loop(numpy.copysign), vjp=_copysign_gradient)
def copysign(x1: Any, x2: Any, /) -> Any:
    """|x1| with the sign of x2. x1, x2: real, broadcast; -0.0 and NaN have a sign, too.

    Result: the common dtype; of integers a floating one. Raises UsageError for complex numbers
    (NumPy arrays: TypeError). As `numpy.copysign`.

    >>> from isthmus import np
    >>> np.copysign(np.asarray([1.0, 2.0]), np.asarray([-0.0, 1.0]))
    array([-1.,  2.])
    """
    return numpy.copysign(x1, x2)


@primitive(infer=Loop(numpy.nextafter), vjp=lambda g, y, a, b: (g, None))
def nextafter(x1: Any, x2: Any, /) -> Any:
    """The floating-point number next to x1 in the direction of x2.

    x1, x2: real, broadcast. Result: the common dtype; of integers a floating one. Raises UsageError
    for complex numbers (NumPy arrays: TypeError). As `numpy.nextafter`.

    >>> from isthmus import np
    >>> np.nextafter(np.asarray(1.0), np.asarray(2.0)) - 1
    np.float64(2.220446049250313e-16)
    """
    return numpy.nextafter(x1, x2)


@primitive(infer=Loop(numpy.spacing), zero_gradient=True)
def spacing(x: Any, /) -> Any:
    """The distance from x to the next number away from 0.

    x: any shape, real; floating dtypes stay, integers become floats. Raises UsageError for complex
    numbers (NumPy arrays: TypeError). As `numpy.spacing`.

    >>> from isthmus import np
    >>> np.spacing(np.asarray([1.0, -4.0]))
    array([ 2.22044605e-16, -8.88178420e-16])
    """
    return numpy.spacing(x)


def _ldexp_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, None]:
    return ldexp(g, b), None


@primitive(infer=Loop(numpy.ldexp), vjp=_ldexp_gradient)
def ldexp(x1: Any, x2: Any, /) -> Any:
    """x1 * 2**x2, x2 whole numbers. x1: floating, x2: an integer dtype; broadcast.

    Result: x1's dtype; of integers a floating one. Raises UsageError for other dtypes (NumPy
    arrays: TypeError). As `numpy.ldexp`.

    >>> from isthmus import np
    >>> np.ldexp(np.asarray([1.5, 3.0]), np.asarray([1, 2]))
    array([ 3., 12.])
    """
    return numpy.ldexp(x1, x2)


@primitive(infer=Loop(numpy.modf), vjp=lambda g, y, x: (g,))
def _modf_fraction(x: Any, /) -> Any:
    return numpy.modf(x)[0]


@primitive(infer=Loop(numpy.modf, 1), zero_gradient=True)
def _modf_whole(x: Any, /) -> Any:
    return numpy.modf(x)[1]


def modf(x: Any, /) -> tuple[Any, Any]:
    """The part of x behind the point, and the whole number before it, both with the sign of x.

    x: any shape, real; floating dtypes stay, integers become floats. Raises UsageError for complex
    numbers (NumPy arrays: TypeError). As `numpy.modf`.

    >>> from isthmus import np
    >>> np.modf(np.asarray([1.5, -2.25]))
    (array([ 0.5 , -0.25]), array([ 1., -2.]))
    """
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
    """m and e with x = m * 2**e and 0.5 <= |m| < 1; 0 and 0 for x = 0.

    x: any shape, real. m: x's floating dtype, of integers a floating one; e: int32. Raises
    UsageError for complex numbers (NumPy arrays: TypeError). As `numpy.frexp`.

    >>> from isthmus import np
    >>> np.frexp(np.asarray([3.0, 8.0]))
    (array([0.75, 0.5 ]), array([2, 4], dtype=int32))
    """
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

    copy=False overwrites an array of NumPy's; other arrays are never overwritten. Result: x's
    dtype. As `numpy.nan_to_num`.

    >>> from isthmus import np
    >>> np.nan_to_num(np.asarray([1.0, np.nan, -np.inf]), neginf=-9.0)
    array([ 1.,  0., -9.])
    """
    return numpy.nan_to_num(x, copy=copy, nan=nan, posinf=posinf, neginf=neginf)
