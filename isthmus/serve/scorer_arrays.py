"""Columns of numbers for a program's inputs: one row of each column is one example.

Numbers are taken where the program's type holds them: integers exactly, floats rounded to its
precision. A row with another is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph import tree
from isthmus.graph.dims import plain_name
from isthmus.graph.nodes import Type
from isthmus.program.executable import Executable
from isthmus.program.requests.joining import joining

from .scorer_conversion import as_rows
from .scorer_rows import OF_VALUES, Column, Kinds, Rejected, Scored, joined, kinds_of, taken

__all__ = ["Arrays"]

Array = numpy.ndarray[Any, Any]
Pad = Mapping[str, float]

PIECES = 4  # in which a batch of equal rows is handed over, of which `map` joins so many


class Arrays:
    """Scores rows of arrays. pad: what inputs are lengthened with, see `Executable.map`."""

    def __init__(self, program: Executable, batch: int, pad: Pad | None = None) -> None:
        self.program = program
        self.batch = batch
        self.pad = dict(pad) if pad else None
        graph = program.graph
        self.axis = joining(graph, None, self.pad).axis
        self.inputs = {value.name: value.type for value in graph.inputs}
        outputs = zip(graph.output_names, (value.type for value in graph.outputs), strict=True)
        self.kinds: Kinds = kinds_of(dict(outputs), self.axis)
        self.checked = False
        self.places = {name: _place(kind, self.axis) for name, kind in self.inputs.items()}

    def __call__(self, columns: Mapping[str, Column], asked: Mapping[str, str]) -> Scored:
        """asked: the column of an input, where it is not of the input's name."""
        arrays, reasons = {}, dict[int, str]()
        for name, kind in self.inputs.items():
            column = self._column(name, columns, asked)
            shape = [size for at, size in enumerate(kind.shape) if at != self.places[name]]
            arrays[name], bad = as_rows(columns[column], Type(kind.dtype, tuple(shape)), column)
            reasons = {**bad, **reasons}
        count = len(next(iter(arrays.values()), ()))
        if any(len(array) != count for array in arrays.values()):
            said = ", ".join(f"{name}: {len(array)}" for name, array in arrays.items())
            raise UsageError(f"columns of different lengths ({said} rows); give one row of each")
        rows = [row for row in range(count) if row not in reasons]
        found = self._scored(arrays, rows)
        rejected = [Rejected(row, reason) for row, reason in reasons.items()]
        found.rejected = sorted([*found.rejected, *rejected])
        return found

    def needs(self, columns: Mapping[str, Column], asked: Mapping[str, str]) -> list[str]:
        return [self._column(name, columns, asked) for name in self.inputs]

    def _column(self, name: str, columns: Mapping[str, Column], asked: Mapping[str, str]) -> str:
        column = asked.get(name, name)
        if column in columns:
            return column
        if len(self.inputs) == len(columns) == 1 and name not in asked:
            return next(iter(columns))
        there = ", ".join(map(repr, columns)) or "none"
        raise UsageError(
            f"no column {column!r} for the input {name}: {self.inputs[name]}; there are {there}, "
            f"name one by columns={{{name!r}: ...}}"
        )

    def _scored(self, arrays: Mapping[str, Column], rows: Sequence[int]) -> Scored:
        """Of rows that are alike, several at once; of others each for itself, as `map` joins."""
        if all(isinstance(array, numpy.ndarray) for array in arrays.values()):
            return self._alike({name: array[rows] for name, array in arrays.items()}, rows)
        items = [{name: array[row] for name, array in arrays.items()} for row in rows]
        return self._mapped(items, rows)

    def _alike(self, arrays: Mapping[str, Array], rows: Sequence[int]) -> Scored:
        spans = self._spans(arrays, len(rows))
        moved = {n: numpy.moveaxis(array, 0, self.places[n]) for n, array in arrays.items()}
        pieces = (
            {n: _piece(array, self.places[n], span) for n, array in moved.items()} for span in spans
        )
        results = self.program.map(pieces, self.batch, pad=self.pad)
        parts: dict[str, list[Array]] = {name: [] for name in self.kinds.sizes}
        good: list[int] = []
        again: list[int] = []
        for own, outcome in zip(spans, _outcomes(results), strict=True):
            if outcome is None:
                again += own
                continue
            good += (rows[place] for place in own)
            for name, array in self._flat(outcome).items():
                parts[name].append(self._rows_first(name, array))
        columns = {name: self._whole(name, own) for name, own in parts.items()}
        found = Scored(columns, numpy.array(good, numpy.int64))
        if not again:
            return found
        items = [{name: array[place] for name, array in arrays.items()} for place in again]
        return joined([found, self._mapped(items, [rows[place] for place in again])])

    def _spans(self, arrays: Mapping[str, Array], count: int) -> list[range]:
        """Which rows are handed over together: the first ones of a program each for itself, so that
        `map` sees in its first batch whether rows depend on each other."""
        singles = 0 if self.checked else min(count, self.batch)
        varied = any((array[:singles] != array[:1]).any() for array in arrays.values())
        self.checked = self.checked or (singles > 1 and varied)
        size = max(1, self.batch // PIECES)
        found = [range(at, at + 1) for at in range(singles)]
        return found + [range(at, min(at + size, count)) for at in range(singles, count, size)]

    def _mapped(self, items: Sequence[dict[str, Array]], rows: Sequence[int]) -> Scored:
        flat = _Flat(self.program.map(items, self.batch, pad=self.pad), self._flat)
        return taken(flat, rows, self.kinds)

    def _flat(self, outcome: Any) -> dict[str, Array]:
        """The results by name, however the function nests them."""
        leaves = (leaf for _, leaf in tree.leaves(outcome))
        return dict(zip(self.kinds.sizes, leaves, strict=True))

    def _rows_first(self, name: str, array: Array) -> Array:
        return numpy.moveaxis(array, self._output_place(name), 0)

    def _output_place(self, name: str) -> int:
        graph = self.program.graph
        at = list(graph.output_names).index(name)
        return _place(graph.outputs[at].type, self.axis)

    def _whole(self, name: str, parts: Sequence[Array]) -> Array:
        if self.kinds.is_ragged(name):
            return self.kinds.column(name, [row for part in parts for row in part])
        return numpy.concatenate(parts) if parts else self.kinds.column(name, [])


class _Flat:
    """Results by name, of an iterator of nested ones; what it raises is raised."""

    def __init__(self, results: Iterator[Any], flat: Callable[[Any], dict[str, Array]]) -> None:
        self.results = results
        self.flat = flat

    def __iter__(self) -> _Flat:
        return self

    def __next__(self) -> dict[str, Array]:
        return self.flat(next(self.results))


def _outcomes(results: Iterator[Any]) -> Iterator[Any]:
    """What each piece came to; None for one that failed, of which the rows are run again."""
    while True:
        try:
            yield next(results)
        except StopIteration:
            return
        except OF_VALUES:
            yield None


def _piece(array: Array, place: int, rows: range) -> Array:
    return array[(slice(None),) * place + (slice(rows.start, rows.stop),)]


def _place(kind: Type, axis: str) -> int:
    """Where an array has the axis; `joining` has seen that it has."""
    return [plain_name(size) for size in kind.shape].index(axis)
