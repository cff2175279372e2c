"""Comparisons, logic, and what kind of number an element is. Results are truth values."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.graph.infer import as_numpy, logical
from isthmus.graph.ufunc_types import Comparison, Loop
from isthmus.trace.op import primitive

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "signbit",
]


@primitive(infer=Comparison(numpy.equal))
def equal(x1: Any, x2: Any, /) -> Any:
    """x1 == x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result is
    bool. Integers are compared by value, whatever their dtypes; NaN equals nothing.

    >>> from isthmus import np
    >>> np.equal([1, 2], [1, 3])
    array([ True, False])
    """
    return numpy.equal(x1, x2)


@primitive(infer=Comparison(numpy.not_equal))
def not_equal(x1: Any, x2: Any, /) -> Any:
    """x1 != x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result is
    bool. Integers are compared by value, whatever their dtypes; NaN equals nothing.

    >>> from isthmus import np
    >>> np.not_equal([1, 2], [1, 3])
    array([False,  True])
    """
    return numpy.not_equal(x1, x2)


@primitive(infer=Comparison(numpy.less))
def less(x1: Any, x2: Any, /) -> Any:
    """x1 < x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result is
    bool, False beside a NaN. Complex numbers are ordered by their real parts, then by the imaginary
    ones.

    >>> from isthmus import np
    >>> np.less([1, 2, 3], 2)
    array([ True, False, False])
    """
    return numpy.less(x1, x2)


@primitive(infer=Comparison(numpy.less_equal))
def less_equal(x1: Any, x2: Any, /) -> Any:
    """x1 <= x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result is
    bool, False beside a NaN. Complex numbers are ordered by their real parts, then by the imaginary
    ones.

    >>> from isthmus import np
    >>> np.less_equal([1, 2, 3], 2)
    array([ True,  True, False])
    """
    return numpy.less_equal(x1, x2)


@primitive(infer=Comparison(numpy.greater))
def greater(x1: Any, x2: Any, /) -> Any:
    """x1 > x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result is
    bool, False beside a NaN. Complex numbers are ordered by their real parts, then by the imaginary
    ones.

    >>> from isthmus import np
    >>> np.greater([1, 2, 3], 2)
    array([False, False,  True])
    """
    return numpy.greater(x1, x2)


@primitive(infer=Comparison(numpy.greater_equal))
def greater_equal(x1: Any, x2: Any, /) -> Any:
    """x1 >= x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result is
    bool, False beside a NaN. Complex numbers are ordered by their real parts, then by the imaginary
    ones.

    >>> from isthmus import np
    >>> np.greater_equal([1, 2, 3], 2)
    array([False,  True,  True])
    """
    return numpy.greater_equal(x1, x2)


@primitive(infer=logical)
def logical_and(x1: Any, x2: Any, /) -> Any:
    """x1 and x2, of truth values.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). Of any dtype:
    what is not 0 is true, a NaN as well. The result is bool.

    >>> from isthmus import np
    >>> np.logical_and([1, 0, 2], [1, 1, 0])
    array([ True, False, False])
    """
    return numpy.logical_and(x1, x2)


@primitive(infer=logical)
def logical_or(x1: Any, x2: Any, /) -> Any:
    """x1 or x2, of truth values.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). Of any dtype:
    what is not 0 is true, a NaN as well. The result is bool.

    >>> from isthmus import np
    >>> np.logical_or([1, 0, 0], [1, 1, 0])
    array([ True,  True, False])
    """
    return numpy.logical_or(x1, x2)


@primitive(infer=logical)
def logical_xor(x1: Any, x2: Any, /) -> Any:
    """x1 or x2 but not both, of truth values.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). Of any dtype:
    what is not 0 is true, a NaN as well. The result is bool.

    >>> from isthmus import np
    >>> np.logical_xor([1, 0, 0], [1, 1, 0])
    array([False,  True, False])
    """
    return numpy.logical_xor(x1, x2)


@primitive(infer=logical)
def logical_not(x: Any, /) -> Any:
    """not x, of truth values.

    x: any shape and dtype: what is not 0 is true, a NaN as well. The result is bool.

    >>> from isthmus import np
    >>> np.logical_not([0, 2])
    array([ True, False])
    """
    return numpy.logical_not(x)


@primitive(infer=Loop(numpy.isfinite))
def isfinite(x: Any, /) -> Any:
    """Whether x is neither infinite nor NaN.

    x: any shape and dtype; a complex number is finite if both parts are. The result is bool.

    >>> from isthmus import np
    >>> np.isfinite([1.0, np.inf, np.nan])
    array([ True, False, False])
    """
    return numpy.isfinite(x)


@primitive(infer=Loop(numpy.isinf))
def isinf(x: Any, /) -> Any:
    """Whether x is an infinity.

    x: any shape and dtype; a complex number is infinite if a part is. The result is bool.

    >>> from isthmus import np
    >>> np.isinf([1.0, -np.inf, np.nan])
    array([False,  True, False])
    """
    return numpy.isinf(x)


@primitive(infer=Loop(numpy.isnan))
def isnan(x: Any, /) -> Any:
    """Whether x is NaN.

    x: any shape and dtype; a complex number is NaN if a part is. The result is bool.

    >>> from isthmus import np
    >>> np.isnan([1.0, np.inf, np.nan])
    array([False, False,  True])
    """
    return numpy.isnan(x)


@primitive(infer=as_numpy(numpy.isposinf))
def isposinf(x: Any, /) -> Any:
    """Whether x is the positive infinity.

    x: any shape; the result is bool. Raises UsageError for complex numbers (TypeError on NumPy
    arrays).

    >>> from isthmus import np
    >>> np.isposinf([np.inf, -np.inf, 1.0])
    array([ True, False, False])
    """
    return numpy.isposinf(x)


@primitive(infer=as_numpy(numpy.isneginf))
def isneginf(x: Any, /) -> Any:
    """Whether x is the negative infinity.

    x: any shape; the result is bool. Raises UsageError for complex numbers (TypeError on NumPy
    arrays).

    >>> from isthmus import np
    >>> np.isneginf([np.inf, -np.inf, 1.0])
    array([False,  True, False])
    """
    return numpy.isneginf(x)


@primitive(infer=Loop(numpy.signbit))
def signbit(x: Any, /) -> Any:
    """Whether the sign of x is negative; -0 and NaN have signs as well.

    x: any shape; the result is bool. Raises UsageError for complex numbers (TypeError on NumPy
    arrays).

    >>> from isthmus import np
    >>> np.signbit([-2.0, -0.0, 0.0])
    array([ True,  True, False])
    """
    return numpy.signbit(x)
