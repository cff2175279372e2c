"""Arrays as sets: their different elements, and which of them are in another.

How many elements a result has depends on values, but for `isin`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from isthmus.graph.dims import Dim
from isthmus.graph.infer import BOOL, INT64, one_axis
from isthmus.graph.nodes import Type
from isthmus.trace.op import primitive

from . import host_only
from .conversion import asarray
from .manipulation import concat, reshape

__all__ = [
    "intersect1d",
    "isin",
    "setdiff1d",
    "setxor1d",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]

Size = int | Dim


class UniqueAllResult(NamedTuple):
    """The different elements, where each is first, which each element is, how often each is."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCountsResult(NamedTuple):
    """The different elements, and how often each is."""

    values: Any
    counts: Any


class UniqueInverseResult(NamedTuple):
    """The different elements, and which of them each element is."""

    values: Any
    inverse_indices: Any


@primitive(
    infer=lambda x, size: Type(x.dtype, (size,)), discovers=True, host_only=host_only.DISCOVERED
)
def unique_values(x: Any, /, *, size: Any = None) -> Any:
    """The different elements in order, which NumPy leaves open; each NaN is one of its own.

    x: any shape -> [n], of x's dtype; the size n depends on values. As the Array API standard's
    `unique_values`.

    >>> from isthmus import np
    >>> np.unique_values(np.asarray([[3, 1], [1, 2]]))
    array([1, 2, 3])
    """
    return numpy.unique(x, equal_nan=False)


def _all_type(x: Type, size: Size) -> tuple[Type, ...]:
    places = Type(INT64, (size,))
    return Type(x.dtype, (size,)), places, Type(INT64, x.shape), places


@primitive(infer=_all_type, discovers=True, host_only=host_only.DISCOVERED)
def _unique_all(x: Any, /, *, size: Any = None) -> tuple[Any, ...]:
    return tuple(numpy.unique_all(x))


def unique_all(x: Any, /) -> UniqueAllResult:
    """The different elements in order, their places, and counts; each NaN is one of its own.

    x: any shape -> the named tuple (values: [n], of x's dtype; indices: [n], where each is first in
    x flat; inverse_indices: of x's shape, which of them each element is; counts: [n]), all but the
    values int64. The size n depends on values. As the Array API standard's `unique_all`.

    >>> from isthmus import np
    >>> np.unique_all(np.asarray([3, 1, 1])).counts
    array([2, 1])
    """
    return UniqueAllResult(*_unique_all(x))


@primitive(
    infer=lambda x, size: (Type(x.dtype, (size,)), Type(INT64, (size,))),
    discovers=True,
    host_only=host_only.DISCOVERED,
)
def _unique_counts(x: Any, /, *, size: Any = None) -> tuple[Any, ...]:
    return tuple(numpy.unique_counts(x))


def unique_counts(x: Any, /) -> UniqueCountsResult:
    """The different elements in order, and how often each is; each NaN is one of its own.

    x: any shape -> the named tuple (values: [n], of x's dtype; counts: [n], int64). The size n
    depends on values. As the Array API standard's `unique_counts`.

    >>> from isthmus import np
    >>> values, counts = np.unique_counts(np.asarray([3, 1, 1]))
    >>> values, counts
    (array([1, 3]), array([2, 1]))
    """
    return UniqueCountsResult(*_unique_counts(x))


@primitive(
    infer=lambda x, size: (Type(x.dtype, (size,)), Type(INT64, x.shape)),
    discovers=True,
    host_only=host_only.DISCOVERED,
)
def _unique_inverse(x: Any, /, *, size: Any = None) -> tuple[Any, ...]:
    return tuple(numpy.unique_inverse(x))


def unique_inverse(x: Any, /) -> UniqueInverseResult:
    """The different elements in order, and which each element is; each NaN is one of its own.

    x: any shape -> the named tuple (values: [n], of x's dtype; inverse_indices: of x's shape,
    int64), with values[inverse_indices] = x. The size n depends on values. As the Array API
    standard's `unique_inverse`.

    >>> from isthmus import np
    >>> values, inverse = np.unique_inverse(np.asarray([3, 1, 1]))
    >>> values, inverse
    (array([1, 3]), array([1, 0, 0]))
    """
    return UniqueInverseResult(*_unique_inverse(x))


def _unique_type(
    x: Type, wanted: tuple[bool, ...], axis: int | None, size: Size, **_: Any
) -> tuple[Type, ...]:
    along = 0 if axis is None else one_axis(axis, x.ndim)
    values = (size,) if axis is None else (*x.shape[:along], size, *x.shape[along + 1 :])
    inverse = x.shape if axis is None else (x.shape[along],)
    parts = [Type(INT64, (size,)), Type(INT64, inverse), Type(INT64, (size,))]
    chosen = (part for part, given in zip(parts, wanted, strict=True) if given)
    return (Type(x.dtype, values), *chosen)


