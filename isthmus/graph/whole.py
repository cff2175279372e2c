"""Whole numbers as callers give them: Python's, NumPy's, and 0-d arrays of integers.

A graph holds Python's ints and named sizes alone, so that it can be compared, written and read.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from isthmus.errors import WrongKind

from .dims import Dim

__all__ = ["is_whole", "whole", "wholes"]


def is_whole(value: Any) -> bool:
    """Whether something is one whole number, perhaps a named size.

    >>> import numpy
    >>> is_whole(numpy.int8(2)), is_whole(numpy.array(2)), is_whole((2,)), is_whole(2.0)
    (True, True, False, False)
    """
    if isinstance(value, int | Dim):
        return True
    if getattr(value, "ndim", None) == 0 and hasattr(value, "dtype"):
        return value.dtype.kind in "iu"
    return hasattr(value, "__index__") and not hasattr(value, "ndim")


def whole(value: Any) -> Any:
    """A whole number as an int, or as the named size it is; WrongKind (a TypeError) for others.

    >>> import numpy
    >>> whole(numpy.array(2)) + 1
    3
    """
    if isinstance(value, int | Dim):
        return value
    if not is_whole(value):
        raise WrongKind(f"{value!r} where a whole number is needed; give an int")
    return operator.index(value)


def wholes(values: Any) -> tuple[Any, ...]:
    """One whole number or several, as a tuple.

    >>> import numpy
    >>> wholes(3), wholes([numpy.int64(2), 3]), wholes(numpy.array([2, 3]))
    ((3,), (2, 3), (2, 3))
    """
    if not is_whole(values) and isinstance(values, Iterable) and getattr(values, "ndim", True):
        return tuple(map(whole, values))
    return (whole(values),)
