"""The parts of complex numbers. A real number is its own real part."""

from __future__ import annotations

import math
from typing import Any

import numpy

from isthmus.graph.infer import as_numpy
from isthmus.graph.ufunc_types import Loop
from isthmus.trace.op import composite, primitive

from .comparisons import equal, not_equal
from .conversion import asarray
from .elementwise import multiply
from .trigonometry import atan2

__all__ = [
    "angle",
    "conj",
    "conjugate",
    "imag",
    "iscomplex",
    "isreal",
    "real",
]


@primitive(infer=as_numpy(numpy.real, "same"), view=True, vjp=lambda g, y, x: (g,))
def real(x: Any, /) -> Any:
    """a of a + bj

    x: any shape. The result is float32 of complex64, float64 of complex128, else of x's dtype. It
    may share x's memory.

    >>> from isthmus import np
    >>> np.real([1 + 2j, 3])
    array([1., 3.])
    """
    return numpy.real(x)


@primitive(infer=as_numpy(numpy.imag, "same"), view=True, zero_gradient=True)
def imag(x: Any, /) -> Any:
    """b of a + bj; 0 of a real number.

    x: any shape. The result is float32 of complex64, float64 of complex128, else of x's dtype. It
    may share x's memory.

    >>> from isthmus import np
    >>> np.imag([1 + 2j, 3])
    array([2., 0.])
    """
    return numpy.imag(x)


@primitive(infer=Loop(numpy.conjugate), vjp=lambda g, y, x: (g,))
def conj(x: Any, /) -> Any:
    """a - bj of a + bj

    x: any shape; the result has its dtype, int8 of truth values. A real number is its own
    conjugate.

    >>> from isthmus import np
    >>> np.conj([1 + 2j, 3 - 4j])
    array([1.-2.j, 3.+4.j])
    """
    return numpy.conjugate(x)


conjugate = conj


@composite
def angle(z: Any, /, deg: bool = False) -> Any:
    """The direction of z seen from 0: atan2(imag(z), real(z)), in radians or degrees.

    z: any shape. The result is float32 of complex64, float64 of complex128; a real number's is 0 or
    pi, in the first of float16, float32 and float64 to which it is cast safely, float64 of truth
    values.

    >>> from isthmus import np
    >>> np.angle([1.0, 1j, -1.0], deg=True)
    array([  0.,  90., 180.])
    """
    z = asarray(z)
    radians = atan2(imag(z) if z.dtype.kind == "c" else 0, real(z))
    return multiply(radians, 180 / math.pi) if deg else radians


@composite
def isreal(x: Any, /) -> Any:
    """Whether the imaginary part is 0.

    x: any shape and dtype; the result is bool.

    >>> from isthmus import np
    >>> np.isreal([1 + 2j, 3])
    array([False,  True])
    """
    return equal(imag(x), 0)


@composite
def iscomplex(x: Any, /) -> Any:
    """Whether the imaginary part is not 0.

    x: any shape and dtype; the result is bool.

    >>> from isthmus import np
    >>> np.iscomplex([1 + 2j, 3])
    array([ True, False])
    """
    return not_equal(imag(x), 0)
