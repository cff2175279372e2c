"""Lookups along one axis by arrays of positions."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import IndexOutside, UsageError, WrongKind
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import broadcast, product, same_shape
from isthmus.trace.array import Array
from isthmus.trace.slots import np

from .advanced_indexing import ARRAY, scatter
from .comparisons import equal as equals
from .comparisons import less
from .conversion import asarray
from .elementwise import clip, remainder
from .manipulation import astype, broadcast_to, moved, reshape
from .ranges import arange
from .searching import where

__all__ = [
    "take",
    "take_along_axis",
]


def narrow(positions: Any, x: Any) -> Any:
    """Positions that are known, for an array that is not, as int32, which all runtimes take."""
    if not isinstance(x, Array) or isinstance(positions, Array) or not positions.size:
        return positions
    fits = abs(positions).max() <= numpy.iinfo(numpy.int32).max
    return positions.astype(numpy.int32) if fits and positions.dtype.kind == "i" else positions


def _taken_type(x: Type, indices: Type, axis: int | None, mode: str) -> Type:
    if indices.dtype.kind not in "iub":
        raise WrongKind(f"indices of dtype {indices.dtype}; give integers")
    if mode not in ("raise", "wrap", "clip"):
        raise UsageError(f"mode={mode!r}: give 'raise', 'wrap' or 'clip'")
    if axis is None:
        return Type(x.dtype, indices.shape)
    along = one_axis(axis, x.ndim)
    return Type(x.dtype, (*x.shape[:along], *indices.shape, *x.shape[along + 1 :]))


def _take_gradient(
    g: Any, y: Any, x: Any, indices: Any, axis: int | None, mode: str
) -> tuple[Any, None]:
    """Each position of x sums what was taken from it: a matrix product with the one-hot indices."""
    shape = (product(x.shape),) if axis is None else x.shape
    along = one_axis(axis or 0, len(shape))
    flat = reshape(_from_zero(indices, shape[along], mode), (1, -1))
    hot = equals(reshape(arange(shape[along]), (-1, 1)), flat)
    lines = (product(shape[:along]), product(indices.shape), product(shape[along + 1 :]))
    return reshape(np.matmul(astype(hot, g.dtype), reshape(g, lines)), x.shape), None


def _from_zero(indices: Any, size: Any, mode: str) -> Any:
    """Indices as positions in 0 .. size - 1."""
    if indices.dtype.kind != "i":
        indices = astype(indices, numpy.int64)
    if mode == "raise":
        return where(less(indices, 0), indices + size, indices)
    return remainder(indices, size) if mode == "wrap" else clip(indices, 0, size - 1)


@moved(_taken_type, vjp=_take_gradient, interval=intervals.some, looks_up=True)
def take(x: Any, indices: Any, /, axis: int | None = None, mode: str = "raise") -> Any:
    """The elements of x at the given positions of an axis, or of x flat if axis is None.

    indices: integers, of any shape, which takes the place of the axis. Result: x's dtype. mode
    "raise": negative positions count from the end, and one outside raises IndexError, on every
    backend. "wrap": positions go round; "clip": those outside are the ends; neither needs a check,
    so that runtimes look up positions a program computes, and files hold it. Raises UsageError for
    another mode, WrongKind for other indices; of NumPy arrays NumPy's ValueError and TypeError. As
    `numpy.take`.

    >>> from isthmus import np
    >>> np.take(np.asarray([10, 20, 30]), np.asarray([[0, -1]]))
    array([[10, 30]])
    >>> np.take(np.asarray([[1, 2], [3, 4]]), 1, axis=1)
    array([2, 4])
    """
    return numpy.take(x, indices, axis=axis, mode=mode)  # type: ignore[call-overload]


# One position for each line along the axis


def _along_type(x: Type, indices: Type, axis: int) -> Type:
    if indices.dtype.kind not in "iu":
        raise IndexOutside(f"indices of dtype {indices.dtype}; give integers")
    return Type(x.dtype, indices.shape)


def _along_gradient(g: Any, y: Any, x: Any, indices: Any, axis: int) -> tuple[Any, None]:
    lines = []
    for i, size in enumerate(x.shape):
        line = (1,) * i + (-1,) + (1,) * (x.ndim - i - 1)
        lines.append(indices if i == axis else reshape(arange(size), line))
    return scatter([g, *lines], (ARRAY,) * x.ndim, x.shape), None


@moved(_along_type, vjp=_along_gradient, interval=intervals.some, looks_up=True)
def _take_along_axis(x: Any, indices: Any, /, axis: int) -> Any:
    """The elements at a position for each line along an axis; other axes are of equal sizes."""
    return numpy.take_along_axis(x, indices, axis)


def take_along_axis(x: Any, /, indices: Any, axis: int | None = -1) -> Any:
    """For each line of x along an axis, its elements at the positions in that line of indices.

    indices: integers, with as many axes as x; those but `axis` broadcast. axis None: x flat, and
    indices with one axis. Result: x's dtype. Raises IndexError for a position outside, on every
    backend, and UsageError for another number of axes. As `numpy.take_along_axis`.

    >>> from isthmus import np
    >>> x = np.asarray([[3, 1, 2], [5, 6, 4]])
    >>> np.take_along_axis(x, np.argsort(x, axis=1), axis=1)
    array([[1, 2, 3],
           [4, 5, 6]])
    """
    x, indices = asarray(x), asarray(indices)
    if axis is None:
        if indices.ndim != 1:
            raise UsageError(f"axis=None with indices of {indices.ndim} axes; give them one")
        return _take_along_axis(reshape(x, (-1,)), indices, 0)
    along = one_axis(axis, x.ndim)
    if x.ndim != indices.ndim:
        raise UsageError(f"{x.ndim} axes and indices of {indices.ndim}; give them as many")
    x_sizes, i_sizes = list(x.shape), list(indices.shape)
    x_sizes[along] = i_sizes[along] = 1
    others = list(broadcast(tuple(x_sizes), tuple(i_sizes)))
    x = _spread(x, (*others[:along], x.shape[along], *others[along + 1 :]))
    indices = _spread(indices, (*others[:along], indices.shape[along], *others[along + 1 :]))
    return _take_along_axis(x, narrow(indices, x), along)


def _spread(x: Any, shape: Any) -> Any:
    return x if same_shape(x.shape, shape) else broadcast_to(x, shape)
