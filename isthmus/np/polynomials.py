"""Polynomials as arrays of coefficients, the highest power first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.infer import FLOAT64, DType
from isthmus.graph.nodes import Type
from isthmus.trace.op import composite, primitive

from . import host_only
from .conversion import asarray, astype
from .creation import ones, zeros, zeros_like
from .cumulative import cumprod
from .elementwise import add, divide, multiply, subtract
from .manipulation import broadcast_to, concat, expand_dims, reshape
from .ranges import arange

__all__ = [
    "polyadd",
    "polyder",
    "polydiv",
    "polyfit",
    "polyint",
    "polymul",
    "polysub",
    "polyval",
    "vander",
]


def _line(p: Any) -> Any:
    p = asarray(p)
    return p if p.ndim else reshape(p, (1,))


@composite
def polyval(p: Any, x: Any, /) -> Any:
    """p[0] * x**(n - 1) + ... + p[n - 1], by Horner's rule.

    p: [n], x: any shape, which the result has. Result: the common dtype. As `numpy.polyval` of
    arrays.

    >>> from isthmus import np
    >>> np.polyval(np.asarray([1, 0, -2]), np.asarray([2, 3]))
    array([2, 7])
    """
    p, x = asarray(p), asarray(x)
    y = zeros_like(x)
    for i in range(p.shape[0]):
        y = add(multiply(y, x), p[i])
    return y


def _aligned(function: Callable[..., Any], a1: Any, a2: Any) -> Any:
    """function(a1, a2) with zeros before the shorter one."""
    a1, a2 = _line(a1), _line(a2)
    missing = a2.shape[0] - a1.shape[0]
    if missing > 0:
        a1 = concat([zeros((missing,), a1.dtype), a1])
    elif missing < 0:
        a2 = concat([zeros((-missing,), a2.dtype), a2])
    return function(a1, a2)


@composite
def polyadd(a1: Any, a2: Any, /) -> Any:
    """The sum of two polynomials. a1: [m], a2: [n] -> [max(m, n)], of the common dtype.

    As `numpy.polyadd`.

    >>> from isthmus import np
    >>> np.polyadd(np.asarray([1, 2]), np.asarray([3, 4, 5]))
    array([3, 5, 7])
    """
    return _aligned(add, a1, a2)


@composite
def polysub(a1: Any, a2: Any, /) -> Any:
    """The difference of two polynomials. a1: [m], a2: [n] -> [max(m, n)], of the common dtype.

    As `numpy.polysub`.

    >>> from isthmus import np
    >>> np.polysub(np.asarray([3, 4, 5]), np.asarray([1, 2]))
    array([3, 3, 3])
    """
    return _aligned(subtract, a1, a2)


def _product_type(a1: Type, a2: Type, size: int | Dim) -> Type:
    return Type(numpy.result_type(a1.dtype, a2.dtype), (size,))


@primitive(infer=_product_type, discovers=True, host_only=host_only.DISCOVERED)
def polymul(a1: Any, a2: Any, /, *, size: Any = None) -> Any:
    """The product of two polynomials; zeros that lead in them are dropped.

    a1: [m], a2: [n] -> [m + n - 1] of what is left; the size depends on values. Result: the common
    dtype. As `numpy.polymul`.

    >>> from isthmus import np
    >>> np.polymul(np.asarray([1, 1]), np.asarray([1, -1]))
    array([ 1,  0, -1])
    """
    return numpy.polymul(a1, a2)


def _inexact(t: Type) -> DType:
    found: DType = (numpy.ones(1, t.dtype) + 0.0).dtype
    return found


def _quotient_type(u: Type, v: Type, size: int | Dim) -> tuple[Type, Type]:
    dtype = numpy.result_type(_inexact(u), _inexact(v))
    length, shorter = (t.shape[0] if t.ndim else 1 for t in (u, v))
    found = length - shorter + 1
    return Type(dtype, (found if found > 1 else 1,)), Type(dtype, (size,))


@primitive(infer=_quotient_type, discovers=True, host_only=host_only.DISCOVERED)
def polydiv(u: Any, v: Any, /, *, size: Any = None) -> tuple[Any, Any]:
    """The quotient q and the remainder r of two polynomials, with u = q * v + r.

    u: [m], v: [n] -> q: [max(m - n + 1, 1)]; small leading coefficients are dropped of r, so that
    its size depends on values. Result: the common floating dtype. As `numpy.polydiv`.

    >>> from isthmus import np
    >>> np.polydiv(np.asarray([1, 3, 5]), np.asarray([1, 1]))
    (array([1., 2.]), array([3.]))
    """
    return numpy.polydiv(u, v)


@composite
def polyder(p: Any, /, m: int = 1) -> Any:
    """The m-th derivative. p: [n] -> [n - m], of the common dtype of p and int64.

    Raises UsageError for a negative m. As `numpy.polyder`.

    >>> from isthmus import np
    >>> np.polyder(np.asarray([1, 2, 3]))
    array([2, 2])
    """
    p = asarray(p)
    for _ in range(_order(m)):
        p = multiply(p[:-1], arange(1, p.shape[0])[::-1])
    return p


def _order(m: int) -> int:
    if m < 0:
        raise UsageError(f"m={m}; give 0 or more")
    return int(m)


def polyint(p: Any, /, m: int = 1, k: Any = None) -> Any:
    """The m-th integral. p: [n] -> [n + m], float64 or complex128.

    k: constants of integration, one or one for each time; 0 by default. Raises UsageError for a
    negative m, or too few constants. As `numpy.polyint`.

    >>> from isthmus import np
    >>> np.polyint(np.asarray([2, 2]), k=7)
    array([1., 2., 7.])
    """
    p, count = asarray(p), _order(m)
    constants = _constants(k, count)
    for i in range(count):
        powers = arange(1, p.shape[0] + 1)[::-1]
        p = concat([divide(p, powers), reshape(constants[i], (1,))])
    return p


def _constants(k: Any, count: int) -> Any:
    given = zeros((count,)) if k is None else _line(k)
    if count > 1 and given.shape[0] == 1:
        return broadcast_to(multiply(given, 1.0), (count,))
    if given.shape[0] < count:
        raise UsageError(f"{given.shape[0]} constants for {count} integrals; give one for each")
    return given


def vander(x: Any, /, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each element of x in a row, from the highest down, or up if increasing.

    x: [n] -> [n, N], N = n by default. Result: the common dtype of x and int64. Raises UsageError
    for an x of other axes. As `numpy.vander`.

    >>> from isthmus import np
    >>> np.vander(np.asarray([2, 3]), 3)
    array([[4, 2, 1],
           [9, 3, 1]])
    """
    x = asarray(x)
    if x.ndim != 1:
        raise UsageError(f"{x.ndim} axes; give an array of one")
    columns = x.shape[0] if N is None else N
    return _vander(x, columns=columns, increasing=increasing)


