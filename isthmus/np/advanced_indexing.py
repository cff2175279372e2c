"""Indices that are arrays of positions or masks, beside slices and integers.

The index is an attribute in which the text "array" stands for each array. `getitem` does by basic
indexing what the slices alone say, so that the lookups here see arrays, integers and whole axes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral
from types import EllipsisType
from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import IndexOutside
from isthmus.graph.dims import Dim, Shape, equal, same
from isthmus.graph.indexing import sliced_size
from isthmus.graph.nodes import Type
from isthmus.graph.operator import FULL
from isthmus.graph.shapes import broadcast
from isthmus.graph.whole import whole

from . import host_only
from .conversion import asarray
from .manipulation import moved

__all__ = [
    "ARRAY",
    "Index",
    "check_mask",
    "is_mask",
    "lookup",
    "picked_shape",
    "put_together",
    "scatter",
    "taken_apart",
    "written_out",
]

ARRAY = "array"  # stands for an array in an index that is an attribute
Index = tuple[Any, ...]


def taken_apart(index: Any) -> tuple[Index, list[Any]]:
    """The index with its arrays replaced, and the arrays: of integers, or masks."""
    parts: list[Any] = []
    arrays: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        if _is_basic(part):
            parts.append(_basic(part))
        else:
            parts.append(ARRAY)
            arrays.append(_as_index(part))
    return tuple(parts), arrays


def put_together(index: Index, arrays: Sequence[Any]) -> Index:
    """The index with the arrays back in their places."""
    source = iter(arrays)
    return tuple(next(source) if isinstance(part, str) else part for part in index)


def _is_basic(part: Any) -> bool:
    number = isinstance(part, Integral | Dim) and not isinstance(part, bool)
    return part is None or number or isinstance(part, slice | EllipsisType)


def _basic(part: Any) -> Any:
    """A part with Python's ints and named sizes for whatever whole numbers it has."""
    if isinstance(part, slice):
        bounds = (part.start, part.stop, part.step)
        return slice(*(None if bound is None else whole(bound) for bound in bounds))
    return whole(part) if isinstance(part, Integral) else part


def _as_index(part: Any) -> Any:
    """An array of positions, or a mask."""
    array = asarray(part)
    if isinstance(part, list | tuple) and array.size == 0:
        array = numpy.zeros(array.shape, numpy.intp)
    if array.dtype.kind not in "iub":
        raise IndexOutside(
            f"index {part!r}; give integers, slices, ..., None or arrays of integers"
        )
    return array


def is_mask(array: Any) -> bool:
    """Whether an array of an index chooses by truth values."""
    return array.dtype == numpy.bool_


def check_mask(shape: Shape, sizes: Shape) -> None:
    """IndexError for a mask that has other sizes than the axes it takes; 0 suits any."""
    pairs = zip(shape, sizes, strict=False)
    if len(shape) > len(sizes) or not all(same(one, 0) or equal(one, size) for one, size in pairs):
        raise IndexOutside(f"a mask of {shape} for axes {sizes}; give one of the same sizes")


# Types


def _width(part: Any, arrays: Iterator[Type]) -> int:
    """How many axes of x a part of an index takes."""
    if isinstance(part, str):
        array = next(arrays)
        return array.ndim if is_mask(array) else 1
    return 0 if part is None or isinstance(part, EllipsisType) else 1


def written_out(index: Index, ndim: int, arrays: Sequence[Any]) -> Index:
    """The index with `...` as whole axes, which are at its end if it has none.

    Where it stands for no axis it stays: also then it keeps arrays apart.
    """
    source = iter(arrays)
    used = sum(_width(part, source) for part in index)
    if used > ndim:
        raise IndexOutside(f"{used} indices for an array with {ndim} axes; remove {used - ndim}")
    places = [i for i, part in enumerate(index) if isinstance(part, EllipsisType)]
    if len(places) > 1:
        raise IndexOutside("an index with several '...'; give one")
    whole = (slice(None),) * (ndim - used)
    at = places[0] if places else len(index)
    return (*index[:at], *(whole or index[at : at + 1]), *index[at + 1 :])


