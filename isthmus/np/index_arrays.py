"""Arrays of positions, and positions computed from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import equal
from isthmus.graph.infer import INT64
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import broadcast
from isthmus.graph.whole import whole

from . import host_only
from .comparisons import logical_not
from .conversion import asarray, astype, copy
from .creation import arange
from .manipulation import broadcast_arrays, moved, reshape, sizes_of, stack
from .positions import nonzero
from .triangles import tri

__all__ = [
    "diag_indices",
    "diag_indices_from",
    "indices",
    "ix_",
    "meshgrid",
    "ravel_multi_index",
    "tril_indices",
    "tril_indices_from",
    "triu_indices",
    "triu_indices_from",
    "unravel_index",
]


# Grids


def _line(x: Any, axis: int, ndim: int) -> Any:
    """x along one of several axes; the others have size 1."""
    return reshape(x, (1,) * axis + (-1,) + (1,) * (ndim - axis - 1))


def meshgrid(
    *arrays: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """For each vector an array of all combinations: its own values along its own axis.

    indexing: "ij" for the axes in order, "xy" for the first two exchanged. sparse: sizes of 1 along
    the other axes. copy: new arrays instead of views. Each array keeps its dtype. Raises UsageError
    for another indexing.

    >>> from isthmus import np
    >>> np.meshgrid([1, 2], [3, 4])
    (array([[1, 2],
           [1, 2]]), array([[3, 3],
           [4, 4]]))
    """
    if indexing not in ("xy", "ij"):
        raise UsageError(f"indexing={indexing!r}: give 'xy' or 'ij'")
    order = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        order[:2] = 1, 0
    lines = [_line(asarray(x), axis, len(arrays)) for x, axis in zip(arrays, order, strict=True)]
    found = tuple(lines) if sparse else broadcast_arrays(*lines)
    return tuple(map(_new, found)) if copy else found


_new = copy  # which is also a keyword above


def indices(dimensions: Sequence[Any], dtype: Any = int, sparse: bool = False) -> Any:
    """The positions along each axis of an array of those sizes, stacked; sparse: a tuple.

    The result is [axes, *dimensions], int64 unless a dtype is given; sizes may be named.

    >>> from isthmus import np
    >>> np.indices((2, 2))[1]
    array([[0, 1],
           [0, 1]])
    """
    sizes = sizes_of(dimensions)
    lines = [_line(arange(size, dtype=dtype), axis, len(sizes)) for axis, size in enumerate(sizes)]
    if sparse:
        return tuple(lines)
    if not lines:
        return numpy.empty((0,), dtype)
    return stack(broadcast_arrays(*lines))


def ix_(*args: Any) -> tuple[Any, ...]:
    """Vectors of positions, or masks, as indices that choose all their combinations.

    The array of the k-th vector has its elements along axis k and size 1 along the others; a mask
    becomes int64 positions. Raises UsageError for what is not of one axis.

    >>> from isthmus import np
    >>> x = np.asarray([[1, 2, 3], [4, 5, 6]])
    >>> x[np.ix_([0, 1], [True, False, True])]
    array([[1, 3],
           [4, 6]])
    """
    found = []
    for axis, arg in enumerate(args):
        x = asarray(arg)
        if x.ndim != 1:
            raise UsageError(f"a cross index of {x.ndim} axes; give vectors")
        if isinstance(arg, list | tuple) and not len(arg):
            x = astype(x, numpy.intp)
        if x.dtype == numpy.bool_:
            (x,) = nonzero(x)
        found.append(_line(x, axis, len(args)))
    return tuple(found)


# Diagonals and triangles


def diag_indices(n: Any, ndim: int = 2) -> tuple[Any, ...]:
    """The positions of the main diagonal of an array with ndim axes of size n.

    int64 [n] for each axis.

    >>> from isthmus import np
    >>> np.diag_indices(3)
    (array([0, 1, 2]), array([0, 1, 2]))
    """
    return (arange(n),) * whole(ndim)


def diag_indices_from(arr: Any, /) -> tuple[Any, ...]:
    """The positions of the main diagonal of an array whose axes are all of one size.

    int64 [n] for each axis. Raises UsageError for fewer axes than two, or different sizes.

    >>> from isthmus import np
    >>> np.diag_indices_from([[1, 2], [3, 4]])
    (array([0, 1]), array([0, 1]))
    """
    arr = asarray(arr)
    if arr.ndim < 2 or not all(equal(size, arr.shape[0]) for size in arr.shape):
        raise UsageError(f"a diagonal of {arr.shape}; give at least 2 axes, all of one size")
    return diag_indices(arr.shape[0], arr.ndim)


def tril_indices(n: Any, k: int = 0, m: Any = None) -> tuple[Any, ...]:
    """The rows and columns on and below diagonal k of an n by m matrix.

    Two int64 arrays. k: 0 for the main diagonal, above 0 for those above it; m: n if it is None.

    >>> from isthmus import np
    >>> np.tril_indices(2)
    (array([0, 1, 1]), array([0, 0, 1]))
    """
    return nonzero(tri(n, m, k, dtype=numpy.bool_))


def triu_indices(n: Any, k: int = 0, m: Any = None) -> tuple[Any, ...]:
    """The rows and columns on and above diagonal k of an n by m matrix.

    Two int64 arrays. k: 0 for the main diagonal, above 0 for those above it; m: n if it is None.

    >>> from isthmus import np
    >>> np.triu_indices(2)
    (array([0, 0, 1]), array([0, 1, 1]))
    """
    return nonzero(logical_not(tri(n, m, k - 1, dtype=numpy.bool_)))


def tril_indices_from(arr: Any, /, k: int = 0) -> tuple[Any, ...]:
    """The rows and columns on and below diagonal k of a matrix.

    As `tril_indices` of its sizes. Raises UsageError for another number of axes than two.

    >>> from isthmus import np
    >>> x = np.asarray([[1, 2], [3, 4]])
    >>> x[np.tril_indices_from(x)]
    array([1, 3, 4])
    """
    return tril_indices(*_matrix_sizes(arr, k))


def triu_indices_from(arr: Any, /, k: int = 0) -> tuple[Any, ...]:
    """The rows and columns on and above diagonal k of a matrix.

    As `triu_indices` of its sizes. Raises UsageError for another number of axes than two.

    >>> from isthmus import np
    >>> x = np.asarray([[1, 2], [3, 4]])
    >>> x[np.triu_indices_from(x)]
    array([1, 2, 4])
    """
    return triu_indices(*_matrix_sizes(arr, k))


def _matrix_sizes(arr: Any, k: int) -> tuple[Any, int, Any]:
    arr = asarray(arr)
    if arr.ndim != 2:
        raise UsageError(f"a triangle of {arr.ndim} axes; give 2")
    return arr.shape[0], k, arr.shape[1]


# Flat positions and positions along axes


def _unraveled_type(positions: Type, sizes: Any, order: str) -> tuple[Type, ...]:
    if positions.dtype.kind not in "iub":
        raise WrongKind(f"positions of {positions.dtype}; give integers")
    return tuple(Type(INT64, positions.shape) for _ in sizes)


@moved(_unraveled_type, host_only=host_only.CHOSEN)
def _unravel_index(positions: Any, /, sizes: Any, order: str) -> tuple[Any, ...]:
    """Flat positions as positions along axes. Raises ValueError for those outside."""
    found = numpy.unravel_index(positions, sizes, order)  # type: ignore[call-overload]
    return tuple(found)


def unravel_index(indices: Any, /, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """Positions in a flat array as positions along the axes of that shape.

    order: "C" where the last axis runs fastest, "F" where the first does. A tuple with an int64
    array of the indices' shape for each axis. Raises ValueError for positions outside, UsageError
    for those that are not integers (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.unravel_index([1, 5], (2, 3))
    (array([0, 1]), array([1, 2]))
    """
    return _unravel_index(asarray(indices), sizes_of(shape), order)


def _raveled_type(*positions: Type, sizes: Any, mode: Any, order: str) -> Type:
    if len(positions) != len(sizes):
        raise UsageError(f"positions along {len(positions)} axes of {sizes}; give one for each")
    for part in positions:
        if part.dtype.kind not in "iub":
            raise WrongKind(f"positions of {part.dtype}; give integers")
    return Type(INT64, broadcast(*(part.shape for part in positions)))


@moved(_raveled_type, variadic=True, host_only=host_only.CHOSEN)
def _ravel_multi_index(positions: Sequence[Any], /, sizes: Any, mode: Any, order: Any) -> Any:
    """Positions along axes as flat positions. Raises ValueError for those outside."""
    return numpy.ravel_multi_index(tuple(positions), sizes, mode, order)


def ravel_multi_index(multi_index: Any, /, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """Positions along the axes of an array as positions in it, flat.

    mode, for all axes or for each: "raise" a ValueError outside, "wrap" around, or "clip".
    multi_index: an array for each axis; they broadcast to the shape of the result, which is int64.
    Raises UsageError for another number of arrays than axes, DimensionError for shapes that do not
    broadcast (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.ravel_multi_index(([0, 1], [1, 2]), (2, 3))
    array([1, 5])
    """
    several = multi_index if isinstance(multi_index, list | tuple) else list(asarray(multi_index))
    return _ravel_multi_index([asarray(part) for part in several], sizes_of(dims), mode, order)
