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
    """How many elements are not 0."""
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
    """The positions of the elements that are not 0: an array of indices for each axis."""
    return numpy.nonzero(x)


def flatnonzero(x: Any, /) -> Any:
    """The positions in the flattened x of the elements that are not 0."""
    return nonzero(reshape(asarray(x), (-1,)))[0]


def argwhere(x: Any, /) -> Any:
    """The positions of the elements that are not 0, one a row, with a column for each axis."""
    x = asarray(x)
    if x.ndim:
        return stack(nonzero(x), axis=1)
    return argwhere(reshape(x, (1,)))[:, :0]
