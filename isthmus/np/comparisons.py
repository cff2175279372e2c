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
    """x1 == x2"""
    return numpy.equal(x1, x2)


@primitive(infer=Comparison(numpy.not_equal))
def not_equal(x1: Any, x2: Any, /) -> Any:
    """x1 != x2"""
    return numpy.not_equal(x1, x2)


@primitive(infer=Comparison(numpy.less))
def less(x1: Any, x2: Any, /) -> Any:
    """x1 < x2"""
    return numpy.less(x1, x2)


@primitive(infer=Comparison(numpy.less_equal))
def less_equal(x1: Any, x2: Any, /) -> Any:
    """x1 <= x2"""
    return numpy.less_equal(x1, x2)


@primitive(infer=Comparison(numpy.greater))
def greater(x1: Any, x2: Any, /) -> Any:
    """x1 > x2"""
    return numpy.greater(x1, x2)


@primitive(infer=Comparison(numpy.greater_equal))
def greater_equal(x1: Any, x2: Any, /) -> Any:
    """x1 >= x2"""
    return numpy.greater_equal(x1, x2)


@primitive(infer=logical)
def logical_and(x1: Any, x2: Any, /) -> Any:
    """x1 and x2, of truth values."""
    return numpy.logical_and(x1, x2)


@primitive(infer=logical)
def logical_or(x1: Any, x2: Any, /) -> Any:
    """x1 or x2, of truth values."""
    return numpy.logical_or(x1, x2)


@primitive(infer=logical)
def logical_xor(x1: Any, x2: Any, /) -> Any:
    """x1 or x2 but not both, of truth values."""
    return numpy.logical_xor(x1, x2)


@primitive(infer=logical)
def logical_not(x: Any, /) -> Any:
    """not x, of truth values."""
    return numpy.logical_not(x)


@primitive(infer=Loop(numpy.isfinite))
def isfinite(x: Any, /) -> Any:
    """Whether x is neither infinite nor NaN."""
    return numpy.isfinite(x)


@primitive(infer=Loop(numpy.isinf))
def isinf(x: Any, /) -> Any:
    """Whether x is an infinity."""
    return numpy.isinf(x)


@primitive(infer=Loop(numpy.isnan))
def isnan(x: Any, /) -> Any:
    """Whether x is NaN."""
    return numpy.isnan(x)


@primitive(infer=as_numpy(numpy.isposinf))
def isposinf(x: Any, /) -> Any:
    """Whether x is the positive infinity."""
    return numpy.isposinf(x)


@primitive(infer=as_numpy(numpy.isneginf))
def isneginf(x: Any, /) -> Any:
    """Whether x is the negative infinity."""
    return numpy.isneginf(x)


@primitive(infer=Loop(numpy.signbit))
def signbit(x: Any, /) -> Any:
    """Whether the sign of x is negative; -0 and NaN have signs as well."""
    return numpy.signbit(x)
