"""A caller's arrays against a program's inputs: names, dtypes, ranks and equal sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeGuard

import numpy

from isthmus.analysis.index_checks import lookup_requirements
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, plain_name
from isthmus.graph.foreign import check_plain
from isthmus.graph.nodes import Graph, Input, Node, Type, Value
from isthmus.graph.shapes import evaluate

__all__ = ["Binder"]

Array = numpy.ndarray[Any, Any]
_PLAIN = numpy.ndarray
MOST_REMEMBERED = 1024  # combinations of shapes
Check = tuple["Dim", str, str]  # a size that must not be negative, what needs it, what to give


class Binder:
    """Checks arrays and finds the sizes of the named dimensions."""

    def __init__(self, graph: Graph) -> None:
        self.inputs = graph.inputs
        self.dtypes = [numpy.dtype(value.type.dtype.type) for value in graph.inputs]
        self.remembered: dict[tuple[tuple[int, ...], ...], dict[str, int]] = {}
        known = set(graph.dimension_names())
        checks = _checks(graph)
        self.checks = [check for check in checks if check[0].names() <= known]
        # Of sizes that values decide: checked when they are known, see `discovered`.
        self.later: dict[str, list[Check]] = {}  # by each of their names
        for check in checks:
            for name in check[0].names() - known:
                self.later.setdefault(name, []).append(check)
        self.solvable = [
            (position, axis, size)
            for position, value in enumerate(graph.inputs)
            for axis, size in enumerate(value.type.shape)
            if isinstance(size, Dim)
        ]

    def remembered_sizes(self, arrays: Sequence[Any]) -> dict[str, int] | None:
        """What `sizes` found before of plain arrays in these shapes; None for all others.

        So the path of most calls: nothing of `sizes` and `plain` would differ the next time.
        """
        for array, dtype in zip(arrays, self.dtypes, strict=True):
            if type(array) is not _PLAIN or not array.flags.aligned:
                return None
            if array.dtype is not dtype and array.dtype != dtype:
                return None
        return self.remembered.get(tuple([array.shape for array in arrays]))

    def sizes(self, arrays: Sequence[Array]) -> dict[str, int]:
        """The size of each named dimension; UsageError for arrays of the wrong type."""
        for value, array in zip(self.inputs, arrays, strict=True):
            _check_type(value, array)
        sizes = self.sizes_of(arrays)
        if len(self.remembered) >= MOST_REMEMBERED:
            self.remembered.clear()
        self.remembered[tuple([array.shape for array in arrays])] = sizes
        return dict(sizes)

    def sizes_of(self, arrays: Sequence[Any]) -> dict[str, int]:
        """The same of anything that has a shape and is known to be of the right dtype."""
        sizes = self._solve(arrays)
        if sizes and min(sizes.values()) < 0:
            raise DimensionError(_negative(sizes, self.inputs, arrays))
        for value, array in zip(self.inputs, arrays, strict=True):
            _check_shape(value, array, sizes)
        for check in self.checks:
            _check_size(check, sizes)
        return sizes

    def discovered(
        self, values: Sequence[Value], arrays: Sequence[Array], sizes: dict[str, int], since: int
    ) -> None:
        """Add the sizes that arrays show of values whose size was not known.

        Checks all sizes but the first `since`, which are in the order they became known.
        """
        for value, array in zip(values, arrays, strict=True):
            for size, number in zip(value.type.shape, array.shape, strict=True):
                name = plain_name(size)
                if name is not None:
                    sizes.setdefault(name, number)
        for name in islice(reversed(sizes), len(sizes) - since):
            for check in self.later.get(name, ()):
                if check[0].names() <= sizes.keys():
                    _check_size(check, sizes)

    def _solve(self, arrays: Sequence[Array]) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for position, axis, size in self.solvable:
            name = plain_name(size)
            if name is not None:
                sizes.setdefault(name, arrays[position].shape[axis])
        for position, axis, size in self.solvable:
            _solve_linear(size, arrays[position].shape[axis], sizes)
        return sizes


def _check_size(check: Check, sizes: Mapping[str, int]) -> None:
    size, reason, wanted = check
    if evaluate(size, sizes) < 0:
        given = ", ".join(f"{name}={number}" for name, number in sizes.items())
        raise DimensionError(f"{given}: {reason}; give sizes for which {wanted}")


def _negative(sizes: Mapping[str, int], inputs: Sequence[Input], arrays: Sequence[Array]) -> str:
    name = next(name for name, number in sizes.items() if number < 0)
    given = ", ".join(
        f"{value.name}: {array.shape} for {value.type}"
        for value, array in zip(inputs, arrays, strict=True)
        if any(isinstance(size, Dim) and name in size.names() for size in value.type.shape)
    )
    return f"{given} makes {name} = {sizes[name]}; give sizes for which {name} >= 0"


def _solve_linear(size: Dim, number: int, sizes: dict[str, int]) -> None:
    """factor * name + rest = number, for the one name that is not known yet."""
    unknown = size.names() - set(sizes)
    if len(unknown) != 1:
        return
    (name,) = unknown
    at_zero = evaluate(size, {**sizes, name: 0})
    factor = evaluate(size, {**sizes, name: 1}) - at_zero
    if factor:
        sizes[name] = (number - at_zero) // factor


def _checks(graph: Graph) -> list[Check]:
    """Sizes that a constraint or some node needs to be non-negative, each once."""
    found: dict[str, Check] = {
        str(size): (size, f"the constraint {text} does not hold", text)
        for size, text in graph.constraints
        if isinstance(size, Dim)
    }
    for node in graph.all_nodes():
        for size, reason in _node_checks(node):
            where = f"{node.op.name}{node.at}: {reason}"
            found.setdefault(str(size), (size, where, f"{size} >= 0"))
    return list(found.values())


def _node_checks(node: Node) -> Iterator[tuple[Dim, str]]:
    for result in node.results:
        for size in filter(_may_be_negative, result.type.shape):
            yield size, f"its result is {result.type}"
    needed = [] if node.op.needs is None else list(node.op.needs(node))
    if node.op.looks_up:
        needed += [(size, "an index would be out of bounds") for size in lookup_requirements(node)]
    yield from ((size, reason) for size, reason in needed if _may_be_negative(size))


def _may_be_negative(size: int | Dim) -> TypeGuard[Dim]:
    return isinstance(size, Dim) and not all(
        factor > 0 and all(isinstance(a, str) for a in names) for names, factor in size.terms
    )


def _check_type(value: Input, array: Any) -> None:
    if type(array) is not numpy.ndarray:
        check_plain(array, value.name)
    if not isinstance(array, numpy.ndarray):
        raise UsageError(
            f"{value.name}: {type(array).__name__} given; give a NumPy array of {value.type}"
        )
    if array.dtype != value.type.dtype:
        raise UsageError(
            f"{value.name}: {Type(array.dtype, array.shape)} given, {value.type} expected; "
            f"convert it with .astype('{value.type.dtype}')"
        )
    if array.ndim != value.type.ndim:
        raise UsageError(
            f"{value.name}: {Type(array.dtype, array.shape)} given, {value.type} expected; "
            f"reshape it to {value.type.ndim} axes"
        )


def _check_shape(value: Input, array: Array, sizes: Mapping[str, int]) -> None:
    for axis, (size, given) in enumerate(zip(value.type.shape, array.shape, strict=True)):
        wanted = evaluate(size, sizes)
        if wanted != given:
            said = f"{size} = {wanted}" if isinstance(size, Dim) else f"{size}"
            raise DimensionError(
                f"{value.name}: shape {array.shape} given, {value.type} expected; "
                f"axis {axis} must be {said}"
            )