@primitive(infer=_unique_type, discovers=True, host_only=host_only.DISCOVERED)
def _unique(
    x: Any,
    /,
    *,
    wanted: Any,
    axis: int | None,
    equal_nan: bool,
    sorted: bool,
    size: Any = None,
) -> tuple[Any, ...]:
    unique_of: Any = numpy.unique
    found = unique_of(x, *wanted, axis=axis, equal_nan=equal_nan, sorted=sorted)
    return found if isinstance(found, tuple) else (found,)


def unique(
    x: Any,
    /,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The different elements, or slices along an axis, in order.

    With them, as asked for, int64: where each is first (return_index), which each element is
    (return_inverse), how often each is (return_counts). equal_nan: all NaN are one. Result: x's
    dtype; its size depends on values. Raises UsageError for an axis that x lacks; of a NumPy array
    NumPy's AxisError. As `numpy.unique`.

    >>> from isthmus import np
    >>> np.unique(np.asarray([3, 1, 1]), return_counts=True)
    (array([1, 3]), array([2, 1]))
    """
    wanted = (bool(return_index), bool(return_inverse), bool(return_counts))
    found = _unique(x, wanted=wanted, axis=axis, equal_nan=equal_nan, sorted=sorted)
    return found if len(found) > 1 else found[0]


def _isin_type(x: Type, among: Type, **_: Any) -> Type:
    return Type(BOOL, x.shape)


@primitive(infer=_isin_type, host_only=host_only.SEARCHED)
def isin(
    x1: Any,
    x2: Any,
    /,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Any:
    """Whether each element of x1 is one of those of x2; `invert`: whether it is none.

    x1, x2: any shapes -> x1's shape, bool. assume_unique: no element is in x1 or x2 twice. kind:
    NumPy's algorithm. As `numpy.isin`.

    >>> from isthmus import np
    >>> np.isin(np.asarray([[1, 2], [3, 4]]), np.asarray([2, 4, 9]))
    array([[False,  True],
           [False,  True]])
    """
    return numpy.isin(x1, x2, assume_unique=assume_unique, invert=invert, kind=kind)


def union1d(x1: Any, x2: Any, /) -> Any:
    """The different elements of both, in order: [n], of the common dtype; n depends on values.

    As `numpy.union1d`.

    >>> from isthmus import np
    >>> np.union1d(np.asarray([3, 1]), np.asarray([1, 2]))
    array([1, 2, 3])
    """
    return unique(concat([reshape(asarray(x), (-1,)) for x in (x1, x2)]))


def _common_type(
    x1: Type, x2: Type, size: Size, return_indices: bool, **_: Any
) -> tuple[Type, ...]:
    values = Type(numpy.result_type(x1.dtype, x2.dtype), (size,))
    return (values, *(Type(INT64, (size,)),) * 2 * return_indices)


@primitive(infer=_common_type, discovers=True, host_only=host_only.DISCOVERED)
def _intersect1d(
    x1: Any, x2: Any, /, *, assume_unique: Any, return_indices: Any, size: Any = None
) -> tuple[Any, ...]:
    found = numpy.intersect1d(x1, x2, assume_unique, return_indices)
    return found if isinstance(found, tuple) else (found,)


def intersect1d(
    x1: Any, x2: Any, /, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """The different elements that are in both, in order; with their first places in each.

    assume_unique: no element is in x1 or x2 twice. return_indices: the places, int64, too. Result:
    [n], of the common dtype; n depends on values. As `numpy.intersect1d`.

    >>> from isthmus import np
    >>> np.intersect1d(np.asarray([3, 1, 2]), np.asarray([2, 3, 5]))
    array([2, 3])
    """
    found = _intersect1d(x1, x2, assume_unique=assume_unique, return_indices=return_indices)
    return found if return_indices else found[0]


@primitive(
    infer=lambda x1, x2, assume_unique, size: Type(x1.dtype, (size,)),
    discovers=True,
    host_only=host_only.DISCOVERED,
)
def setdiff1d(x1: Any, x2: Any, /, assume_unique: bool = False, *, size: Any = None) -> Any:
    """The different elements of x1 that are not in x2, in order unless they are unique already.

    assume_unique: no element is in x1 or x2 twice. Result: [n], of x1's dtype; n depends on values.
    As `numpy.setdiff1d`.

    >>> from isthmus import np
    >>> np.setdiff1d(np.asarray([3, 1, 2]), np.asarray([2, 5]))
    array([1, 3])
    """
    return numpy.setdiff1d(x1, x2, assume_unique)


def _either_type(x1: Type, x2: Type, size: Size, **_: Any) -> Type:
    return Type(numpy.result_type(x1.dtype, x2.dtype), (size,))


@primitive(infer=_either_type, discovers=True, host_only=host_only.DISCOVERED)
def setxor1d(x1: Any, x2: Any, /, assume_unique: bool = False, *, size: Any = None) -> Any:
    """The elements that are in one of the two alone, in order.

    assume_unique: no element is in x1 or x2 twice. Result: [n], of the common dtype; n depends on
    values. As `numpy.setxor1d`.

    >>> from isthmus import np
    >>> np.setxor1d(np.asarray([3, 1, 2]), np.asarray([2, 5]))
    array([1, 3, 5])
    """
    return numpy.setxor1d(x1, x2, assume_unique)
