"""Arrays made from sizes and values; sizes may be named dimensions."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Type
from isthmus.trace.op import composite, primitive

from .conversion import array, asarray, astype, check_device, copy, from_dlpack
from .manipulation import broadcast_to, sizes_of
from .ranges import arange

__all__ = [
    "arange",
    "array",
    "asarray",
    "copy",
    "empty",
    "empty_like",
    "from_dlpack",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def _full_type(shape: Any, fill_value: Any, dtype: Any) -> Type:
    return Type(numpy.dtype(dtype), tuple(shape))


@primitive(
    infer=_full_type,
    operations=lambda operands, results, attributes: 0,
    may_raise=False,
    interval=intervals.filled,
)
def _full(shape: Any, fill_value: Any, dtype: Any) -> Any:
    """An array of one value. The value is a number or a named size."""
    return numpy.full(shape, fill_value, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None, *, device: Any = None) -> Any:
    """An array of the given shape, every element `fill_value`; sizes may be named.

    fill_value: a number, or an array that broadcasts to the shape, else DimensionError (ValueError
    of a NumPy array). dtype: fill_value's if it is None, int64 of a named size. Raises ValueError
    for a negative size, UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.full((2, 2), 7)
    array([[7, 7],
           [7, 7]])
    """
    check_device(device)
    if not isinstance(fill_value, Dim | Real):
        filler = asarray(fill_value)
        filler = filler if dtype is None else astype(filler, dtype)
        return copy(broadcast_to(filler, sizes_of(shape)))
    if dtype is None:
        dtype = numpy.int64 if isinstance(fill_value, Dim) else numpy.asarray(fill_value).dtype
    return _full(sizes_of(shape), fill_value, numpy.dtype(dtype))


def zeros(shape: Any, dtype: Any = None, *, device: Any = None) -> Any:
    """An array of zeros, of float64 if no dtype is given; sizes may be named.

    Raises ValueError for a negative size, UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.zeros((2, 3), np.float32)
    array([[0., 0., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    return full(shape, 0, numpy.float64 if dtype is None else dtype, device=device)


def ones(shape: Any, dtype: Any = None, *, device: Any = None) -> Any:
    """An array of ones, of float64 if no dtype is given; sizes may be named.

    Raises ValueError for a negative size, UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.ones(3, np.int32)
    array([1, 1, 1], dtype=int32)
    """
    return full(shape, 1, numpy.float64 if dtype is None else dtype, device=device)


def empty(shape: Any, dtype: Any = None, *, device: Any = None) -> Any:
    """An array whose elements are to be assigned; until then they are zeros.

    Of float64 if no dtype is given; sizes may be named. Raises as `zeros`.

    >>> from isthmus import np
    >>> np.empty((2, 3)).shape
    (2, 3)
    """
    return zeros(shape, dtype, device=device)


@composite
def _full_like(x: Any, /, fill_value: Any, dtype: Any, shape: Any) -> Any:
    """An array of x's shape and dtype, or of another shape or dtype, of one number."""
    return full(x.shape if shape is None else shape, fill_value, dtype or x.dtype)


def full_like(
    x: Any,
    /,
    fill_value: Any,
    dtype: Any = None,
    *,
    shape: Any = None,
    device: Any = None,
) -> Any:
    """An array of x's shape and dtype, every element `fill_value`.

    fill_value is cast to the dtype: 2.5 is 2 among integers. dtype, shape: others than x's, if
    given. Raises DimensionError for an array that does not broadcast to the shape (ValueError of a
    NumPy array), UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.full_like([1, 2, 3], 2.5)
    array([2, 2, 2])
    """
    check_device(device)
    x = asarray(x)
    wanted = x.dtype if dtype is None else numpy.dtype(dtype)
    if not isinstance(fill_value, Dim | Real):
        return full(x.shape if shape is None else shape, fill_value, wanted)
    return _full_like(x, fill_value, wanted, None if shape is None else sizes_of(shape))


def zeros_like(x: Any, /, dtype: Any = None, *, shape: Any = None, device: Any = None) -> Any:
    """An array of x's shape and dtype, of zeros.

    dtype, shape: others than x's, if given. Raises UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.zeros_like([1.5, 2.5])
    array([0., 0.])
    """
    return full_like(x, 0, dtype, shape=shape, device=device)


def ones_like(x: Any, /, dtype: Any = None, *, shape: Any = None, device: Any = None) -> Any:
    """An array of x's shape and dtype, of ones.

    dtype, shape: others than x's, if given. Raises UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.ones_like([1.5, 2.5], dtype=np.int32)
    array([1, 1], dtype=int32)
    """
    return full_like(x, 1, dtype, shape=shape, device=device)


def empty_like(x: Any, /, dtype: Any = None, *, shape: Any = None, device: Any = None) -> Any:
    """An array of x's shape and dtype, whose elements are to be assigned; until then zeros.

    dtype, shape: others than x's, if given. Raises UsageError for a device other than "cpu".

    >>> from isthmus import np
    >>> np.empty_like([1.5, 2.5], shape=(2, 3)).shape
    (2, 3)
    """
    return zeros_like(x, dtype, shape=shape, device=device)
