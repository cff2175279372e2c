"""Arrays as another is, and products of batches, by the names of MXNet's `npx`."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.infer import one_axis

__all__ = [
    "arange_like",
    "batch_dot",
    "reshape_like",
]


def arange_like(
    x: Any, /, start: float = 0.0, step: float = 1.0, repeat: int = 1, axis: int | None = None
) -> Any:
    """start, start + step, ..., of x's shape; of an axis of it one of as many numbers.

    repeat: how often each number is there. axis: an int -> [x.shape[axis]], or None -> x's shape.
    Result: x's dtype. Raises UsageError for a repeat below 1. As MXNet's `npx.arange_like`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.arange_like(numpy.zeros((2, 3)), start=1)
    array([[1., 2., 3.],
           [4., 5., 6.]])
    >>> npx.arange_like(numpy.zeros((2, 4)), axis=1, repeat=2)
    array([0., 0., 1., 1.])
    """
    x = np.asarray(x)
    if repeat < 1:
        raise UsageError(f"repeat={repeat}: give a number from 1")
    shape = x.shape if axis is None else (x.shape[one_axis(axis, x.ndim)],)
    count = x.size if axis is None else shape[0]
    steps = np.arange(count, dtype=numpy.int64)
    steps = steps if repeat == 1 else steps // repeat
    found = np.astype(steps, x.dtype) * step + start
    return np.reshape(np.astype(found, x.dtype, copy=False), shape)


def batch_dot(a: Any, b: Any, /, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """y[i] = a[i] @ b[i], of matrices that may be transposed before.

    a: [batch, n, k], b: [batch, k, m] -> [batch, n, m], of the common dtype. Raises UsageError for
    other numbers of axes, DimensionError for sizes that do not fit (NumPy arrays: ValueError). As
    MXNet's `npx.batch_dot`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.batch_dot(numpy.ones((2, 1, 3)), numpy.ones((2, 1, 3)), transpose_b=True).tolist()
    [[[3.0]], [[3.0]]]
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim != 3 or b.ndim != 3:
        raise UsageError(
            f"arrays with {a.ndim} and {b.ndim} axes; give [batch, n, k], [batch, k, m]"
        )
    a = np.matrix_transpose(a) if transpose_a else a
    return np.matmul(a, np.matrix_transpose(b) if transpose_b else b)


def reshape_like(
    x: Any,
    other: Any,
    /,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
) -> Any:
    """x in the shape of another array, or its axes lhs_begin..lhs_end as those rhs_begin..rhs_end.

    Ends are as of slices. Result: x's dtype. Raises DimensionError if the numbers of elements
    differ (NumPy arrays: ValueError). As MXNet's `npx.reshape_like`.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.reshape_like(numpy.arange(4), numpy.zeros((2, 2)))
    array([[0, 1],
           [2, 3]])
    >>> npx.reshape_like(numpy.zeros((6, 5)), numpy.zeros((2, 3)), lhs_end=1).shape
    (2, 3, 5)
    """
    x, other = np.asarray(x), np.asarray(other)
    begin, end, _ = slice(lhs_begin, lhs_end).indices(x.ndim)
    return np.reshape(x, (*x.shape[:begin], *other.shape[rhs_begin:rhs_end], *x.shape[end:]))
