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
    """a of a + bj"""
    return numpy.real(x)


@primitive(infer=as_numpy(numpy.imag, "same"), view=True, zero_gradient=True)
def imag(x: Any, /) -> Any:
    """b of a + bj; 0 of a real number."""
    return numpy.imag(x)


@primitive(infer=Loop(numpy.conjugate), vjp=lambda g, y, x: (g,))
def conj(x: Any, /) -> Any:
    """a - bj of a + bj"""
    return numpy.conjugate(x)


conjugate = conj


@composite
def angle(z: Any, /, deg: bool = False) -> Any:
    """The direction of z seen from 0: atan2(imag(z), real(z)), in radians or degrees."""
    z = asarray(z)
    radians = atan2(imag(z) if z.dtype.kind == "c" else 0, real(z))
    return multiply(radians, 180 / math.pi) if deg else radians


@composite
def isreal(x: Any, /) -> Any:
    """Whether the imaginary part is 0."""
    return equal(imag(x), 0)


@composite
def iscomplex(x: Any, /) -> Any:
    """Whether the imaginary part is not 0."""
    return not_equal(imag(x), 0)
