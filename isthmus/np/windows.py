"""Windows that slide along axes."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.infer import one_axis
from isthmus.graph.whole import wholes
from isthmus.trace.op import NUMPY, kind_of

from .axes import moveaxis
from .conversion import asarray
from .creation import arange
from .lookups import take
from .manipulation import reshape

__all__ = ["sliding_window_view"]


def sliding_window_view(x: Any, /, window_shape: Any, axis: Any = None) -> Any:
    """x[i : i + w] for each i, along each of several axes; the windows are the last axes.

    window_shape: w, or one for each axis; axis: all axes of x if it is None. An axis of n elements
    becomes n - w + 1, and w is a new axis at the end. Of a NumPy array a view that is not written
    to, of others a copy. Raises UsageError for other numbers of windows than axes and for a
    negative w, DimensionError for one that is longer than its axis; of NumPy arrays NumPy's
    ValueError. As `numpy.lib.stride_tricks.sliding_window_view`.

    >>> from isthmus import np
    >>> np.sliding_window_view(np.asarray([1, 2, 3, 4]), 3)
    array([[1, 2, 3],
           [2, 3, 4]])
    """
    widths = wholes(window_shape)
    axes = None if axis is None else wholes(axis)
    if kind_of((x, widths)) == NUMPY:
        return numpy.lib.stride_tricks.sliding_window_view(x, widths, axes)
    x = asarray(x)
    along = tuple(range(x.ndim)) if axes is None else tuple(one_axis(one, x.ndim) for one in axes)
    if len(along) != len(widths):
        raise UsageError(f"windows {widths} for axes {along}; give one for each")
    for one, width in zip(along, widths, strict=True):
        x = moveaxis(_windows(x, one, width), one + 1, -1)
    return x


def _windows(x: Any, axis: int, width: Any) -> Any:
    """The windows along an axis, each along the axis after it."""
    count = x.shape[axis] - width + 1
    if isinstance(width, int) and width < 0:
        raise UsageError(f"a window of {width}; give 0 or more")
    if isinstance(count, int) and count < 1:
        raise DimensionError(f"a window of {width} along {x.shape[axis]} elements; give a shorter")
    starts = reshape(arange(count, dtype=numpy.int32), (-1, 1))
    return take(x, starts + arange(width, dtype=numpy.int32), axis=axis)
