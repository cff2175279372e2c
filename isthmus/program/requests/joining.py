"""Items of a program joined along one named axis, and its results split again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, plain_name
from isthmus.graph.nodes import Graph, Type

__all__ = ["Item", "Joining", "joining"]

Array = numpy.ndarray[Any, Any]

USUAL = "batch"


@dataclass(frozen=True)
class Item:
    """Arrays that have the axis; single: whether it was added, so that results are without it.

    sizes: of the program's names. rows: the size of the axis.
    """

    arrays: list[Array]
    sizes: Mapping[str, int]
    rows: int
    single: bool


@dataclass(frozen=True)
class Joining:
    """How the items of one program become one call.

    axis: the name of the axis. inputs, outputs: where each array has it.
    fills: what an input is padded with, by position. padded: the names that padding lengthens.
    cut: for each output the axes with such names. exact: the names that have to be equal.
    """

    axis: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    types: tuple[Type, ...]
    fills: Mapping[int, Any]
    padded: tuple[str, ...]
    cut: tuple[tuple[tuple[int, str], ...], ...]
    exact: tuple[str, ...]

    def with_axis(self, arrays: Sequence[Any], names: Sequence[str]) -> tuple[list[Any], bool]:
        """The arrays with the axis, and whether it had to be added."""
        ranks = [getattr(array, "ndim", None) for array in arrays]
        wanted = [kind.ndim for kind in self.types]
        if ranks == wanted:
            return list(arrays), False
        if ranks == [rank - 1 for rank in wanted]:
            found = zip(arrays, self.inputs, strict=True)
            return [numpy.expand_dims(array, axis) for array, axis in found], True
        given = ", ".join(f"{n}: {r} axes" for n, r in zip(names, ranks, strict=True))
        types = ", ".join(f"{n}: {kind}" for n, kind in zip(names, self.types, strict=True))
        raise UsageError(
            f"{given} given; give all arrays of {types}, or all without the axis {self.axis}"
        )

    def tokens(self, item: Item) -> int:
        """The named sizes of an item, multiplied."""
        return math.prod(item.sizes[name] for name in (self.axis, *self.padded, *self.exact))

    def joined(self, items: Sequence[Item]) -> tuple[list[Array], int]:
        """The arrays of one call, padded to the largest item, and its tokens."""
        largest = {n: max(item.sizes[n] for item in items) for n in (*self.padded, *self.exact)}
        tokens = sum(item.rows for item in items) * math.prod(largest.values())
        columns = zip(*(item.arrays for item in items), strict=True)
        return [self._column(i, arrays, largest) for i, arrays in enumerate(columns)], tokens

    def _column(self, position: int, arrays: Sequence[Array], largest: Mapping[str, int]) -> Array:
        axis = self.inputs[position]
        if len({array.shape for array in arrays}) == 1 or position not in self.fills:
            return numpy.concatenate(arrays, axis=axis)
        shape = [
            array_size if (name := plain_name(size)) is None else largest.get(name, array_size)
            for size, array_size in zip(self.types[position].shape, arrays[0].shape, strict=True)
        ]
        shape[axis] = sum(array.shape[axis] for array in arrays)
        whole = numpy.full(shape, self.fills[position], self.types[position].dtype)
        start = 0
        for array in arrays:
            place = [slice(size) for size in array.shape]
            place[axis] = slice(start, start + array.shape[axis])
            whole[tuple(place)] = array
            start += array.shape[axis]
        return whole

    def parts(self, outputs: Sequence[Array], items: Sequence[Item]) -> list[list[Array]]:
        """The outputs of each item: its part of the axis, without what padding added."""
        found, start = [], 0
        for item in items:
            end = start + item.rows
            columns = zip(outputs, self.outputs, self.cut, strict=True)
            found.append(
                [_part(array, axis, start, end, cut, item) for array, axis, cut in columns]
            )
            start = end
        return found


def _part(
    array: Array, axis: int, start: int, end: int, cut: Sequence[tuple[int, str]], item: Item
) -> Array:
    place: list[Any] = [slice(None)] * array.ndim
    place[axis] = start if item.single else slice(start, end)
    for other, name in cut:
        place[other] = slice(item.sizes[name])
    return numpy.array(array[tuple(place)])


def joining(graph: Graph, axis: str | None, pad: Mapping[str, Any] | None) -> Joining:
    """UsageError where the axis is in doubt, or items would not be independent of each other."""
    types = tuple(value.type for value in graph.inputs)
    names = [value.name for value in graph.inputs]
    axis = _chosen(types, names, axis)
    fills = _fills(pad or {}, names, types)
    known = sorted(set(graph.dimension_names()) - {axis})
    padded = _padded(types, names, fills, axis)
    results = list(zip(graph.output_names, (value.type for value in graph.outputs), strict=True))
    known_axes = {*known, axis}
    return Joining(
        axis,
        tuple(_place(f"{n}: {kind}", kind, axis) for n, kind in zip(names, types, strict=True)),
        tuple(_result_place(name, kind, axis, known_axes) for name, kind in results),
        types,
        fills,
        tuple(padded),
        tuple(_cut(name, kind, padded) for name, kind in results),
        tuple(name for name in known if name not in padded),
    )


def _chosen(types: Sequence[Type], names: Sequence[str], axis: str | None) -> str:
    """The name of the axis: the one given, `batch`, or the first of every input."""
    first_names = _plain_names(types[0]) if types else []
    shared = [name for name in first_names if all(_has(kind, name) for kind in types)]
    shown = ", ".join(f"{n}: {kind}" for n, kind in zip(names, types, strict=True))
    if axis is not None:
        if axis not in shared:
            raise UsageError(f"axis={axis!r} is no axis of every input ({shown}); name one that is")
        return axis
    if USUAL in shared:
        return USUAL
    leading = {plain_name(kind.shape[0]) if kind.ndim else None for kind in types}
    if len(leading) == 1 and (first := leading.pop()) in shared:
        return first
    if not shared:
        raise UsageError(
            f"map(batch=...) joins items along a named axis that every input has, and there is "
            f"none ({shown}); compile for specs such as ['batch', ...], or leave batch out"
        )
    raise UsageError(
        f"map(batch=...): items of {shown} may be joined along {', '.join(shared)}; "
        f"give axis={shared[0]!r}"
    )


def _plain_names(kind: Type) -> list[str]:
    return [name for size in kind.shape if (name := plain_name(size)) is not None]


def _has(kind: Type, axis: str) -> bool:
    return _plain_names(kind).count(axis) == 1


def _place(what: str, kind: Type, axis: str) -> int:
    """Where the axis is; UsageError where another size depends on it as well."""
    places = [
        i for i, size in enumerate(kind.shape) if isinstance(size, Dim) and axis in size.names()
    ]
    if len(places) != 1 or plain_name(kind.shape[places[0]]) != axis:
        raise UsageError(
            f"{what} does not have {axis} as one axis, so items cannot be joined; leave batch out"
        )
    return places[0]


def _result_place(name: str, kind: Type, axis: str, known: set[str]) -> int:
    found = {n for size in kind.shape if isinstance(size, Dim) for n in size.names()} - known
    if found:
        raise UsageError(
            f"the result {name}: {kind} has a size that values decide, of all items together; "
            "leave batch out"
        )
    return _place(f"the result {name}: {kind}", kind, axis)


def _fills(pad: Mapping[str, Any], names: Sequence[str], types: Sequence[Type]) -> dict[int, Any]:
    found = {}
    for name, value in pad.items():
        if name not in names:
            raise UsageError(f"pad: no input {name!r}; there are {', '.join(names)}")
        position = names.index(name)
        dtype = types[position].dtype
        try:
            fill = numpy.asarray(value).astype(dtype)
            fits = fill.ndim == 0 and bool(fill == value or value != value)
        except (TypeError, ValueError, OverflowError):
            fits = False
        if not fits:
            raise UsageError(f"pad: {name}={value!r} is no {dtype}; give a number that is one")
        found[position] = fill
    return found


def _padded(
    types: Sequence[Type], names: Sequence[str], fills: Mapping[int, Any], axis: str
) -> list[str]:
    """The names that padding lengthens: each only where all inputs that have it are padded."""
    wanted = [n for i in fills for n in _plain_names(types[i]) if n != axis]
    for name, (position, kind) in ((n, pair) for n in wanted for pair in enumerate(types)):
        having = [size for size in kind.shape if isinstance(size, Dim) and name in size.names()]
        if having and (position not in fills or any(plain_name(s) != name for s in having)):
            raise UsageError(
                f"pad: {names[position]}: {kind} has the size {name} too; say what pads it, "
                f"as pad={{{names[position]!r}: 0}}"
            )
    return list(dict.fromkeys(wanted))


def _cut(name: str, kind: Type, padded: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """The axes of a result that padding lengthened; UsageError where it is not at their end."""
    found = []
    for position, size in enumerate(kind.shape):
        here = size.names() & set(padded) if isinstance(size, Dim) else set()
        if here and plain_name(size) is None:
            raise UsageError(
                f"the result {name}: {kind} has the size {size}, of which padding may be any "
                "part; leave pad out"
            )
        found += [(position, n) for n in here]
    return tuple(found)
