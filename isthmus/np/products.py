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

    The other axes do not broadcast, unlike those of matmul: all of a's come before all of b's. a:
    [..., M, K], b: [..., K, N]; an array without axes multiplies the other. Result: the common
    dtype. Raises DimensionError if the sizes K differ; of NumPy arrays NumPy's ValueError. As
    `numpy.dot`.

    >>> from isthmus import np
    >>> np.dot(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 10]))
    array([21, 43])
    >>> np.dot(np.ones((2, 3, 4)), np.ones((5, 4, 6))).shape
    (2, 3, 5, 6)
    """
    a, b = asarray(a), asarray(b)
    if not a.ndim or not b.ndim:
        return multiply(a, b)
    if a.ndim < 3 and b.ndim < 3:
        return matmul(a, b)
    return tensordot(a, b, axes=((-1,), (-1 if b.ndim == 1 else -2,)))


@in_parts(numpy.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Sums of products over the last axis of both.

    a: [..., K], b: [..., K] -> all other axes of a, then those of b; an array without axes
    multiplies the other. Result: the common dtype. Raises DimensionError if the sizes K differ; of
    NumPy arrays NumPy's ValueError. As `numpy.inner`.

    >>> from isthmus import np
    >>> np.inner(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 10]))
    array([21, 43])
    """
    a, b = asarray(a), asarray(b)
    return tensordot(a, b, axes=((-1,), (-1,))) if a.ndim and b.ndim else multiply(a, b)


@in_parts(numpy.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """sum(conj(a) * b), of all elements in order.

    a, b: any shapes, of as many elements -> a number of the common dtype. Raises DimensionError if
    they have not as many; of NumPy arrays NumPy's ValueError. As `numpy.vdot`.

    >>> from isthmus import np
    >>> np.vdot(np.asarray([1, 2, 3]), np.asarray([4, 5, 6]))
    np.int64(32)
    """
    a, b = asarray(a), asarray(b)
    return matmul(conjugated(reshape(a, (-1,))), reshape(b, (-1,)))


@in_parts(numpy.outer)
def outer(a: Any, b: Any, /) -> Any:
    """The product of every element of a, a row each, and every element of b, a column each.

    a: M elements, b: N elements, of any shapes -> [M, N], of the common dtype. As `numpy.outer`.

    >>> from isthmus import np
    >>> np.outer(np.asarray([1, 2]), np.asarray([3, 4]))
    array([[3, 4],
           [6, 8]])
    """
    a, b = asarray(a), asarray(b)
    return multiply(reshape(a, (-1, 1)), reshape(b, (1, -1)))


@in_parts(numpy.kron)
def kron(a: Any, b: Any, /) -> Any:
    """Every element of a times the whole of b, laid out as a's elements are.

    a: [M, ...], b: [N, ...] -> [M * N, ...], of the common dtype; the one with fewer axes has
    leading ones of size 1. As `numpy.kron`.

    >>> from isthmus import np
    >>> np.kron(np.asarray([1, 10]), np.asarray([1, 2, 3]))
    array([ 1,  2,  3, 10, 20, 30])
    """
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

    axisa, axisb, axisc: where the vectors of a, b and the result lie, or `axis` for all; the other
    axes broadcast. Where both have 2 elements the result is the third one alone, a number. Result:
    the common dtype. Raises UsageError for vectors of other sizes; of NumPy arrays NumPy's
    ValueError. As `numpy.cross`.

    >>> from isthmus import np
    >>> np.cross(np.asarray([1, 0, 0]), np.asarray([0, 1, 0]))
    array([0, 0, 1])
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
    """The sum of the diagonal x[i, i + offset] of two axes.

    x: [..., M, ..., N, ...] -> the other axes, in the dtype of `sum`, or in `dtype`. Raises
    UsageError for axes that x lacks, or one of them twice; of a NumPy array NumPy's ValueError. As
    `numpy.trace`.

    >>> from isthmus import np
    >>> np.trace(np.asarray([[1, 2], [3, 4]]))
    np.int64(5)
    """
    return sum(diagonal(x, offset, axis1, axis2), axis=-1, dtype=dtype)
