"""Rows and what a program says of them: results in columns, and why others have none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy

from isthmus.errors import IsthmusError, UsageError
from isthmus.graph.dims import plain_name
from isthmus.graph.nodes import Type

__all__ = [
    "ABSENT",
    "Column",
    "Kinds",
    "Rejected",
    "Row",
    "Scored",
    "column_of",
    "joined",
    "kinds_of",
    "shown",
    "taken",
]

Array = numpy.ndarray[Any, Any]
Column = Any  # an array whose first axis is the rows, or a sequence of anything
Row = dict[str, Array]  # a row's results by name

LONGEST = 60  # characters of a value in a reason

# What a program's call raises for the values that a row has; anything else is a defect.
OF_VALUES = (IsthmusError, IndexError, numpy.linalg.LinAlgError)


class Rejected(NamedTuple):
    """A row without a result. row: its number in the table that was given."""

    row: int
    reason: str


@dataclass(frozen=True)
class Kinds:
    """The results by name: of each row so many axes of these sizes, None where rows differ."""

    sizes: Mapping[str, tuple[int | None, ...]]
    dtypes: Mapping[str, numpy.dtype[Any]]

    def is_ragged(self, name: str) -> bool:
        return None in self.sizes[name]

    def column(self, name: str, values: Sequence[Array]) -> Array:
        """One array of all rows; of a result whose sizes differ, an array of arrays."""
        if self.is_ragged(name):
            found = numpy.empty(len(values), object)
            for place, value in enumerate(values):
                found[place] = value
            return found
        if not values:
            sizes = [size or 0 for size in self.sizes[name]]
            return numpy.empty((0, *sizes), self.dtypes[name])
        return numpy.stack(values)


@dataclass
class Scored:
    """Of a table: results of its good rows, whose numbers are `rows`, and the other rows."""

    columns: dict[str, Array]
    rows: Array
    rejected: list[Rejected] = field(default_factory=list)


def kinds_of(named: Mapping[str, Type], axis: str | int | None) -> Kinds:
    """The kinds of a row's results. named: the program's; axis: of the rows, by name or place."""
    sizes, dtypes = {}, {}
    for name, kind in named.items():
        place = axis if isinstance(axis, int) else _place(kind, axis)
        own = [size for at, size in enumerate(kind.shape) if at != place]
        sizes[name] = tuple(size if isinstance(size, int) else None for size in own)
        dtypes[name] = kind.dtype
    return Kinds(sizes, dtypes)


def _place(kind: Type, axis: str | None) -> int:
    names = [plain_name(size) for size in kind.shape]
    return names.index(axis) if axis in names else 0


def taken(
    results: Iterator[Any], rows: Sequence[int], kinds: Kinds, single: str | None = None
) -> Scored:
    """What `map` gives for the rows of these numbers, those that fail with their reasons.

    rows: may become longer while items are read, as long as it has one for each in the end.
    single: the name of what a program returns by itself, which is no dict.
    """
    found: list[Row] = []
    good: list[int] = []
    rejected = []
    outcomes = list(_outcomes(results))
    for row, outcome in zip(rows, outcomes, strict=True):
        if isinstance(outcome, Exception):
            rejected.append(Rejected(row, " ".join(str(outcome).split())))
        else:
            good.append(row)
            named: Row = outcome if single is None else {single: outcome}
            found.append(named)
    columns = {name: kinds.column(name, [row[name] for row in found]) for name in kinds.sizes}
    return Scored(columns, numpy.array(good, numpy.int64), rejected)


def _outcomes(results: Iterator[Any]) -> Iterator[Any]:
    while True:
        try:
            yield next(results)
        except StopIteration:
            return
        except OF_VALUES as problem:
            yield problem


class _Absent:
    """What a row has in a column that it lacks, as a line of JSON may."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


def column_of(columns: Mapping[str, Column], asked: str | None, usual: Sequence[str]) -> str:
    """The column that was asked for, the first of the usual names, or the only one there is."""
    if asked is not None:
        if asked not in columns:
            raise UsageError(f"no column {asked!r}; {_there(columns)}")
        return asked
    found = next((name for name in usual if name in columns), None)
    if found is None and len(columns) == 1:
        found = next(iter(columns))
    if found is None:
        names = " or ".join(map(repr, usual))
        raise UsageError(f"no column {names}; {_there(columns)}, name one by column=")
    return found


def _there(columns: Mapping[str, Column]) -> str:
    return f"there are {', '.join(map(repr, columns))}" if columns else "there are none"


def shown(value: Any) -> str:
    """A value in a reason, shortened, on one line."""
    text = ascii(value) if isinstance(value, str) else " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def joined(parts: Sequence[Scored]) -> Scored:
    """Two or more results of one table, by row number."""
    order = numpy.argsort(numpy.concatenate([part.rows for part in parts]), kind="stable")
    columns = {
        name: numpy.concatenate([part.columns[name] for part in parts])[order]
        for name in parts[0].columns
    }
    rejected = sorted(each for part in parts for each in part.rejected)
    return Scored(columns, numpy.concatenate([part.rows for part in parts])[order], rejected)
