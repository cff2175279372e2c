"""Sorting, and searching in what is sorted. NaN is above every number."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import UsageError
from isthmus.graph.dims import equal
from isthmus.graph.infer import INT64, one_axis
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import product
from isthmus.trace.op import primitive

from . import host_only
from .conversion import asarray
from .lookups import take_along_axis
from .manipulation import reshape

__all__ = [
    "argpartition",
    "argsort",
    "digitize",
    "lexsort",
    "partition",
    "searchsorted",
    "sort",
]


def _sorted_type(x: Type, axis: int | None, **_: Any) -> Type:
    if axis is None:
        return Type(x.dtype, (product(x.shape),))
    one_axis(axis, x.ndim)
    return x


def _order_type(x: Type, axis: int | None, **_: Any) -> Type:
    return Type(INT64, _sorted_type(x, axis).shape)


def ranks(x: Any, axis: int) -> Any:
    """For each element its position when x is sorted."""
    return _argsort(_argsort(x, axis=axis, descending=False), axis=axis, descending=False)


def _sorted_gradient(g: Any, y: Any, x: Any, axis: int | None, **_: Any) -> tuple[Any]:
    """Each element takes the gradient of its place, which is the place of its rank in y."""
    line, along = (reshape(x, (-1,)), 0) if axis is None else (x, axis)
    by_rank = take_along_axis(g, _argsort(y, axis=along, descending=False), axis=along)
    return (reshape(take_along_axis(by_rank, ranks(line, along), axis=along), x.shape),)


@primitive(infer=_sorted_type, vjp=_sorted_gradient, host_only=host_only.SORTED)
def _sort(x: Any, /, axis: int | None, descending: bool) -> Any:
    if not descending:
        return numpy.sort(x, axis=axis, kind="stable")
    if axis is None:
        x, axis = numpy.ravel(x), 0
    return numpy.flip(numpy.sort(numpy.flip(x, axis), axis=axis, kind="stable"), axis)


def sort(
    x: Any,
    /,
    axis: int | None = -1,
    kind: str | None = None,
    *,
    descending: bool = False,
    stable: bool | None = True,
) -> Any:
    """x sorted along an axis, or flattened for None. Every kind is stable here.

    NaN comes last, or first where the largest does. descending: from the largest. Result: x's
    dtype. Raises UsageError for an axis that x lacks; of a NumPy array NumPy's AxisError. As
    `numpy.sort` and, for descending, the Array API standard.

    >>> from isthmus import np
    >>> np.sort(np.asarray([3.0, np.nan, 1.0]))
    array([ 1.,  3., nan])
    >>> np.sort(np.asarray([3, 1, 2]), descending=True)
    array([3, 2, 1])
    """
    return _sort(x, axis=axis, descending=descending)


@primitive(infer=_order_type, interval=intervals.every_position, host_only=host_only.SORTED)
def _argsort(x: Any, /, axis: int | None, descending: bool) -> Any:
    if not descending:
        return numpy.argsort(x, axis=axis, kind="stable")
    if axis is None:
        x, axis = numpy.ravel(x), 0
    order = numpy.argsort(numpy.flip(x, axis), axis=axis, kind="stable")
    return numpy.shape(x)[axis] - 1 - numpy.flip(order, axis)


def argsort(
    x: Any,
    /,
    axis: int | None = -1,
    kind: str | None = None,
    *,
    descending: bool = False,
    stable: bool | None = True,
) -> Any:
    """The positions of the elements in sorted order; equal ones keep theirs, for every kind.

    axis: an int, or None for x flat. descending: from the largest. Result: int64. Raises UsageError
    for an axis that x lacks; of a NumPy array NumPy's AxisError. As `numpy.argsort` and, for
    descending, the Array API standard.

    >>> from isthmus import np
    >>> np.argsort(np.asarray([3, 1, 2, 1]))
    array([1, 3, 2, 0])
    """
    return _argsort(x, axis=axis, descending=descending)


@primitive(infer=_sorted_type, vjp=_sorted_gradient, host_only=host_only.SORTED)
def partition(x: Any, /, kth: Any, axis: int | None = -1, kind: Any = "introselect") -> Any:
    """x with its kth element where sorting puts it, no larger ones before, no smaller behind.

    kth: an int, or several. axis: an int, or None for x flat. Result: x's dtype. Raises UsageError
    for an axis that x lacks; of a NumPy array NumPy's AxisError, and ValueError for a kth outside.
    As `numpy.partition`.

    >>> from isthmus import np
    >>> np.partition(np.asarray([3, 4, 1, 2]), 1)[:2]
    array([1, 2])
    """
    return numpy.partition(x, kth, axis=axis, kind=kind)


@primitive(infer=_order_type, host_only=host_only.SORTED)
def argpartition(x: Any, /, kth: Any, axis: int | None = -1, kind: Any = "introselect") -> Any:
    """The positions of the elements in the order of `partition`, as int64.

    The arguments and errors are those of `partition`. As `numpy.argpartition`.

    >>> from isthmus import np
    >>> np.argpartition(np.asarray([3, 4, 1, 2]), 1)[1]
    np.int64(3)
    """
    return numpy.argpartition(x, kth, axis=axis, kind=kind)


def _keys_type(*keys: Type, axis: int) -> Type:
    one_axis(axis, keys[0].ndim)
    for key in keys:
        if key.ndim != keys[0].ndim or not all(map(equal, key.shape, keys[0].shape)):
            raise UsageError(f"keys {keys[0]} and {key}; give keys of one shape")
    return Type(INT64, keys[0].shape)


@primitive(infer=_keys_type, variadic=True, host_only=host_only.SORTED)
def _lexsort(keys: Any, /, axis: int) -> Any:
    return numpy.lexsort(tuple(keys), axis=axis)


def lexsort(keys: Any, /, axis: int = -1) -> Any:
    """The positions that sort by the last key, equal ones by the one before, and so on.

    keys: a sequence of arrays of one shape, or an array of them; sorted along `axis`. Result:
    int64. Raises UsageError for no keys or different shapes; of NumPy arrays of different shapes
    NumPy's ValueError. As `numpy.lexsort`.

    >>> from isthmus import np
    >>> np.lexsort([np.asarray([1, 0, 2]), np.asarray([5, 5, 4])])
    array([2, 1, 0])
    """
    whole = keys if isinstance(keys, tuple | list) else [keys[i] for i in range(keys.shape[0])]
    if not whole:
        raise UsageError("np.lexsort of no keys; give one or more")
    return _lexsort([asarray(key) for key in whole], axis=axis)


def _found_type(x: Type, among: Type, *_: Any, **__: Any) -> Type:
    if among.ndim != 1:
        raise UsageError(f"what is searched is {among}; give an array of one axis")
    return Type(INT64, x.shape)


@primitive(infer=lambda x1, x2, sorter, side: _found_type(x2, x1), host_only=host_only.SEARCHED)
def _searchsorted(x1: Any, x2: Any, sorter: Any, /, side: Any) -> Any:
    return numpy.searchsorted(x1, x2, side=side, sorter=sorter)


def searchsorted(x1: Any, x2: Any, /, side: str = "left", sorter: Any = None) -> Any:
    """Where the elements of x2 go in the sorted x1, before equal ones or behind ("right").

    x1: [N], x2: any shape -> positions 0..N of that shape, int64. sorter: positions that sort x1,
    where it is not sorted. Raises UsageError for an x1 of other axes; of NumPy arrays NumPy's
    ValueError. As `numpy.searchsorted`.

    >>> from isthmus import np
    >>> np.searchsorted(np.asarray([1, 3, 5]), np.asarray([3, 4, 9]))
    array([1, 2, 3])
    """
    return _searchsorted(x1, x2, sorter, side=side)


@primitive(infer=_found_type, host_only=host_only.SEARCHED)
def digitize(x: Any, bins: Any, /, right: bool = False) -> Any:
    """The position among ascending or descending edges of the bin each element is in.

    For ascending bins y[i] = k with bins[k - 1] <= x[i] < bins[k]; right: < and <=. x: any shape,
    bins: [N] -> positions 0..N of x's shape, int64. Raises UsageError for bins of other axes; of
    NumPy arrays NumPy's ValueError, also for bins in no order. As `numpy.digitize`.

    >>> from isthmus import np
    >>> np.digitize(np.asarray([0.5, 1.0, 9.0]), np.asarray([0, 1, 2]))
    array([1, 2, 3])
    """
    return numpy.digitize(x, bins, right=right)
