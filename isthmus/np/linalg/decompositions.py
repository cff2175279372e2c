"""Matrices as products of simpler ones. x: [..., M, N], a stack of matrices."""

from __future__ import annotations

from typing import Any, Literal

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.np import host_only
from isthmus.np.elementwise import abs
from isthmus.np.indexing import getitem
from isthmus.np.linear_algebra import matmul
from isthmus.np.manipulation import expand_dims, matrix_transpose
from isthmus.np.order import sort
from isthmus.np.triangles import tril, triu
from isthmus.trace.op import primitive

from .equations import inv
from .types import (
    EighResult,
    EigResult,
    QRResult,
    SVDResult,
    dtypes_of,
    like_operand,
    sizes,
    smaller,
    square,
)

__all__ = [
    "cholesky",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "qr",
    "svd",
    "svdvals",
]


Triangle = Literal["L", "U", "l", "u"]
Mode = Literal["reduced", "complete", "r", "raw"]


def _one_triangle(s: Any, upper: bool) -> Any:
    """A gradient by a symmetric matrix, where the function reads one of its triangles alone."""
    return triu(s) + triu(s, k=1) if upper else tril(s) + tril(s, k=-1)


def _cholesky_gradient(g: Any, y: Any, x: Any, upper: bool) -> tuple[Any]:
    """S = L**-T P L**-1, where P is L.T @ g with its diagonal halved and nothing above."""
    factor, g = (matrix_transpose(y), matrix_transpose(g)) if upper else (y, g)
    product = matmul(matrix_transpose(factor), g)
    inverse = _inverse(factor)
    half = (tril(product) + tril(product, k=-1)) * 0.5
    s = matmul(matmul(matrix_transpose(inverse), half), inverse)
    return (_one_triangle((s + matrix_transpose(s)) * 0.5, upper),)


def _inverse(x: Any) -> Any:
    return inv(x)


@primitive(
    infer=like_operand(numpy.linalg.cholesky),
    vjp=_cholesky_gradient,
    host_only=host_only.DECOMPOSED,
)
def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L with x = L @ conj(L).T, of positive definite x; upper: conj(L).T.

    x: [..., M, M], of which the triangle of the result is read -> the same shape and dtype, float64
    of integers. Raises LinAlgError if x is not positive definite, UsageError for matrices that are
    not square, and for float16 (NumPy arrays: LinAlgError, TypeError). As `numpy.linalg.cholesky`.

    >>> from isthmus import np
    >>> np.linalg.cholesky(np.asarray([[4.0, 2.0], [2.0, 5.0]]))
    array([[2., 0.],
           [1., 2.]])
    """
    return numpy.linalg.cholesky(x, upper=upper)


def _complex(x: Type) -> numpy.dtype[Any]:
    found = dtypes_of(numpy.linalg.eigvals, x.dtype)[0]
    return numpy.result_type(found, numpy.complex64)


def _eig_type(x: Type) -> tuple[Type, Type]:
    stack, size = square(x)
    return Type(_complex(x), (*stack, size)), Type(_complex(x), x.shape)


@primitive(infer=_eig_type, host_only=host_only.DECOMPOSED)
def _eig(x: Any, /) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors, which are complex."""
    values, vectors = numpy.linalg.eig(x)
    dtype = numpy.result_type(values, numpy.complex64)
    return values.astype(dtype), vectors.astype(dtype)


def eig(x: Any, /) -> EigResult:
    """Eigenvalues in no order, and the eigenvectors, which are columns.

    x: [..., M, M] -> the named tuple (eigenvalues: [..., M], eigenvectors: [..., M, M]), with x @
    eigenvectors = eigenvectors * eigenvalues. Always complex, as in the standard; NumPy's are real
    where all imaginary parts are 0. Raises LinAlgError if none are found, UsageError for matrices
    that are not square, and for float16 (NumPy arrays: LinAlgError, TypeError).

    >>> from isthmus import np
    >>> np.linalg.eig(np.asarray([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
    array([0.+1.j, 0.-1.j])
    """
    return EigResult(*_eig(x))