@composite
def _vander(x: Any, /, columns: Any, increasing: bool) -> Any:
    size, dtype = x.shape[0], numpy.promote_types(x.dtype, int)
    if not isinstance(columns, Dim) and columns < 1:
        return zeros((size, 0), dtype)
    repeated = broadcast_to(expand_dims(astype(x, dtype), axis=1), (size, columns - 1))
    powers = concat([ones((size, 1), dtype), cumprod(repeated, axis=1)], axis=1)
    return powers if increasing else powers[:, ::-1]


def _fitted_type(x: Type, y: Type, w: Type | None, deg: int, **_: Any) -> Type:
    if x.ndim != 1 or y.ndim not in (1, 2):
        raise UsageError(f"points {x} and {y}; give x of one axis, y of one or two")
    dtype = numpy.result_type(x.dtype, y.dtype, FLOAT64)
    return Type(dtype, (deg + 1, *y.shape[1:]))


@primitive(infer=_fitted_type, host_only=host_only.FITTED)
def _polyfit(x: Any, y: Any, w: Any, /, deg: int, rcond: float | None) -> Any:
    return numpy.polyfit(x, y, deg, rcond, w=w)


def polyfit(x: Any, y: Any, /, deg: int, rcond: float | None = None, *, w: Any = None) -> Any:
    """The polynomial of the given degree with the least squares of errors at the points (x, y).

    x: [M], y: [M] or [M, K] -> [deg + 1] or [deg + 1, K], float64, or complex for complex points.
    w: [M], weights of the points. rcond: singular values up to rcond times the largest count as 0.
    Raises UsageError for other axes; of NumPy arrays NumPy's TypeError. As `numpy.polyfit`, whose
    `full` and `cov` it lacks.

    >>> from isthmus import np
    >>> p = np.polyfit(np.asarray([0.0, 1.0, 2.0]), np.asarray([1.0, 3.0, 5.0]), 1)
    >>> np.allclose(p, [2, 1])
    True
    """
    return _polyfit(x, y, w, deg=int(deg), rcond=rcond)
