"""NumPy's other products of vectors, matrices and tensors, and the trace."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.infer import one_axis

from .conversion import asarray
from .elementwise import multiply, subtract
from .indexing import getitem
from .linear_algebra import conjugated, matmul, tensordot
from .manipulation import reshape, stack
from .parts import in_parts, shaped
from .statistical import sum
from .triangles import diagonal

__all__ = [
    "cross",
    "dot",
    "inner",
    "kron",
    "outer",
    "trace",
    "vdot",
]


@in_parts(numpy.dot)
def dot(a: Any, b: Any, /) -> Any:
    """Sums of products over the last axis of a and the last but one of b, its only if it has one.

    The other axes do not broadcast, unlike those of matmul: all of a's come before all of b's.
    """
    a, b = asarray(a), asarray(b)
    if not a.ndim or not b.ndim:
        return multiply(a, b)
    if a.ndim < 3 and b.ndim < 3:
        return matmul(a, b)
    return tensordot(a, b, axes=((-1,), (-1 if b.ndim == 1 else -2,)))


@in_parts(numpy.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Sums of products over the last axis of both."""
    a, b = asarray(a), asarray(b)
    return tensordot(a, b, axes=((-1,), (-1,))) if a.ndim and b.ndim else multiply(a, b)


@in_parts(numpy.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """sum(conj(a) * b), of all elements in order."""
    a, b = asarray(a), asarray(b)
    return matmul(conjugated(reshape(a, (-1,))), reshape(b, (-1,)))


@in_parts(numpy.outer)
def outer(a: Any, b: Any, /) -> Any:
    """The product of every element of a, a row each, and every element of b, a column each."""
    a, b = asarray(a), asarray(b)
    return multiply(reshape(a, (-1, 1)), reshape(b, (1, -1)))


@in_parts(numpy.kron)
def kron(a: Any, b: Any, /) -> Any:
    """Every element of a times the whole of b, laid out as a's elements are."""
    a, b = asarray(a), asarray(b)
    ndim = max(a.ndim, b.ndim)
    tall, wide = ((1,) * (ndim - x.ndim) + tuple(x.shape) for x in (a, b))
    spread = reshape(a, tuple(size for s in tall for size in (s, 1)))
    repeated = reshape(b, tuple(size for s in wide for size in (1, s)))
    sizes = tuple(s * t for s, t in zip(tall, wide, strict=True))
    return shaped(multiply(spread, repeated), sizes)


@in_parts(numpy.cross)
def cross(
    a: Any, b: Any, /, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector perpendicular to a and b, of the length of the area between them.

    axisa, axisb, axisc: where the vectors of a, b and the result lie, or `axis` for all. Where
    both have 2 elements the result is the third one alone, a number.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    (a0, a1, a2), (b0, b1, b2) = _vector(asarray(a), axisa), _vector(asarray(b), axisb)
    third = subtract(multiply(a0, b1), multiply(a1, b0))
    if a2 is None and b2 is None:
        return third
    first = _turned(a1, b2, a2, b1)
    second = _turned(a2, b0, a0, b2)
    return stack([first, second, third], axis=one_axis(axisc, third.ndim + 1))


def _vector(x: Any, axis: int) -> tuple[Any, Any, Any]:
    """The 3 elements of vectors along an axis; None for the third where there are 2."""
    along = one_axis(axis, x.ndim)
    size = x.shape[along]
    if isinstance(size, Dim) or size not in (2, 3):
        raise UsageError(f"vectors of {size} elements along axis {axis}; give 3, or 2")
    parts = [getitem(x, (slice(None),) * along + (i,)) for i in range(size)]
    return parts[0], parts[1], parts[2] if size == 3 else None


def _turned(a: Any, b: Any, c: Any, d: Any) -> Any:
    """a * b - c * d, where None is 0."""
    if a is None or b is None:
        return -multiply(c, d)
    return multiply(a, b) if c is None or d is None else subtract(multiply(a, b), multiply(c, d))


@in_parts(numpy.trace)
def trace(x: Any, /, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """The sum of the diagonal x[i, i + offset] of two axes."""
    return sum(diagonal(x, offset, axis1, axis2), axis=-1, dtype=dtype)
