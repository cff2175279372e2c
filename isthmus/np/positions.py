"""Where an array is not 0, and how often."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.infer import INT64
from isthmus.graph.nodes import Type
from isthmus.trace.op import composite, primitive

from . import host_only
from .comparisons import not_equal
from .conversion import asarray
from .manipulation import reshape, stack
from .statistical import sum

__all__ = [
    "argwhere",
    "count_nonzero",
    "flatnonzero",
    "nonzero",
]


@composite
def count_nonzero(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """How many elements are not 0.

    axis: an int, several or None for all. Result: int64. Raises UsageError for an axis that x
    lacks; of a NumPy array NumPy's AxisError. As `numpy.count_nonzero`.

    >>> from isthmus import np
    >>> np.count_nonzero(np.asarray([[0, 7], [2, 3]]), axis=0)
    array([1, 2])
    """
    return sum(not_equal(x, 0), axis=axis, keepdims=keepdims)


def _positions_type(x: Type, size: int | Dim) -> tuple[Type, ...]:
    if not x.ndim:
        raise UsageError("an array without axes has no positions; reshape it to (1,)")
    return (Type(INT64, (size,)),) * x.ndim


@primitive(
    infer=_positions_type,
    discovers=True,
    interval=intervals.where_not_zero,
    host_only=host_only.DISCOVERED,
)
def nonzero(x: Any, /, *, size: Any = None) -> tuple[Any, ...]:
    """The positions of the elements that are not 0: an array of indices for each axis.

    x: at least one axis -> x.ndim arrays of int64, whose size depends on values. Raises UsageError
    for an x without axes; of a NumPy array NumPy's ValueError. As `numpy.nonzero`.

    >>> from isthmus import np
    >>> np.nonzero(np.asarray([[0, 7], [2, 3]]))
    (array([0, 1, 1]), array([1, 0, 1]))
    """
    return numpy.nonzero(x)


def flatnonzero(x: Any, /) -> Any:
    """The positions in the flattened x of the elements that are not 0: int64, [n].

    The size n depends on values. As `numpy.flatnonzero`.

    >>> from isthmus import np
    >>> np.flatnonzero(np.asarray([[0, 7], [2, 3]]))
    array([1, 2, 3])
    """
    return nonzero(reshape(asarray(x), (-1,)))[0]


def argwhere(x: Any, /) -> Any:
    """The positions of the elements that are not 0, one a row, with a column for each axis.

    x: any shape -> [n, x.ndim], int64; the size n depends on values. As `numpy.argwhere`.

    >>> from isthmus import np
    >>> np.argwhere(np.asarray([[0, 7], [2, 3]]))
    array([[0, 1],
           [1, 0],
           [1, 1]])
    """
    x = asarray(x)
    if x.ndim:
        return stack(nonzero(x), axis=1)
    return argwhere(reshape(x, (1,)))[:, :0]
