"""Types of what is made of matrices, and the named tuples that NumPy and the standard return.

The dtypes are NumPy's own, asked of it once for matrices of each dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy

from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import Dim, Shape, equal
from isthmus.graph.infer import DType
from isthmus.graph.nodes import Type

__all__ = [
    "EigResult",
    "EighResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "dtypes_of",
    "like_operand",
    "sizes",
    "smaller",
    "square",
]


class EigResult(NamedTuple):
    """x @ eigenvectors = eigenvectors * eigenvalues"""

    eigenvalues: Any
    eigenvectors: Any


class EighResult(NamedTuple):
    """x = eigenvectors * eigenvalues @ conj(eigenvectors).T"""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """x = Q @ R"""

    Q: Any
    R: Any


class SlogdetResult(NamedTuple):
    """det(x) = sign * exp(logabsdet)"""

    sign: Any
    logabsdet: Any


class SVDResult(NamedTuple):
    """x = U * S @ Vh, where U and Vh are not larger than S"""

    U: Any
    S: Any
    Vh: Any


@cache
def dtypes_of(function: Callable[..., Any], *dtypes: DType) -> tuple[DType, ...]:
    """The dtypes of what NumPy's function makes of matrices of the given dtypes."""
    try:
        found = function(*(numpy.eye(2, dtype=dtype) for dtype in dtypes))
    except TypeError:
        given = " and ".join(map(str, dtypes))
        name = function.__name__.lstrip("_")
        raise WrongKind(f"{name} does not take {given}; cast to float32 or float64") from None
    parts = found if isinstance(found, tuple) else (found,)
    return tuple(numpy.asarray(part).dtype for part in parts)


def sizes(x: Type) -> tuple[Shape, int | Dim, int | Dim]:
    """The leading axes, and rows and columns of the matrices."""
    if x.ndim < 2:
        raise UsageError(f"{x} has {x.ndim} axes; matrices have at least 2")
    return x.shape[:-2], x.shape[-2], x.shape[-1]


def square(x: Type) -> tuple[Shape, int | Dim]:
    """The leading axes, and the size of the matrices, which are square."""
    stack, rows, columns = sizes(x)
    if not equal(rows, columns):
        raise UsageError(f"{x} has {rows} rows and {columns} columns; give square matrices")
    return stack, rows


def smaller(rows: int | Dim, columns: int | Dim) -> int | Dim:
    """How many singular values there are."""
    return rows if rows <= columns else columns


def like_operand(function: Callable[..., Any]) -> Callable[..., Type]:
    """The rule of functions that make a square matrix of a square matrix."""

    def infer(x: Type, **_: Any) -> Type:
        square(x)
        return Type(dtypes_of(function, x.dtype)[0], x.shape)

    return infer