@primitive(infer=lambda x: _eig_type(x)[0], host_only=host_only.DECOMPOSED)
def eigvals(x: Any, /) -> Any:
    """Eigenvalues in no order; always complex, see `eig`.

    x: [..., M, M] -> [..., M]. The errors are those of `eig`.

    >>> from isthmus import np
    >>> np.linalg.eigvals(np.asarray([[2.0, 1.0], [0.0, 3.0]]))
    array([2.+0.j, 3.+0.j])
    """
    values = numpy.linalg.eigvals(x)
    return values.astype(numpy.result_type(values, numpy.complex64))


def _eigh_type(x: Type, UPLO: Triangle) -> tuple[Type, Type]:
    stack, size = square(x)
    _is_upper(UPLO)
    values, vectors = dtypes_of(numpy.linalg.eigh, x.dtype)
    return Type(values, (*stack, size)), Type(vectors, x.shape)


def _is_upper(UPLO: Triangle) -> bool:
    if UPLO.upper() not in ("L", "U"):
        raise UsageError(f"UPLO={UPLO!r}: give 'L' or 'U', the triangle that is read")
    return UPLO.upper() == "U"


@primitive(infer=_eigh_type, host_only=host_only.DECOMPOSED)
def _eigh(x: Any, /, UPLO: Triangle) -> Any:
    """Eigenvalues and eigenvectors of a symmetric or hermitian matrix."""
    return numpy.linalg.eigh(x, UPLO=UPLO)


def eigh(x: Any, /, UPLO: Triangle = "L") -> EighResult:
    """Eigenvalues, ascending, and eigenvectors of symmetric or hermitian matrices.

    UPLO: "L" reads the lower triangle alone, "U" the upper. x: [..., M, M] -> the named tuple
    (eigenvalues: [..., M], real; eigenvectors: [..., M, M], columns of x's dtype), float64 of
    integers. Raises LinAlgError if none are found, UsageError for another UPLO, for matrices that
    are not square, and for float16 (NumPy arrays: ValueError, LinAlgError, TypeError). As
    `numpy.linalg.eigh`.

    >>> from isthmus import np
    >>> np.linalg.eigh(np.asarray([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    array([1., 3.])
    """
    return EighResult(*_eigh(x, UPLO))


def _eigvalsh_gradient(g: Any, y: Any, x: Any, UPLO: Triangle) -> tuple[Any]:
    vectors = _eigh(x, UPLO)[1]
    s = matmul(vectors * expand_dims(g, axis=-2), matrix_transpose(vectors))
    return (_one_triangle(s, _is_upper(UPLO)),)


@primitive(
    infer=lambda x, UPLO: _eigh_type(x, UPLO)[0],
    vjp=_eigvalsh_gradient,
    host_only=host_only.DECOMPOSED,
)
def eigvalsh(x: Any, /, UPLO: Triangle = "L") -> Any:
    """Eigenvalues, ascending, of symmetric or hermitian matrices; see `eigh`.

    x: [..., M, M] -> [..., M], real. The errors are those of `eigh`. As `numpy.linalg.eigvalsh`.

    >>> from isthmus import np
    >>> np.linalg.eigvalsh(np.asarray([[2.0, 1.0], [1.0, 2.0]]))
    array([1., 3.])
    """
    return numpy.linalg.eigvalsh(x, UPLO=UPLO)


def _qr_type(x: Type, mode: Mode) -> tuple[Type, ...]:
    stack, m, n = sizes(x)
    dtype = dtypes_of(numpy.linalg.qr, x.dtype)[0]
    k = smaller(m, n) if mode != "complete" else m
    match mode:
        case "reduced" | "complete":
            return Type(dtype, (*stack, m, k)), Type(dtype, (*stack, k, n))
        case "r":
            return (Type(dtype, (*stack, k, n)),)
        case "raw":
            return Type(dtype, (*stack, n, m)), Type(dtype, (*stack, k))
    raise UsageError(f"mode={mode!r}: give 'reduced', 'complete', 'r' or 'raw'")


