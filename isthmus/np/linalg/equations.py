"""Determinants, inverses and the solutions of linear equations. x: [..., M, M]."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import equal
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import broadcast, product
from isthmus.np import host_only
from isthmus.np.conversion import asarray
from isthmus.np.linear_algebra import matmul
from isthmus.np.manipulation import expand_dims, matrix_transpose, permute_dims, reshape, squeeze
from isthmus.np.parts import in_parts
from isthmus.trace.op import primitive

from .types import SlogdetResult, dtypes_of, like_operand, sizes, smaller, square

__all__ = [
    "det",
    "inv",
    "lstsq",
    "matrix_rank",
    "pinv",
    "slogdet",
    "solve",
    "tensorinv",
    "tensorsolve",
]


def _det_type(x: Type) -> Type:
    return Type(dtypes_of(numpy.linalg.det, x.dtype)[0], square(x)[0])


def _det_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """g * det(x) * x**-T, which a singular x does not have."""
    return (expand_dims(g * y, axis=(-2, -1)) * matrix_transpose(inv(x)),)


@primitive(infer=_det_type, vjp=_det_gradient, host_only=host_only.DECOMPOSED)
def det(x: Any, /) -> Any:
    """The determinant. x: [..., M, M] -> [...], of x's dtype, float64 of integers.

    Raises UsageError for matrices that are not square, and for float16 (NumPy arrays: LinAlgError,
    TypeError). As `numpy.linalg.det`.

    >>> from isthmus import np
    >>> np.linalg.det(np.asarray([[2.0, 1.0], [0.0, 3.0]]))
    np.float64(6.0)
    """
    return numpy.linalg.det(x)


def _slogdet_type(x: Type) -> tuple[Type, Type]:
    sign, logarithm = dtypes_of(numpy.linalg.slogdet, x.dtype)
    stack, _ = square(x)
    return Type(sign, stack), Type(logarithm, stack)


@primitive(infer=_slogdet_type, host_only=host_only.DECOMPOSED)
def _slogdet(x: Any, /) -> Any:
    """Sign and logarithm of the absolute value of the determinant."""
    return numpy.linalg.slogdet(x)


def slogdet(x: Any, /) -> SlogdetResult:
    """The determinant as sign * exp(logabsdet), which neither overflows nor underflows.

    x: [..., M, M] -> the named tuple (sign: [...], logabsdet: [...]): 0 and -inf of a singular
    matrix. The errors are those of `det`. As `numpy.linalg.slogdet`.

    >>> from isthmus import np
    >>> sign, logabsdet = np.linalg.slogdet(1e-200 * np.eye(2))
    >>> round(float(sign)), round(float(logabsdet), 4)
    (1, -921.034)
    """
    return SlogdetResult(*_slogdet(x))


def _inv_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    """-y.T @ g @ y.T"""
    turned = matrix_transpose(y)
    return (-matmul(matmul(turned, g), turned),)


@primitive(infer=like_operand(numpy.linalg.inv), vjp=_inv_gradient, host_only=host_only.DECOMPOSED)
def inv(x: Any, /) -> Any:
    """The inverse; LinAlgError if there is none.

    x: [..., M, M] -> the same shape and dtype, float64 of integers. Raises UsageError for matrices
    that are not square, and for float16 (NumPy arrays: LinAlgError, TypeError). As
    `numpy.linalg.inv`.

    >>> from isthmus import np
    >>> np.linalg.inv(np.asarray([[2.0, 0.0], [0.0, 4.0]]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return numpy.linalg.inv(x)


def _stack_with(stack: Any, tolerance: Type | None) -> Any:
    return stack if tolerance is None else broadcast(stack, tolerance.shape)


def _pinv_type(x: Type, rtol: Type | None, hermitian: bool) -> Type:
    stack, rows, columns = sizes(x)
    empty = any(isinstance(size, int) and size == 0 for size in (rows, columns))
    dtype = x.dtype if empty else dtypes_of(numpy.linalg.pinv, x.dtype)[0]  # as NumPy has it
    return Type(dtype, (*_stack_with(stack, rtol), columns, rows))


@primitive(infer=_pinv_type, host_only=host_only.DECOMPOSED)
def _pinv(x: Any, rtol: Any, /, hermitian: bool) -> Any:
    """The pseudo-inverse."""
    return numpy.linalg.pinv(x, hermitian=hermitian, rtol=rtol)


def pinv(x: Any, /, rcond: Any = None, hermitian: bool = False, *, rtol: Any = 1e-15) -> Any:
    """The Moore-Penrose inverse: singular values up to rtol times the largest count as 0.

    x: [..., M, N] -> [..., N, M], of x's dtype, float64 of integers. rtol: a number or an array,
    one a matrix; None for max(M, N) times the dtype's epsilon. rcond is its older name. hermitian:
    x is, which is faster. The errors are those of `svd`. As `numpy.linalg.pinv`.

    >>> from isthmus import np
    >>> np.linalg.pinv(np.asarray([[2.0, 0.0, 0.0], [0.0, 4.0, 0.0]])).round(3)
    array([[0.5 , 0.  ],
           [0.  , 0.25],
           [0.  , 0.  ]])
    """
    return _pinv(x, rtol if rcond is None else rcond, hermitian)


def _rank_type(x: Type, tol: Type | None, rtol: Type | None, hermitian: bool) -> Type:
    if x.ndim < 2:
        return Type(numpy.dtype(numpy.int64))
    stack, rows, columns = sizes(x)
    smaller(rows, columns)
    dtypes_of(numpy.linalg.matrix_rank, x.dtype)
    return Type(numpy.dtype(numpy.int64), _stack_with(_stack_with(stack, tol), rtol))


@primitive(infer=_rank_type, host_only=host_only.DECOMPOSED)
def _matrix_rank(x: Any, tol: Any, rtol: Any, /, hermitian: bool) -> Any:
    """How many singular values are not small."""
    return numpy.linalg.matrix_rank(x, tol, hermitian, rtol=rtol)


def matrix_rank(x: Any, /, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """How many singular values are above tol, or above rtol times the largest.

    x: [..., M, N] -> [...], int64; for less than two axes whether an element is not 0. rtol: a
    number or an array, one a matrix; None for max(M, N) times the dtype's epsilon. hermitian: x is,
    which is faster. The errors are those of `svd`. As `numpy.linalg.matrix_rank`.

    >>> from isthmus import np
    >>> np.linalg.matrix_rank(np.asarray([[1.0, 2.0], [2.0, 4.0]]))
    np.int64(1)
    """
    return _matrix_rank(x, tol, rtol, hermitian)


def _solve_type(a: Type, b: Type) -> Type:
    stack, size = square(a)
    rows = b.shape[-1:] if b.ndim == 1 else b.shape[-2:-1]
    if not rows or not equal(rows[0], size):
        raise DimensionError(f"{b} beside {a}: give as many rows, {size}")
    dtype = dtypes_of(numpy.linalg.solve, a.dtype, b.dtype)[0]
    if b.ndim == 1:
        return Type(dtype, (*stack, size))
    return Type(dtype, (*broadcast(stack, b.shape[:-2]), *b.shape[-2:]))


def _solve_gradient(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """b's is solve(a.T, g), and a's is minus the product of that with y.T."""
    if b.ndim == 1:
        g, y = expand_dims(g, axis=-1), expand_dims(y, axis=-1)
    of_b = solve(matrix_transpose(a), g)
    of_a = -matmul(of_b, matrix_transpose(y))
    return of_a, squeeze(of_b, axis=-1) if b.ndim == 1 else of_b


@primitive(infer=_solve_type, vjp=_solve_gradient, host_only=host_only.DECOMPOSED)
def solve(a: Any, b: Any, /) -> Any:
    """The x with a @ x = b. b: [M], or [..., M, K]; LinAlgError if there is none.

    a: [..., M, M] -> [..., M] or [..., M, K], of the common dtype, float64 of integers. Raises
    UsageError for an a that is not square, and for float16; DimensionError for another number of
    rows (NumPy arrays: LinAlgError, TypeError, ValueError). As `numpy.linalg.solve`.

    >>> from isthmus import np
    >>> np.linalg.solve(np.asarray([[2.0, 0.0], [0.0, 4.0]]), np.asarray([2.0, 2.0]))
    array([1. , 0.5])
    """
    return numpy.linalg.solve(a, b)


def _lstsq_type(a: Type, b: Type, rcond: Any, size: Any) -> tuple[Type, ...]:
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise UsageError(f"{a} and {b}: give a matrix, and a vector or matrix")
    if not equal(a.shape[0], b.shape[0]):
        raise DimensionError(f"{a} and {b} have different numbers of rows")
    x, residuals, rank, s = dtypes_of(_least_squares, a.dtype, b.dtype)
    values = Type(s, (smaller(*a.shape),))
    return Type(x, (a.shape[1], *b.shape[1:])), Type(residuals, (size,)), Type(rank), values


def _least_squares(a: Any, b: Any) -> Any:
    return numpy.linalg.lstsq(a, b)


@primitive(infer=_lstsq_type, discovers=True, host_only=host_only.DECOMPOSED)
def _lstsq(a: Any, b: Any, /, rcond: Any, size: Any = None) -> Any:
    """Solution, residuals, rank and singular values."""
    return numpy.linalg.lstsq(a, b, rcond=rcond)


def lstsq(a: Any, b: Any, /, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """The x that makes sum((a @ x - b)**2) smallest; those sums, the rank and singular values of a.

    a: [M, N], b: [M] or [M, K] -> x: [N] or [N, K], sums: [K], rank: [], values: [min(M, N)]. The
    sums are none where a's rank is below N, or where M <= N. rcond: singular values up to rcond
    times the largest count as 0; None for max(M, N) times the dtype's epsilon. Result: the common
    dtype, float64 of integers. Raises UsageError for other axes, and for float16; DimensionError
    for another number of rows (NumPy arrays: LinAlgError, TypeError). As `numpy.linalg.lstsq`.

    >>> from isthmus import np
    >>> a = np.asarray([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> np.linalg.lstsq(a, np.asarray([1.0, 3.0, 5.0]))[0].round(6)
    array([2., 1.])
    """
    solution, residuals, rank, values = _lstsq(a, b, rcond)
    return solution, residuals, rank, values


@in_parts(numpy.linalg.tensorinv)
def tensorinv(a: Any, /, ind: int = 2) -> Any:
    """The b with tensordot(b, tensordot(a, c, ind), ind) = c: a is inverted as a matrix.

    ind: how many first axes of a are its rows; their sizes and the others' have one product.
    Result: the others' axes, then the first, of a's dtype, float64 of integers. Raises LinAlgError
    if there is no inverse, UsageError for an ind below 1 or another product (NumPy arrays:
    ValueError, LinAlgError). As `numpy.linalg.tensorinv`.

    >>> from isthmus import np
    >>> np.linalg.tensorinv(np.reshape(2 * np.eye(6), (6, 2, 3)), ind=1).shape
    (2, 3, 6)
    """
    a = asarray(a)
    if ind < 1:
        raise UsageError(f"ind={ind}: give at least 1")
    inverse = inv(reshape(a, (product(a.shape[ind:]), -1)))
    return reshape(inverse, (*a.shape[ind:], *a.shape[:ind]))


@in_parts(numpy.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, /, axes: Any = None) -> Any:
    """The x with tensordot(a, x, x.ndim) = b. axes: those of a that are moved to the end first.

    a: b's shape, then that of x, of one product. Result: the common dtype, float64 of integers.
    Raises LinAlgError if there is none, DimensionError for another product (NumPy arrays:
    LinAlgError, ValueError). As `numpy.linalg.tensorsolve`.

    >>> from isthmus import np
    >>> a = np.reshape(2 * np.eye(6), (6, 2, 3))
    >>> np.linalg.tensorsolve(a, np.arange(6.0))
    array([[0. , 0.5, 1. ],
           [1.5, 2. , 2.5]])
    """
    a, b = asarray(a), asarray(b)
    order = list(range(a.ndim))
    for axis in axes or ():
        order.remove(axis)
        order.insert(a.ndim, axis)
    a = permute_dims(a, tuple(order))
    shape = a.shape[b.ndim - a.ndim :]
    size = product(shape)
    return reshape(solve(reshape(a, (size, size)), reshape(b, (-1,))), shape)
