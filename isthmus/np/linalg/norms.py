"""Lengths of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.infer import axes_of, one_axis, reduced_shape
from isthmus.graph.nodes import Type
from isthmus.graph.whole import wholes
from isthmus.np import host_only
from isthmus.np.comparisons import not_equal
from isthmus.np.complex_numbers import imag, real
from isthmus.np.conversion import asarray, astype
from isthmus.np.elementwise import abs
from isthmus.np.exponents import pow, sqrt
from isthmus.np.parts import in_parts, ordered, shaped
from isthmus.np.statistical import max, min, sum
from isthmus.trace.op import primitive

from .decompositions import svdvals
from .types import dtypes_of, sizes, smaller

__all__ = [
    "cond",
    "matrix_norm",
    "norm",
    "vector_norm",
]


@in_parts(numpy.linalg.norm)
def norm(x: Any, /, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of vectors along one axis, or of matrices along two; see the functions of each.

    ord: None for the root of the sum of squares, which without axes is that of all elements; else
    as of `vector_norm` and `matrix_norm`. Result: x's floating dtype, real of complex numbers and
    float64 of integers. Raises UsageError for other numbers of axes, or for an ord that the kind
    lacks (NumPy arrays: ValueError). As `numpy.linalg.norm`.

    >>> from isthmus import np
    >>> np.linalg.norm(np.asarray([[3.0, 4.0], [6.0, 8.0]]), axis=1)
    array([ 5., 10.])
    """
    x = _floating(asarray(x))
    if axis is None and (ord is None or (ord, x.ndim) in (("f", 2), ("fro", 2), (2, 1))):
        return sqrt(sum(_squares(x), axis=None, keepdims=keepdims))
    axes = range(x.ndim) if axis is None else wholes(axis)
    along = tuple(one_axis(a, x.ndim) for a in axes)
    if len(along) == 1:
        return _of_vectors(x, 2 if ord is None else ord, along, keepdims)
    if len(along) != 2 or along[0] == along[1]:
        raise UsageError(f"axis={axis} of {x.ndim} axes: give one for vectors, two for matrices")
    return _of_matrices(x, "fro" if ord is None else ord, along, keepdims)


@in_parts(numpy.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """sum(abs(x) ** ord) ** (1 / ord) over axes, or over all.

    ord: also inf and -inf, the largest and the smallest abs(x), and 0, how many are not 0. Result:
    x's floating dtype, real of complex numbers and float64 of integers. Raises UsageError for an
    ord of matrices (NumPy arrays: ValueError). As `numpy.linalg.vector_norm`.

    >>> from isthmus import np
    >>> np.linalg.vector_norm(np.asarray([[3.0, 4.0], [6.0, 8.0]]), axis=1, ord=1)
    array([ 7., 14.])
    """
    return _of_vectors(_floating(asarray(x)), ord, axis, keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of the matrices in the last two axes.

    ord: "fro" for the root of the sum of squares, "nuc" for the sum of singular values, 2 and -2
    for the largest and smallest of them; 1 and -1 for the largest and smallest sum of abs(x) over a
    column, inf and -inf over a row. x: [..., M, N] -> [...], of x's floating dtype, real of complex
    numbers and float64 of integers. Raises UsageError for another ord and for less than two axes
    (NumPy arrays: ValueError). As `numpy.linalg.matrix_norm`.

    >>> from isthmus import np
    >>> np.linalg.matrix_norm(np.asarray([[1.0, 2.0], [3.0, 4.0]]), ord=1)
    np.float64(6.0)
    """
    return norm(x, ord=ord, axis=(-2, -1), keepdims=keepdims)


def _floating(x: Any) -> Any:
    return x if x.dtype.kind in "fc" else astype(x, numpy.float64)


def _squares(x: Any) -> Any:
    """|x|**2"""
    if x.dtype.kind != "c":
        return x * x
    a, b = real(x), imag(x)
    return a * a + b * b


def _of_vectors(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise UsageError(f"ord={ord!r} is for matrices; give a number for vectors")
    if ord == 2:
        return sqrt(sum(_squares(x), axis=axis, keepdims=keepdims))
    if ord == 0:
        counted = astype(not_equal(x, 0), real(x).dtype)
        return sum(counted, axis=axis, keepdims=keepdims)
    size = abs(x)
    if ord == numpy.inf:
        return _largest(size, axis, keepdims)
    if ord == -numpy.inf:
        return min(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    total = sum(pow(size, ord), axis=axis, keepdims=keepdims)
    return pow(total, numpy.reciprocal(ord, dtype=total.dtype))


def _largest(size: Any, axis: Any, keepdims: bool) -> Any:
    """The largest of numbers that are not negative; 0 if there are none."""
    gone = [size.shape[i] for i in axes_of(axis, size.ndim)]
    if any(isinstance(n, Dim) for n in gone):
        return max(size, axis=axis, keepdims=keepdims, initial=0)
    if any(isinstance(n, int) and n == 0 for n in gone):
        return sum(size, axis=axis, keepdims=keepdims)
    return max(size, axis=axis, keepdims=keepdims)


def _of_matrices(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    shape = reduced_shape(x.shape, axes, keepdims)
    if ord in ("fro", "f"):
        return sqrt(sum(_squares(x), axis=axes, keepdims=keepdims))
    if ord in (2, -2, "nuc"):
        rest = [i for i in range(x.ndim) if i not in axes]
        values = svdvals(ordered(x, [*rest, *axes]))
        return shaped(_of_values(values, ord), shape)
    if ord in (1, -1):
        within, among = axes
    elif ord in (numpy.inf, -numpy.inf):
        among, within = axes
    else:
        raise UsageError(f"ord={ord!r}: give 1, -1, 2, -2, inf, -inf, 'fro' or 'nuc' for matrices")
    sums = sum(abs(x), axis=within, keepdims=True)
    return shaped(
        _largest(sums, among, True) if ord > 0 else min(sums, axis=among, keepdims=True), shape
    )


def _of_values(values: Any, ord: Any) -> Any:
    """The norm by singular values."""
    if ord == "nuc":
        return sum(values, axis=-1)
    return _largest(values, -1, False) if ord == 2 else min(values, axis=-1)


_CONDITIONS = (None, 1, -1, 2, -2, numpy.inf, -numpy.inf, "fro", "f", "nuc")


def _cond_type(x: Type, p: Any) -> Type:
    stack, rows, columns = sizes(x)
    if p not in _CONDITIONS:
        raise UsageError(f"p={p!r}; give None, 1, -1, 2, -2, inf, -inf, 'fro' or 'nuc'")
    smaller(rows, columns)
    return Type(dtypes_of(numpy.linalg.cond, x.dtype)[0], stack)


@primitive(infer=_cond_type, host_only=host_only.DECOMPOSED)
def cond(x: Any, /, p: Any = None) -> Any:
    """How much solving equations with x can amplify an error: norm(x, p) * norm(inv(x), p).

    x: [..., M, N] -> [...], real, float64 of integers; inf of a singular matrix. p: an `ord` of
    matrices, which have to be square then; None for the largest singular value divided by the
    smallest. Raises LinAlgError for a p of others, UsageError for less than two axes, and for
    float16 (NumPy arrays: LinAlgError, TypeError). As `numpy.linalg.cond`.

    >>> from isthmus import np
    >>> np.linalg.cond(np.asarray([[2.0, 0.0], [0.0, 8.0]]))
    np.float64(4.0)
    """
    return numpy.linalg.cond(x, p)