def picked_shape(x: Type, index: Index, arrays: Sequence[Type], count: Any) -> Shape:
    """The shape of x[index]; count: how many elements the masks choose.

    What arrays and integers choose comes where they stand, or first where they stand apart.
    """
    source = iter(arrays)
    kept: list[Any] = []
    places: list[int] = []
    chosen: list[Shape] = []
    axis = first = 0
    for place, part in enumerate(written_out(index, x.ndim, arrays)):
        if part is None:
            kept.append(1)
        elif isinstance(part, EllipsisType):
            continue
        elif isinstance(part, slice):
            kept.append(sliced_size(x.shape[axis], part))
            axis += 1
        else:
            found, width = _chosen(x, axis, part, source, count)
            first = first if places else len(kept)
            places.append(place)
            chosen.append(found)
            axis += width
    together = bool(places) and places[-1] - places[0] == len(places) - 1
    before = first if together else 0
    return (*kept[:before], *broadcast(*chosen), *kept[before:])


def _chosen(x: Type, axis: int, part: Any, arrays: Iterator[Type], count: Any) -> tuple[Shape, int]:
    """The shape that an array or an integer adds, and how many axes of x it takes."""
    if not isinstance(part, str):
        return (), 1
    array = next(arrays)
    if not is_mask(array):
        return array.shape, 1
    check_mask(array.shape, x.shape[axis:])
    return (count,), array.ndim


# Lookups


def _lookup_type(x: Type, *arrays: Type, index: Index) -> Type:
    return Type(x.dtype, picked_shape(x, index, arrays, None))


def _masked_type(x: Type, *arrays: Type, index: Index, size: Any) -> Type:
    return Type(x.dtype, picked_shape(x, index, arrays, size))


def _lookup_gradient(
    g: Any, y: Any, x: Any, *arrays: Any, index: Index, size: Any = None
) -> tuple[Any, ...]:
    return (scatter([g, *arrays], index, x.shape, size), *(None for _ in arrays))


@moved(
    _lookup_type,
    variadic=True,
    vjp=_lookup_gradient,
    interval=intervals.some,
    host_only=host_only.CHOSEN,
)
def _lookup(operands: Sequence[Any], /, index: Index) -> Any:
    """x[index] with arrays of integers. Raises IndexError for positions outside."""
    x, *arrays = operands
    return numpy.asarray(x)[put_together(index, arrays)]


@moved(
    _masked_type,
    variadic=True,
    vjp=_lookup_gradient,
    discovers=True,
    interval=intervals.some,
    host_only=host_only.CHOSEN,
)
def _masked_lookup(operands: Sequence[Any], /, index: Index, size: Any = None) -> Any:
    """x[index] with masks, and arrays of integers beside them."""
    x, *arrays = operands
    return numpy.asarray(x)[put_together(index, arrays)]


def lookup(x: Any, index: Index, arrays: Sequence[Any], size: Any = None) -> Any:
    """x[index]; size: how many elements its masks choose, where that is known."""
    if any(map(is_mask, arrays)):
        return _masked_lookup([x, *arrays], index, size)
    return _lookup([x, *arrays], index)


def _scatter_type(g: Type, *arrays: Type, index: Index, shape: Shape, size: Any) -> Type:
    return Type(g.dtype, tuple(shape))


def _scatter_gradient(
    h: Any, y: Any, g: Any, *arrays: Any, index: Index, shape: Shape, size: Any
) -> tuple[Any, ...]:
    return (lookup(h, index, arrays, size), *(None for _ in arrays))


@moved(
    _scatter_type,
    variadic=True,
    vjp=_scatter_gradient,
    host_only=host_only.PLACED,
    precision=FULL,  # it adds where an index comes twice
)
def scatter(operands: Sequence[Any], /, index: Index, shape: Any, size: Any = None) -> Any:
    """Zeros, to which g is added at the positions of an index: what is met twice is summed."""
    g, *arrays = operands
    found = numpy.zeros(shape, numpy.asarray(g).dtype)
    numpy.add.at(found, put_together(index, arrays), g)
    return found
