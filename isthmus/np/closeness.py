"""Whether arrays are the same, or nearly so."""

from __future__ import annotations

import builtins
from typing import Any

import numpy

from isthmus.errors import DimensionError
from isthmus.graph.shapes import broadcast, same_shape

from .comparisons import equal, isfinite, isnan, less_equal, logical_and, logical_or
from .conversion import asarray
from .elementwise import abs, add, multiply, subtract
from .statistical import all

__all__ = ["allclose", "array_equal", "array_equiv", "isclose"]


def isclose(a: Any, b: Any, /, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """|a - b| <= atol + rtol * |b|, element by element, and where a and b are one infinity.

    A NaN is close to nothing, or with equal_nan to another NaN. a, b: shapes that broadcast, else
    DimensionError (ValueError on NumPy arrays). The result is bool.

    >>> from isthmus import np
    >>> np.isclose([1.0, 1.0], [1.0 + 1e-9, 1.1])
    array([ True, False])
    """
    x, y = (v if isinstance(v, int | float | complex) else asarray(v) for v in (a, b))
    y = y + 0.0 if isinstance(y, int) else y
    if not isinstance(y, int | float | complex):
        y = asarray(y, numpy.result_type(y.dtype, 1.0))
    with numpy.errstate(invalid="ignore"):
        allowed = add(atol, multiply(rtol, _size(y)))
        near = logical_and(less_equal(abs(subtract(x, y)), allowed), isfinite(y))
        found = logical_or(near, equal(x, y))
        return logical_or(found, logical_and(isnan(x), isnan(y))) if equal_nan else found


def _size(y: Any) -> Any:
    """|y|, which of a Python number is one: it must stay weak."""
    return builtins.abs(y) if isinstance(y, int | float | complex) else abs(y)


def allclose(a: Any, b: Any, /, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all of `isclose(a, b)` hold.

    A Python bool; of traced arrays a bool array without axes. Raises DimensionError for shapes that
    do not broadcast (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.allclose([1.0, 2.0], [1.0, 2.0 + 1e-9])
    True
    """
    return _truth(all(isclose(a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, /, equal_nan: bool = False) -> Any:
    """Whether two arrays have the same shape and elements; with equal_nan NaN equals NaN.

    A Python bool; of traced arrays a bool array without axes, but False where their shapes differ.

    >>> from isthmus import np
    >>> np.array_equal([1, 2], [1, 2])
    True
    >>> np.array_equal([1, 2], [[1, 2]])
    False
    """
    x, y = asarray(a1), asarray(a2)
    if x.ndim != y.ndim or not same_shape(x.shape, y.shape):
        return False
    same = equal(x, y)
    if equal_nan:
        same = logical_or(same, logical_and(isnan(x), isnan(y)))
    return _truth(all(same))


def array_equiv(a1: Any, a2: Any, /) -> Any:
    """Whether two arrays have the same elements when broadcast to one shape.

    A Python bool; of traced arrays a bool array without axes, but False where they do not
    broadcast.

    >>> from isthmus import np
    >>> np.array_equiv([1, 2], [[1, 2], [1, 2]])
    True
    """
    x, y = asarray(a1), asarray(a2)
    try:
        broadcast(x.shape, y.shape)
    except DimensionError:
        return False
    return _truth(all(equal(x, y)))


def _truth(found: Any) -> Any:
    """Python's bool where NumPy's is known, as NumPy gives; a traced truth value otherwise."""
    return bool(found) if isinstance(found, numpy.bool) else found