@primitive(infer=_qr_type, host_only=host_only.DECOMPOSED)
def _qr(x: Any, /, mode: Mode) -> tuple[Any, ...]:
    """The parts of x = Q @ R."""
    found = numpy.linalg.qr(x, mode=mode)
    return found if isinstance(found, tuple) else (found,)


def qr(x: Any, /, mode: Mode = "reduced") -> Any:
    """Orthonormal columns Q and upper triangular R with x = Q @ R.

    mode: "reduced" for a Q of min(M, N) columns, "complete" for M; "r" for R alone; "raw" for
    LAPACK's reflectors and their factors. x: [..., M, N] -> the named tuple (Q, R) of x's dtype,
    float64 of integers. Raises UsageError for another mode, for less than two axes, and for float16
    (NumPy arrays: ValueError, LinAlgError, TypeError). As `numpy.linalg.qr`.

    >>> from isthmus import np
    >>> x = np.asarray([[3.0, 1.0], [4.0, 2.0]])
    >>> q, r = np.linalg.qr(x)
    >>> np.allclose(q @ r, x), np.allclose(q.T @ q, np.eye(2))
    (True, True)
    """
    found = _qr(x, mode)
    match mode:
        case "r":
            return found[0]
        case "raw":
            return found
    return QRResult(*found)


def _svd_type(x: Type, full_matrices: bool, hermitian: bool) -> tuple[Type, ...]:
    stack, m, n = sizes(x)
    u, s, vh = dtypes_of(numpy.linalg.svd, x.dtype)
    k = smaller(m, n)
    left, right = (m, n) if full_matrices else (k, k)
    return Type(u, (*stack, m, left)), Type(s, (*stack, k)), Type(vh, (*stack, right, n))


@primitive(infer=_svd_type, host_only=host_only.DECOMPOSED)
def _svd(x: Any, /, full_matrices: bool, hermitian: bool = False) -> Any:
    """U, S and Vh with x = U * S @ Vh."""
    return numpy.linalg.svd(x, full_matrices, hermitian=hermitian)


def svd(
    x: Any, /, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Orthonormal U and Vh, and S, descending, with x = U * S @ Vh; S alone without compute_uv.

    full_matrices: whether U and Vh are square. hermitian: x is, which is faster. x: [..., M, N] ->
    the named tuple (U, S, Vh), with S: [..., min(M, N)], real; of x's dtype, float64 of integers.
    Raises LinAlgError if it does not converge, UsageError for less than two axes, and for float16
    (NumPy arrays: LinAlgError, TypeError). As `numpy.linalg.svd`.

    >>> from isthmus import np
    >>> np.linalg.svd(np.asarray([[3.0, 0.0], [0.0, -4.0]])).S
    array([4., 3.])
    """
    if compute_uv:
        return SVDResult(*_svd(x, full_matrices, hermitian))
    if hermitian:
        return getitem(sort(abs(eigvalsh(x))), (..., slice(None, None, -1)))
    return svdvals(x)


def _svdvals_gradient(g: Any, y: Any, x: Any) -> tuple[Any]:
    u, _, vh = _svd(x, full_matrices=False)
    return (matmul(u * expand_dims(g, axis=-2), vh),)


@primitive(
    infer=lambda x: _svd_type(x, True, False)[1],
    vjp=_svdvals_gradient,
    host_only=host_only.DECOMPOSED,
)
def svdvals(x: Any, /) -> Any:
    """The singular values, descending. x: [..., M, N] -> [..., min(M, N)], real.

    Result: x's precision, float64 of integers. The errors are those of `svd`. As
    `numpy.linalg.svdvals`.

    >>> from isthmus import np
    >>> np.linalg.svdvals(np.asarray([[3.0, 0.0], [0.0, -4.0]]))
    array([4., 3.])
    """
    return numpy.linalg.svd(x, compute_uv=False)
