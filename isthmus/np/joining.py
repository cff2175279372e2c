"""Arrays joined and split."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, equal
from isthmus.graph.infer import one_axis
from isthmus.graph.whole import is_whole, whole, wholes
from isthmus.trace.op import composite

from .axes import atleast_1d, atleast_2d, atleast_3d
from .conversion import asarray
from .indexing import getitem
from .manipulation import concat, permute_dims

__all__ = [
    "append",
    "array_split",
    "column_stack",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "row_stack",
    "split",
    "unstack",
    "vsplit",
    "vstack",
]


def vstack(arrays: Sequence[Any], /, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """The arrays one after another as rows; those with one axis are a row each.

    arrays: a sequence, of equal sizes but for the first axis. Result: their common dtype, or
    `dtype`, cast by the rule `casting`; TypeError if the rule forbids it. Raises DimensionError if
    other sizes differ; of NumPy arrays NumPy's ValueError. As `numpy.vstack`.

    >>> from isthmus import np
    >>> np.vstack([np.asarray([1, 2]), np.asarray([3, 4])])
    array([[1, 2],
           [3, 4]])
    """
    rows = [atleast_2d(array) for array in arrays]
    return concat(rows, axis=0, dtype=dtype, casting=casting)


row_stack = vstack


def hstack(arrays: Sequence[Any], /, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """The arrays one after another along their second axis, or their only one.

    arrays: a sequence, of equal sizes but for that axis. Result: their common dtype, or `dtype`,
    cast by the rule `casting`; TypeError if the rule forbids it. Raises DimensionError if other
    sizes differ; of NumPy arrays NumPy's ValueError. As `numpy.hstack`.

    >>> from isthmus import np
    >>> np.hstack([np.asarray([1, 2]), np.asarray([3])])
    array([1, 2, 3])
    """
    parts = [atleast_1d(array) for array in arrays]
    along = 0 if parts and parts[0].ndim == 1 else 1
    return concat(parts, axis=along, dtype=dtype, casting=casting)


def dstack(arrays: Sequence[Any], /) -> Any:
    """The arrays one after another along their third axis.

    arrays: a sequence; [M, N] counts as [M, N, 1] and [N] as [1, N, 1]. Result: their common dtype.
    Raises DimensionError if other sizes differ; of NumPy arrays NumPy's ValueError. As
    `numpy.dstack`.

    >>> from isthmus import np
    >>> np.dstack([np.asarray([1, 2]), np.asarray([3, 4])])
    array([[[1, 3],
            [2, 4]]])
    """
    return concat([atleast_3d(array) for array in arrays], axis=2)


def column_stack(arrays: Sequence[Any], /) -> Any:
    """The arrays one after another as columns; those with one axis are a column each.

    arrays: a sequence, of equal sizes but for the second axis. Result: their common dtype. Raises
    DimensionError if other sizes differ; of NumPy arrays NumPy's ValueError. As
    `numpy.column_stack`.

    >>> from isthmus import np
    >>> np.column_stack([np.asarray([1, 2]), np.asarray([3, 4])])
    array([[1, 3],
           [2, 4]])
    """
    return concat([_as_columns(array) for array in arrays], axis=1)


def _as_columns(array: Any) -> Any:
    array = asarray(array)
    return array if array.ndim > 1 else permute_dims(atleast_2d(array))


def append(arr: Any, /, values: Any, axis: int | None = None) -> Any:
    """arr with values after it along an axis; both flat if none is given.

    arr, values: as many axes each, of equal sizes but for that one. Result: their common dtype.
    Raises DimensionError if other sizes differ; of NumPy arrays NumPy's ValueError. As
    `numpy.append`.

    >>> from isthmus import np
    >>> np.append(np.asarray([1, 2]), np.asarray([3.5]))
    array([1. , 2. , 3.5])
    """
    return concat([arr, values], axis=axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The parts of x along an axis, without that axis.

    x: [..., N, ...] -> a tuple of N arrays of x's dtype. Raises UsageError for an axis that x
    lacks, DimensionError for one of a named size. As the Array API standard's `unstack`.

    >>> from isthmus import np
    >>> np.unstack(np.asarray([[1, 2], [3, 4]]))
    (array([1, 2]), array([3, 4]))
    """
    x = asarray(x)
    along = one_axis(axis, x.ndim)
    count = x.shape[along].__index__()
    return tuple(getitem(x, (slice(None),) * along + (i,)) for i in range(count))


