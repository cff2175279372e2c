"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, same
from isthmus.graph.infer import one_axis
from isthmus.graph.shapes import product
from isthmus.trace.op import composite

from .comparisons import equal as equals
from .comparisons import greater_equal
from .conversion import asarray, astype, check_device
from .creation import arange, full
from .indexing import getitem
from .lookups import take
from .manipulation import concat, permute_dims, ravel, reshape
from .searching import where

__all__ = [
    "diag",
    "diagflat",
    "diagonal",
    "eye",
    "identity",
    "tri",
    "tril",
    "triu",
]

FARTHEST = 2**30  # a diagonal beyond it is outside every matrix there is


def _lines(rows: Any, columns: Any, k: Any) -> tuple[Any, Any]:
    """Row numbers as a column, shifted so that they equal the column's on diagonal k."""
    near = k if isinstance(k, Dim) else max(-FARTHEST, min(int(k), FARTHEST))
    first = arange(rows, dtype=numpy.int32)
    shifted = first + near if isinstance(near, Dim) or near else first
    return reshape(shifted, (-1, 1)), arange(columns, dtype=numpy.int32)


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = float, *, device: Any = None) -> Any:
    """Ones on diagonal k and zeros elsewhere; k counts to the right of the main diagonal.

    N rows, M columns (N by default), which may be named sizes -> [N, M], float64 by default. Raises
    UsageError for a device other than "cpu". As `numpy.eye`.

    >>> from isthmus import np
    >>> np.eye(2, 3, k=1)
    array([[0., 1., 0.],
           [0., 0., 1.]])
    """
    check_device(device)
    rows, columns = _lines(N, N if M is None else M, k)
    return astype(equals(rows, columns), numpy.dtype(dtype))


def identity(n: Any, dtype: Any = None) -> Any:
    """The square matrix [n, n] with ones on its diagonal; float64 by default.

    As `numpy.identity`.

    >>> from isthmus import np
    >>> np.identity(2)
    array([[1., 0.],
           [0., 1.]])
    """
    return eye(n, dtype=numpy.float64 if dtype is None else dtype)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = float) -> Any:
    """Ones on and below diagonal k, zeros above it; k counts to the right of the main diagonal.

    N rows, M columns (N by default), which may be named sizes -> [N, M], float64 by default. As
    `numpy.tri`.

    >>> from isthmus import np
    >>> np.tri(2, 3)
    array([[1., 0., 0.],
           [1., 1., 0.]])
    """
    rows, columns = _lines(N, N if M is None else M, k)
    return astype(greater_equal(rows, columns), numpy.dtype(dtype))


def _below(x: Any, k: int) -> Any:
    """Truth on and below diagonal k of matrices like x; of x's only axis squared."""
    sizes = x.shape[-2:]
    if not sizes:
        raise UsageError("a triangle of a 0-d array; give at least one axis")
    return tri(sizes[0], sizes[-1], k, dtype=numpy.bool_)


@composite
def tril(x: Any, /, k: int = 0) -> Any:
    """The matrices of the last two axes with zeros above diagonal k.

    x: [..., M, N], of whose dtype and shape the result is; an x of [N] is repeated as N rows.
    Raises UsageError for an x without axes. As `numpy.tril`.

    >>> from isthmus import np
    >>> np.tril(np.asarray([[1, 2], [3, 4]]))
    array([[1, 0],
           [3, 4]])
    """
    x = asarray(x)
    return where(_below(x, k), x, numpy.zeros((), x.dtype))


@composite
def triu(x: Any, /, k: int = 0) -> Any:
    """The matrices of the last two axes with zeros below diagonal k.

    x: [..., M, N], of whose dtype and shape the result is; an x of [N] is repeated as N rows.
    Raises UsageError for an x without axes. As `numpy.triu`.

    >>> from isthmus import np
    >>> np.triu(np.asarray([[1, 2], [3, 4]]))
    array([[1, 2],
           [0, 4]])
    """
    x = asarray(x)
    return where(_below(x, k - 1), numpy.zeros((), x.dtype), x)


@composite
def diagonal(x: Any, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements x[i, i + offset] of two axes, along a new last axis.

    x: [..., M, ..., N, ...] -> the other axes, then the diagonal, of x's dtype. Raises UsageError
    for less than two axes, for axes that x lacks and for one axis twice. As `numpy.diagonal`.

    >>> from isthmus import np
    >>> np.diagonal(np.asarray([[1, 2, 3], [4, 5, 6]]), offset=1)
    array([2, 6])
    """
    x = asarray(x)
    if x.ndim < 2:
        raise UsageError(f"a diagonal of {x.ndim} axes; give at least 2")
    first, second = one_axis(axis1, x.ndim), one_axis(axis2, x.ndim)
    if first == second:
        raise UsageError(f"a diagonal of axis {axis1} with itself; give two axes")
    others = tuple(axis for axis in range(x.ndim) if axis not in (first, second))
    rows, columns = x.shape[first], x.shape[second]
    lines = permute_dims(x, (*others, first, second))
    flat = reshape(lines, (*lines.shape[:-2], product((rows, columns))))
    start, count = _diagonal_places(rows, columns, offset)
    if isinstance(columns, Dim):
        return take(flat, arange(count) * (columns + 1) + start, axis=-1)
    stop = start + count * (columns + 1)
    return getitem(flat, (..., slice(start, stop, columns + 1)))


def _diagonal_places(rows: Any, columns: Any, offset: int) -> tuple[Any, Any]:
    """The flat position where a diagonal of a matrix starts, and how many elements it has."""
    if offset < 0:
        start, rows = -offset * columns, rows + offset
    else:
        start, columns = offset, columns - offset
    known = not isinstance(rows, Dim) and not isinstance(columns, Dim)
    if not known:
        return start, rows if same(rows, columns) else min(rows, columns)
    return (start, min(rows, columns)) if min(rows, columns) > 0 else (0, 0)


@composite
def _diag_of(v: Any, /, k: int) -> Any:
    """The square matrix with v on diagonal k and zeros elsewhere."""
    size = v.shape[0] + abs(k)
    zero = numpy.zeros((), v.dtype)
    wide = concat([v, full((abs(k),), 0, v.dtype)]) if k else v
    line = reshape(wide, (-1, 1)) if k > 0 else wide
    return where(equals(*_lines(size, size, k)), line, zero)


def diag(v: Any, /, k: int = 0) -> Any:
    """Diagonal k of a matrix; of a vector, the matrix that has it as diagonal k.

    v: [M, N] -> its diagonal, or [n] -> [n + |k|, n + |k|]; of v's dtype. Raises UsageError for
    other axes. As `numpy.diag`.

    >>> from isthmus import np
    >>> np.diag(np.asarray([[1, 2], [3, 4]]))
    array([1, 4])
    >>> np.diag(np.asarray([1, 2]))
    array([[1, 0],
           [0, 2]])
    """
    v = asarray(v)
    if v.ndim == 1:
        return _diag_of(v, k)
    if v.ndim != 2:
        raise UsageError(f"diag of {v.ndim} axes; give 1 or 2, or take np.diagonal")
    return diagonal(v, offset=k)


def diagflat(v: Any, /, k: int = 0) -> Any:
    """The matrix that has the elements of v, flat, on its diagonal k.

    v: n elements, of any shape -> [n + |k|, n + |k|], of v's dtype. As `numpy.diagflat`.

    >>> from isthmus import np
    >>> np.diagflat(np.asarray([[1, 2]]), k=1)
    array([[0, 1, 0],
           [0, 0, 2],
           [0, 0, 0]])
    """
    return _diag_of(ravel(v), k)
