"""Updates at positions with an index a column, by the names of MXNet's `npx`."""

from __future__ import annotations

from typing import Any

from isthmus import np
from isthmus.errors import UsageError, WrongKind

from .scatter_nd import scatter_nd

__all__ = ["index_add", "index_update"]


def index_add(a: Any, ind: Any, val: Any, /) -> Any:
    """A copy of a with y[ind[0, i], ..., ind[K - 1, i], ...] += val[i, ...], for each i.

    ind: integers [K, N], positions along the first K axes of a, or [N] along the first one;
    negative ones count from the end. val: a number, or an array that broadcasts to
    [N, *a.shape[K:]]; it is cast to a's dtype, which is the result's. Updates at one place are all
    added. Raises IndexError for a position outside, on every backend; WrongKind for an ind that has
    no integers, UsageError for one of other axes, DimensionError for a val that does not fit. As
    MXNet's `npx.index_add`.

    >>> import numpy
    >>> from isthmus import npx
    >>> a, ind = numpy.zeros((2, 3)), numpy.array([[0, 0, 1], [1, 1, 2]])
    >>> npx.index_add(a, ind, numpy.array([5.0, 7.0, 1.0]))
    array([[ 0., 12.,  0.],
           [ 0.,  0.,  1.]])
    """
    return _updated(a, ind, val, "add")


def index_update(a: Any, ind: Any, val: Any, /) -> Any:
    """A copy of a with y[ind[0, i], ..., ind[K - 1, i], ...] = val[i, ...], for each i.

    Arguments and errors are those of `index_add`; of several updates at one place the last remains,
    where MXNet's `npx.index_update` leaves open which.

    >>> import numpy
    >>> from isthmus import npx
    >>> npx.index_update(numpy.zeros((2, 3)), numpy.array([1]), 4)
    array([[0., 0., 0.],
           [4., 4., 4.]])
    """
    return _updated(a, ind, val, "none")


def _updated(a: Any, ind: Any, val: Any, reduction: str) -> Any:
    a, ind, val = np.asarray(a), np.asarray(ind), np.asarray(val)
    if ind.dtype.kind not in "iu":
        raise WrongKind(f"ind of dtype {ind.dtype}; give integers")
    if ind.ndim not in (1, 2):
        raise UsageError(f"ind with {ind.ndim} axes; give [K, N], an index a column")
    places = np.expand_dims(ind, axis=1) if ind.ndim == 1 else np.permute_dims(ind, (1, 0))
    count, width = places.shape
    if not isinstance(width, int) or not 1 <= width <= a.ndim:
        raise UsageError(
            f"ind of {width} rows, of a with {a.ndim} axes; give a row of positions for each of "
            f"the first 1..{a.ndim} axes"
        )
    updates = np.broadcast_to(np.astype(val, a.dtype), (count, *a.shape[width:]))
    return scatter_nd(a, places, updates, reduction=reduction)
