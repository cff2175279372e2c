"""Arrays made from sizes and values; sizes may be named dimensions."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.array import Array
from isthmus.dims import Dim
from isthmus.errors import UsageError
from isthmus.graph import Type
from isthmus.op import primitive

__all__ = [
    "arange",
    "asarray",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def asarray(x: Any, dtype: Any = None) -> Any:
    """x as an array; a traced array stays what it is, cast to dtype if one is given."""
    if isinstance(x, Array):
        from isthmus.np.manipulation import astype

        return x if dtype is None else astype(x, dtype)
    return numpy.asarray(x, dtype)


def _arange_type(start: Any, stop: Any, dtype: Any) -> Type:
    return Type(numpy.dtype(dtype), (stop - start,))


@primitive(infer=_arange_type, operations=lambda operands, results, attributes: 0)
def _arange(start: Any, stop: Any, dtype: Any) -> Any:
    """start, start + 1, ... up to but not including stop; whole numbers, stop >= start."""
    return numpy.arange(start, stop, dtype=dtype)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None) -> Any:
    """start, start + step, ... below stop; with one argument from 0 up to it.

    Sizes may be named dimensions, with a step of 1.
    """
    first, last = (0, start) if stop is None else (start, stop)
    if not isinstance(first, Dim) and not isinstance(last, Dim):
        return numpy.arange(first, last, step, dtype=dtype)
    if step != 1:
        raise UsageError(f"np.arange of a named size takes a step of 1, not {step}")
    return _arange(first, last, numpy.dtype(dtype or numpy.int64))


def _full_type(shape: Any, fill_value: Any, dtype: Any) -> Type:
    return Type(numpy.dtype(dtype), tuple(shape))


@primitive(infer=_full_type, operations=lambda operands, results, attributes: 0)
def _full(shape: Any, fill_value: Any, dtype: Any) -> Any:
    """An array of one value. The value is a number or a named size."""
    return numpy.full(shape, fill_value, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of the given shape, every element `fill_value`; sizes may be named."""
    sizes = (shape,) if isinstance(shape, int | Dim) else tuple(shape)
    known = numpy.int64 if isinstance(fill_value, Dim) else numpy.asarray(fill_value).dtype
    return _full(sizes, fill_value, numpy.dtype(dtype or known))


def zeros(shape: Any, dtype: Any = numpy.float64) -> Any:
    """An array of zeros; sizes may be named."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = numpy.float64) -> Any:
    """An array of ones; sizes may be named."""
    return full(shape, 1, dtype)


def full_like(x: Any, /, fill_value: Any, dtype: Any = None) -> Any:
    """An array of x's shape and dtype, every element `fill_value`."""
    return full(x.shape, fill_value, dtype or x.dtype)


def zeros_like(x: Any, /, dtype: Any = None) -> Any:
    """An array of x's shape and dtype, of zeros."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, /, dtype: Any = None) -> Any:
    """An array of x's shape and dtype, of ones."""
    return full_like(x, 1, dtype)
