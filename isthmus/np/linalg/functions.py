"""The standard's extension `linalg`, and what NumPy has beside it: functions of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.linalg import LinAlgError

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, equal
from isthmus.graph.infer import one_axis
from isthmus.np import products
from isthmus.np.conversion import asarray
from isthmus.np.einstein import GUESS
from isthmus.np.linear_algebra import matmul, tensordot, vecdot
from isthmus.np.manipulation import broadcast_to, matrix_transpose
from isthmus.np.parts import in_parts
from isthmus.np.triangles import diagonal as diagonal_of
from isthmus.np.triangles import eye

from .decompositions import cholesky, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from .equations import det, inv, lstsq, matrix_rank, pinv, slogdet, solve, tensorinv, tensorsolve
from .norms import cond, matrix_norm, norm, vector_norm

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The vectors perpendicular to those of 3 elements along an axis of x1 and x2.

    x1, x2: [..., 3, ...], broadcast, and so the result, of the common dtype. Raises UsageError for
    another size of the axis. As `numpy.linalg.cross`.

    >>> from isthmus import np
    >>> np.linalg.cross(np.asarray([1, 0, 0]), np.asarray([0, 1, 0]))
    array([0, 0, 1])
    """
    x1, x2 = asarray(x1), asarray(x2)
    for x in (x1, x2):
        if not equal(x.shape[one_axis(axis, x.ndim)], 3):
            raise UsageError(f"axis {axis} of {x.shape} is not of size 3")
    return products.cross(x1, x2, axis=axis)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The elements x[..., i, i + offset]. x: [..., M, N] -> [..., n], of x's dtype.

    Raises UsageError for less than two axes. As `numpy.linalg.diagonal`.

    >>> from isthmus import np
    >>> np.linalg.diagonal(np.asarray([[1, 2, 3], [4, 5, 6]]), offset=1)
    array([2, 6])
    """
    return diagonal_of(x, offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum of the elements x[..., i, i + offset]. x: [..., M, N] -> [...].

    Result: `dtype`, else x's, but int64 or uint64 of smaller integers. Raises UsageError for less
    than two axes (NumPy arrays: ValueError). As `numpy.linalg.trace`.

    >>> from isthmus import np
    >>> np.linalg.trace(np.asarray([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]))
    array([ 5, 13])
    """
    return products.trace(x, offset, -2, -1, dtype)


def outer(x1: Any, x2: Any, /) -> Any:
    """The products of every element of x1, a row each, and every element of x2, a column each.

    x1: [M], x2: [N] -> [M, N], of the common dtype. Raises UsageError for other axes. As
    `numpy.linalg.outer`.

    >>> from isthmus import np
    >>> np.linalg.outer(np.asarray([1, 2]), np.asarray([3, 4]))
    array([[3, 4],
           [6, 8]])
    """
    x1, x2 = asarray(x1), asarray(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise UsageError(f"outer of {x1.ndim} and {x2.ndim} axes; give one each")
    return products.outer(x1, x2)


@in_parts(numpy.linalg.matrix_power)
def matrix_power(x: Any, /, n: int) -> Any:
    """x @ x @ ... n times, by squaring; of the inverse for a negative n, and 1 for 0.

    x: [..., M, M] -> the same shape and dtype, float64 of integers and a negative n. Raises
    LinAlgError if there is no inverse, UsageError for matrices that are not square (NumPy arrays:
    LinAlgError). As `numpy.linalg.matrix_power`.

    >>> from isthmus import np
    >>> np.linalg.matrix_power(np.asarray([[1, 1], [1, 0]]), 5)
    array([[8, 5],
           [5, 3]])
    """
    x = asarray(x)
    if n == 0:
        return broadcast_to(eye(x.shape[-1], dtype=x.dtype), x.shape)
    power, result, left = inv(x) if n < 0 else x, None, n if n > 0 else -n
    if left == 3:
        return matmul(matmul(power, power), power)
    while True:
        if left % 2:
            result = power if result is None else matmul(result, power)
        left //= 2
        if not left:
            return result
        power = matmul(power, power)


@in_parts(numpy.linalg.multi_dot, variadic=True)
def multi_dot(arrays: Sequence[Any], /) -> Any:
    """The product of matrices, in the order that takes fewest multiplications.

    arrays: at least two; the first and the last may be vectors. Where sizes are named the order is
    a guess. Result: the common dtype. Raises UsageError for other numbers of arrays or axes,
    DimensionError if inner sizes differ (NumPy arrays: ValueError). As `numpy.linalg.multi_dot`.

    >>> from isthmus import np
    >>> np.linalg.multi_dot([np.asarray([1, 2]), np.asarray([[1, 2], [3, 4]]), np.asarray([1, 1])])
    np.int64(17)
    """
    known = [asarray(array) for array in arrays]
    if len(known) < 2:
        raise UsageError("multi_dot needs at least two arrays")
    inside, ends = known[1:-1], (known[0], known[-1])
    if any(x.ndim != 2 for x in inside) or any(x.ndim not in (1, 2) for x in ends):
        raise UsageError("multi_dot takes matrices; only the first and the last may be vectors")
    above, below = (x.shape[i] if x.ndim > 1 else 1 for x, i in ((known[0], 0), (known[-1], 1)))
    sizes = (above, *(x.shape[0] for x in known[1:]), below)
    splits = _splits(tuple(GUESS if isinstance(size, Dim) else size for size in sizes))

    def product(first: int, last: int) -> Any:
        if first == last:
            return known[first]
        middle = splits[first, last]
        return matmul(product(first, middle), product(middle + 1, last))

    return product(0, len(known) - 1)


def _splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """After which matrix to split each product of consecutive ones; matrix i: sizes[i : i + 2]."""
    count = len(sizes) - 1
    costs = {(i, i): 0 for i in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs[i, j], splits[i, j] = min(
                (costs[i, k] + costs[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )
    return splits
