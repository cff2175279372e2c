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
    """The sizes of an array's axes."""
    return tuple(asarray(a).shape)


def ndim(a: Any, /) -> int:
    """The number of axes of an array."""
    found: int = asarray(a).ndim
    return found


def size(a: Any, /, axis: int | Sequence[int] | None = None) -> int | Dim:
    """The number of elements of an array, or along some of its axes."""
    sizes = shape(a)
    return product(sizes[one] for one in axes_of(axis, len(sizes)))


def swapaxes(a: Any, /, axis1: int, axis2: int) -> Any:
    """a with two axes exchanged."""
    a = asarray(a)
    order = list(range(a.ndim))
    first, second = one_axis(axis1, a.ndim), one_axis(axis2, a.ndim)
    order[first], order[second] = second, first
    return permute_dims(a, tuple(order))


def moveaxis(a: Any, /, source: Any, destination: Any) -> Any:
    """a with the axes `source` at the positions `destination`, and the others in their order."""
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
    """a with one axis moved before the one at `start`."""
    a = asarray(a)
    along = one_axis(axis, a.ndim)
    if not -a.ndim <= start <= a.ndim:
        raise UsageError(f"start={start} of {a.ndim} axes; give one in {-a.ndim}..{a.ndim}")
    place = start + a.ndim if start < 0 else start
    return moveaxis(a, along, place - (along < place))


def flip(m: Any, /, axis: int | Sequence[int] | None = None) -> Any:
    """m backwards along some of its axes, along all if none is given."""
    m = asarray(m)
    turned = range(m.ndim) if axis is None else _several(axis, m.ndim)
    backwards = slice(None, None, -1)
    return getitem(m, tuple(backwards if i in turned else slice(None) for i in range(m.ndim)))


def flipud(m: Any, /) -> Any:
    """m backwards along its first axis."""
    return flip(_with_axes(m, 1), axis=0)


def fliplr(m: Any, /) -> Any:
    """m backwards along its second axis."""
    return flip(_with_axes(m, 2), axis=1)


def _with_axes(m: Any, least: int) -> Any:
    m = asarray(m)
    if m.ndim < least:
        raise UsageError(f"an array with {m.ndim} axes; give one with at least {least}")
    return m


def rot90(m: Any, /, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """m turned k times by a quarter in the plane of two axes, from the first to the second."""
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
    """Each array with at least one axis; a tuple where several are given."""
    return _each(arrays, lambda array: array if array.ndim else reshape(array, (1,)))


def atleast_2d(*arrays: Any) -> Any:
    """Each array with at least two axes, new ones before the others."""
    return _each(arrays, lambda array: _filled(array, (1,) * (2 - array.ndim), ()))


def atleast_3d(*arrays: Any) -> Any:
    """Each array with at least three axes: [n] becomes [1, n, 1], and [m, n] becomes [m, n, 1]."""
    around = {0: ((1, 1, 1), ()), 1: ((1,), (1,)), 2: ((), (1,))}
    return _each(arrays, lambda array: _filled(array, *around.get(array.ndim, ((), ()))))


def _filled(array: Any, before: Shape, after: Shape) -> Any:
    if not before and not after:
        return array
    return reshape(array, (*before, *array.shape, *after))


def _each(arrays: tuple[Any, ...], change: Any) -> Any:
    changed = tuple(change(asarray(array)) for array in arrays)
    return changed[0] if len(changed) == 1 else changed
