"""A part of the work: some rows scored, as one file that is there whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.serve.scorer import Scorer
from isthmus.serve.scorer_rows import Rejected, Scored
from isthmus.system import files

from .arrays_file import write_arrays
from .read import Input, Span

__all__ = ["Done", "Work", "part_path", "scored_part", "stored"]

Array = numpy.ndarray[Any, Any]
RESULT, SHAPES = "result/", "shapes/"  # begin the names of what is of one result


@dataclass(frozen=True)
class Work:
    """What every process is given. taken: names that no result may have."""

    scorer: Scorer
    input: Input
    folder: str
    taken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """A part that is finished. seconds: of one process."""

    number: int
    rows: int
    rejected: int
    seconds: float


def part_path(folder: str | Path, number: int) -> Path:
    return Path(folder, f"part-{number:08d}.npz")


def scored_part(work: Work, number: int, span: Span) -> tuple[Done, dict[str, Array]]:
    """Read and score the rows of a span; the arrays of its file."""
    started = perf_counter()
    names = work.scorer.needs(work.input.names())
    read = work.input.read(span, names)
    found = work.scorer.rows(read.columns)
    for name in found.columns:
        if name in work.taken:
            raise UsageError(f"the result {name} has the name of a column that is kept; rename it")
    numbers = numpy.array(read.rows, numpy.int64)
    rejected = [Rejected(int(numbers[row]), reason) for row, reason in found.rejected]
    rejected += [Rejected(row, reason) for row, reason in read.bad.items()]
    whole = Scored(found.columns, numbers[found.rows], sorted(rejected))
    _check(whole, span)
    done = Done(number, len(whole.rows), len(rejected), perf_counter() - started)
    return done, _arrays(whole, span, done)


def stored(folder: str, number: int, arrays: Mapping[str, Array]) -> None:
    """Write a part's file, to the disk."""
    with files.replacing(part_path(folder, number), durable=True) as partial:
        write_arrays(partial, arrays)


def _check(found: Scored, span: Span) -> None:
    """Each row once: either a result or a reason."""
    every = sorted([*found.rows.tolist(), *(row for row, _ in found.rejected)])
    assert every == list(range(span.rows)), f"rows {span.first} and on are not all there once"


def _arrays(found: Scored, span: Span, done: Done) -> dict[str, Array]:
    about = {"rows": done.rows, "rejected": done.rejected, "seconds": done.seconds}
    rejected = [[span.first + row, reason] for row, reason in found.rejected]
    arrays: dict[str, Array] = {
        "about": _text(about),
        "rejected": _text(rejected),
        "rows": found.rows + span.first,
    }
    for name, column in found.columns.items():
        arrays |= _column(name, column)
    return arrays


def _column(name: str, column: Array) -> dict[str, Array]:
    """Rows of several shapes are one array of their elements, and the shapes."""
    if column.dtype != object:
        return {RESULT + name: column}
    rows: Sequence[Array] = list(column)
    flat = numpy.concatenate([row.reshape(-1) for row in rows]) if rows else numpy.zeros(0, "f4")
    shapes = numpy.array([row.shape for row in rows], numpy.int64).reshape(len(rows), -1)
    return {RESULT + name: flat, SHAPES + name: shapes}


def _text(value: Any) -> Array:
    """JSON as bytes, which are an array too."""
    content = json.dumps(value).encode("utf-8", "surrogatepass")
    return numpy.frombuffer(content, numpy.uint8)