def split(ary: Any, /, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """ary cut along an axis: into equal parts, or at the positions of a list.

    indices_or_sections: how many parts, or where each part but the first starts. Result: a list of
    arrays of ary's dtype. Raises UsageError if the axis does not divide into equal parts, or if ary
    lacks it. As `numpy.split`.

    >>> from isthmus import np
    >>> np.split(np.arange(6), 3)
    [array([0, 1]), array([2, 3]), array([4, 5])]
    >>> np.split(np.arange(6), [1, 4])
    [array([0]), array([1, 2, 3]), array([4, 5])]
    """
    ary = asarray(ary)
    if not is_whole(indices_or_sections):
        return array_split(ary, indices_or_sections, axis=axis)
    size, sections = ary.shape[one_axis(axis, ary.ndim)], whole(indices_or_sections)
    if not equal(size // sections * sections, size):
        raise UsageError(f"np.split: {size} does not divide into {sections} equal parts")
    step = size // sections
    return _cut(ary, [i * step for i in range(sections)] + [size], axis)


def array_split(ary: Any, /, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """ary cut along an axis: into parts that differ by at most one, or at positions of a list.

    indices_or_sections: how many parts, or where each part but the first starts. Result: a list of
    arrays of ary's dtype; the longer parts come first. Raises UsageError for less than one part or
    an axis that ary lacks, DimensionError for a named size that may not divide into equal parts. As
    `numpy.array_split`.

    >>> from isthmus import np
    >>> np.array_split(np.arange(5), 2)
    [array([0, 1, 2]), array([3, 4])]
    """
    ary = asarray(ary)
    size = ary.shape[one_axis(axis, ary.ndim)]
    if not is_whole(indices_or_sections):
        return _cut(ary, [0, *wholes(indices_or_sections), None], axis)
    sections = whole(indices_or_sections)
    if sections <= 0:
        raise UsageError(f"{sections} parts; give 1 or more")
    if isinstance(size, Dim):
        return split(ary, sections, axis=axis)
    step, longer = divmod(size, sections)
    starts = [i * step + min(i, longer) for i in range(sections + 1)]
    return _cut(ary, starts, axis)


@composite
def _parts(x: Any, /, sizes: Any, axis: int) -> tuple[Any, ...]:
    """The parts of x along an axis, of these sizes, which are all of it."""
    ends = [0, *accumulate(sizes)]
    return tuple(_cut(x, [*ends[:-1], None], axis))


def _cut(x: Any, ends: Sequence[Any], axis: int) -> list[Any]:
    """The parts of x between neighbouring positions of an axis."""
    before = (slice(None),) * one_axis(axis, x.ndim)
    return [getitem(x, (*before, slice(start, stop))) for start, stop in pairwise(ends)]


def vsplit(ary: Any, /, indices_or_sections: Any) -> list[Any]:
    """ary cut along its first axis: `split(ary, indices_or_sections, axis=0)`.

    Raises UsageError if ary has less than two axes, or does not divide. As `numpy.vsplit`.

    >>> from isthmus import np
    >>> np.vsplit(np.asarray([[1, 2], [3, 4]]), 2)
    [array([[1, 2]]), array([[3, 4]])]
    """
    return _split_along(ary, indices_or_sections, 0, 2)


def hsplit(ary: Any, /, indices_or_sections: Any) -> list[Any]:
    """ary cut along its second axis, or its only one: `split` along that axis.

    Raises UsageError if ary has no axes, or does not divide. As `numpy.hsplit`.

    >>> from isthmus import np
    >>> np.hsplit(np.asarray([[1, 2], [3, 4]]), 2)
    [array([[1],
           [3]]), array([[2],
           [4]])]
    """
    ary = asarray(ary)
    return _split_along(ary, indices_or_sections, min(ary.ndim - 1, 1), 1)


def dsplit(ary: Any, /, indices_or_sections: Any) -> list[Any]:
    """ary cut along its third axis: `split(ary, indices_or_sections, axis=2)`.

    Raises UsageError if ary has less than three axes, or does not divide. As `numpy.dsplit`.

    >>> from isthmus import np
    >>> np.dsplit(np.asarray([[[1, 2]]]), 2)
    [array([[[1]]]), array([[[2]]])]
    """
    return _split_along(ary, indices_or_sections, 2, 3)


def _split_along(ary: Any, indices_or_sections: Any, axis: int, least: int) -> list[Any]:
    ary = asarray(ary)
    if ary.ndim < least:
        raise UsageError(f"an array with {ary.ndim} axes; give one with at least {least}")
    return split(ary, indices_or_sections, axis=axis)
