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
    """x1 & x2"""
    return numpy.bitwise_and(x1, x2)


@primitive(infer=Loop(numpy.bitwise_or))
def bitwise_or(x1: Any, x2: Any, /) -> Any:
    """x1 | x2"""
    return numpy.bitwise_or(x1, x2)


@primitive(infer=Loop(numpy.bitwise_xor))
def bitwise_xor(x1: Any, x2: Any, /) -> Any:
    """x1 ^ x2"""
    return numpy.bitwise_xor(x1, x2)


@primitive(infer=Loop(numpy.bitwise_invert))
def bitwise_invert(x: Any, /) -> Any:
    """~x"""
    return numpy.bitwise_invert(x)


@primitive(infer=Loop(numpy.bitwise_left_shift))
def bitwise_left_shift(x1: Any, x2: Any, /) -> Any:
    """x1 * 2**x2 in the bits there are; 0 for an x2 that is negative or not below their number."""
    return numpy.bitwise_left_shift(x1, x2)


@primitive(infer=Loop(numpy.bitwise_right_shift))
def bitwise_right_shift(x1: Any, x2: Any, /) -> Any:
    """floor(x1 / 2**x2); 0 or -1 for an x2 that is negative or not below the number of bits."""
    return numpy.bitwise_right_shift(x1, x2)


@primitive(infer=Loop(numpy.bitwise_count))
def bitwise_count(x: Any, /) -> Any:
    """How many bits of |x| are 1."""
    return numpy.bitwise_count(x)


@primitive(infer=Loop(numpy.gcd))
def gcd(x1: Any, x2: Any, /) -> Any:
    """The greatest common divisor of |x1| and |x2|."""
    return numpy.gcd(x1, x2)


@primitive(infer=Loop(numpy.lcm))
def lcm(x1: Any, x2: Any, /) -> Any:
    """The least common multiple of |x1| and |x2|."""
    return numpy.lcm(x1, x2)


bitwise_not = bitwise_invert
invert = bitwise_invert
left_shift = bitwise_left_shift
right_shift = bitwise_right_shift
