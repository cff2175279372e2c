"""Bits of whole numbers and truth values, and their common divisors."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.graph.ufunc_types import Loop
from isthmus.trace.op import primitive

__all__ = [
    "bitwise_and",
    "bitwise_count",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "invert",
    "lcm",
    "left_shift",
    "right_shift",
]


@primitive(infer=Loop(numpy.bitwise_and))
def bitwise_and(x1: Any, x2: Any, /) -> Any:
    """x1 & x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype; truth values are taken as well. Raises UsageError for other numbers than
    integers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.bitwise_and([12, 10], 6)
    array([4, 2])
    """
    return numpy.bitwise_and(x1, x2)


@primitive(infer=Loop(numpy.bitwise_or))
def bitwise_or(x1: Any, x2: Any, /) -> Any:
    """x1 | x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype; truth values are taken as well. Raises UsageError for other numbers than
    integers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.bitwise_or([12, 10], 6)
    array([14, 14])
    """
    return numpy.bitwise_or(x1, x2)


@primitive(infer=Loop(numpy.bitwise_xor))
def bitwise_xor(x1: Any, x2: Any, /) -> Any:
    """x1 ^ x2

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype; truth values are taken as well. Raises UsageError for other numbers than
    integers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.bitwise_xor([12, 10], 6)
    array([10, 12])
    """
    return numpy.bitwise_xor(x1, x2)


@primitive(infer=Loop(numpy.bitwise_invert))
def bitwise_invert(x: Any, /) -> Any:
    """~x

    x: any shape, integers or truth values, whose dtype the result has: -x - 1 of signed integers,
    not x of truth values. Raises UsageError for other numbers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.bitwise_invert([0, 5])
    array([-1, -6])
    """
    return numpy.bitwise_invert(x)


@primitive(infer=Loop(numpy.bitwise_left_shift))
def bitwise_left_shift(x1: Any, x2: Any, /) -> Any:
    """x1 * 2**x2 in the bits there are; 0 for an x2 that is negative or not below their number.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype, int8 of truth values. Raises UsageError for other numbers than integers
    (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.bitwise_left_shift([1, 3], 2)
    array([ 4, 12])
    """
    return numpy.bitwise_left_shift(x1, x2)


@primitive(infer=Loop(numpy.bitwise_right_shift))
def bitwise_right_shift(x1: Any, x2: Any, /) -> Any:
    """floor(x1 / 2**x2); 0 or -1 for an x2 that is negative or not below the number of bits.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype, int8 of truth values. Raises UsageError for other numbers than integers
    (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.bitwise_right_shift([13, -13], 2)
    array([ 3, -4])
    """
    return numpy.bitwise_right_shift(x1, x2)


@primitive(infer=Loop(numpy.bitwise_count))
def bitwise_count(x: Any, /) -> Any:
    """How many bits of |x| are 1.

    x: any shape, integers or truth values; the result is uint8. Raises UsageError for other numbers
    (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.bitwise_count([7, -8])
    array([3, 1], dtype=uint8)
    """
    return numpy.bitwise_count(x)


@primitive(infer=Loop(numpy.gcd))
def gcd(x1: Any, x2: Any, /) -> Any:
    """The greatest common divisor of |x1| and |x2|.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype; of 0 and 0 it is 0. Raises UsageError for other numbers than integers
    (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.gcd([12, -18], 8)
    array([4, 2])
    """
    return numpy.gcd(x1, x2)


@primitive(infer=Loop(numpy.lcm))
def lcm(x1: Any, x2: Any, /) -> Any:
    """The least common multiple of |x1| and |x2|.

    x1, x2: shapes that broadcast, else DimensionError (ValueError on NumPy arrays). The result has
    their common dtype; where one is 0 it is 0. Raises UsageError for other numbers than integers
    (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.lcm([4, -6], 10)
    array([20, 30])
    """
    return numpy.lcm(x1, x2)


bitwise_not = bitwise_invert
invert = bitwise_invert
left_shift = bitwise_left_shift
right_shift = bitwise_right_shift
