"""Axes exchanged, turned, added and asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, Shape
from isthmus.graph.infer import axes_of, one_axis
from isthmus.graph.shapes import product

from .conversion import asarray
from .indexing import getitem
from .manipulation import permute_dims, reshape

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "flip",
    "fliplr",
    "flipud",
    "moveaxis",
    "ndim",
    "rollaxis",
    "rot90",
    "shape",
    "size",
    "swapaxes",
]


def shape(a: Any, /) -> Shape:
    """The sizes of an array's axes.

    A tuple of ints and, of traced arrays, named sizes.

    >>> from isthmus import np
    >>> np.shape([[1, 2, 3], [4, 5, 6]])
    (2, 3)
    """
    return tuple(asarray(a).shape)


def ndim(a: Any, /) -> int:
    """The number of axes of an array.

    >>> from isthmus import np
    >>> np.ndim([[1, 2, 3], [4, 5, 6]])
    2
    """
    found: int = asarray(a).ndim
    return found


def size(a: Any, /, axis: int | Sequence[int] | None = None) -> int | Dim:
    """The number of elements of an array, or along some of its axes.

    A named size where a traced array has one. Raises UsageError for an axis that is not there.

    >>> from isthmus import np
    >>> np.size([[1, 2, 3], [4, 5, 6]])
    6
    >>> np.size([[1, 2, 3], [4, 5, 6]], axis=1)
    3
    """
    sizes = shape(a)
    return product(sizes[one] for one in axes_of(axis, len(sizes)))


def swapaxes(a: Any, /, axis1: int, axis2: int) -> Any:
    """a with two axes exchanged.

    Of NumPy arrays a view. Raises UsageError for an axis that is not there.

    >>> from isthmus import np
    >>> np.swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    a = asarray(a)
    order = list(range(a.ndim))
    first, second = one_axis(axis1, a.ndim), one_axis(axis2, a.ndim)
    order[first], order[second] = second, first
    return permute_dims(a, tuple(order))


def moveaxis(a: Any, /, source: Any, destination: Any) -> Any:
    """a with the axes `source` at the positions `destination`, and the others in their order.

    source, destination: ints, or as many of one as of the other. Raises UsageError for other
    numbers of them, an axis that is not there, and one given twice.

    >>> from isthmus import np
    >>> np.moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    a = asarray(a)
    before, after = _several(source, a.ndim), _several(destination, a.ndim)
    if len(before) != len(after):
        raise UsageError(
            f"moveaxis from {source} to {destination}; give as many of one as of other"
        )
    order = [axis for axis in range(a.ndim) if axis not in before]
    for place, axis in sorted(zip(after, before, strict=True)):
        order.insert(place, axis)
    return permute_dims(a, tuple(order))


def _several(axes: Any, count: int) -> list[int]:
    """Axes in the order given, as non-negative ints, each at most once."""
    found = [
        one_axis(axis, count) for axis in (axes if isinstance(axes, tuple | list) else (axes,))
    ]
    if len(set(found)) < len(found):
        raise UsageError(f"axes {axes}: one is given twice")
    return found


def rollaxis(a: Any, /, axis: int, start: int = 0) -> Any:
    """a with one axis moved before the one at `start`.

    start: -ndim to ndim. Raises UsageError for one outside and for an axis that is not there.

    >>> from isthmus import np
    >>> np.rollaxis(np.zeros((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    a = asarray(a)
    along = one_axis(axis, a.ndim)
    if not -a.ndim <= start <= a.ndim:
        raise UsageError(f"start={start} of {a.ndim} axes; give one in {-a.ndim}..{a.ndim}")
    place = start + a.ndim if start < 0 else start
    return moveaxis(a, along, place - (along < place))


def flip(m: Any, /, axis: int | Sequence[int] | None = None) -> Any:
    """m backwards along some of its axes, along all if none is given.

    Of NumPy arrays a view. Raises UsageError for an axis that is not there or given twice.

    >>> from isthmus import np
    >>> np.flip([[1, 2], [3, 4]], axis=1)
    array([[2, 1],
           [4, 3]])
    """
    m = asarray(m)
    turned = range(m.ndim) if axis is None else _several(axis, m.ndim)
    backwards = slice(None, None, -1)
    return getitem(m, tuple(backwards if i in turned else slice(None) for i in range(m.ndim)))


def flipud(m: Any, /) -> Any:
    """m backwards along its first axis.

    Raises UsageError for an m without axes.

    >>> from isthmus import np
    >>> np.flipud([[1, 2], [3, 4]])
    array([[3, 4],
           [1, 2]])
    """
    return flip(_with_axes(m, 1), axis=0)


def fliplr(m: Any, /) -> Any:
    """m backwards along its second axis.

    Raises UsageError for an m with fewer than two axes.

    >>> from isthmus import np
    >>> np.fliplr([[1, 2], [3, 4]])
    array([[2, 1],
           [4, 3]])
    """
    return flip(_with_axes(m, 2), axis=1)


def _with_axes(m: Any, least: int) -> Any:
    m = asarray(m)
    if m.ndim < least:
        raise UsageError(f"an array with {m.ndim} axes; give one with at least {least}")
    return m


def rot90(m: Any, /, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """m turned k times by a quarter in the plane of two axes, from the first to the second.

    Backwards for a negative k. Raises UsageError for axes that are not two different ones of m.

    >>> from isthmus import np
    >>> np.rot90([[1, 2], [3, 4]])
    array([[2, 4],
           [1, 3]])
    """
    m = asarray(m)
    plane = _several(axes, m.ndim)
    if len(plane) != 2:
        raise UsageError(f"rot90 in axes {axes}; give two")
    first, second = plane
    match k % 4:
        case 0:
            return getitem(m, ())
        case 1:
            return swapaxes(flip(m, axis=second), first, second)
        case 2:
            return flip(m, axis=(first, second))
    return flip(swapaxes(m, first, second), axis=second)


def atleast_1d(*arrays: Any) -> Any:
    """Each array with at least one axis; a tuple where several are given.

    >>> from isthmus import np
    >>> np.atleast_1d(5)
    array([5])
    """
    return _each(arrays, lambda array: array if array.ndim else reshape(array, (1,)))


def atleast_2d(*arrays: Any) -> Any:
    """Each array with at least two axes, new ones before the others.

    A tuple where several are given.

    >>> from isthmus import np
    >>> np.atleast_2d([1, 2])
    array([[1, 2]])
    """
    return _each(arrays, lambda array: _filled(array, (1,) * (2 - array.ndim), ()))


def atleast_3d(*arrays: Any) -> Any:
    """Each array with at least three axes: [n] becomes [1, n, 1], and [m, n] becomes [m, n, 1].

    A tuple where several are given.

    >>> from isthmus import np
    >>> np.atleast_3d([1, 2]).shape
    (1, 2, 1)
    """
    around = {0: ((1, 1, 1), ()), 1: ((1,), (1,)), 2: ((), (1,))}
    return _each(arrays, lambda array: _filled(array, *around.get(array.ndim, ((), ()))))


def _filled(array: Any, before: Shape, after: Shape) -> Any:
    if not before and not after:
        return array
    return reshape(array, (*before, *array.shape, *after))


def _each(arrays: tuple[Any, ...], change: Any) -> Any:
    changed = tuple(change(asarray(array)) for array in arrays)
    return changed[0] if len(changed) == 1 else changed
