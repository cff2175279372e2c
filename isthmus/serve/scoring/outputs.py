"""The finished parts as one file: Parquet, NPZ or JSON lines, whole or not there at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.system import files
from isthmus.system.extras import require

from .arrays_file import read_arrays
from .part import RESULT, SHAPES
from .read import Input, Span
from .state import State

__all__ = ["ROW", "SUFFIXES", "Piece", "about_of", "check_output", "pieces", "written"]

Array = numpy.ndarray[Any, Any]

ROW = "row"  # the column of an output's row numbers in the input


@dataclass(frozen=True)
class Piece:
    """A part as it is put together. columns: results by name; ragged ones are lists of arrays."""

    rows: Array
    kept: Mapping[str, Any]
    columns: Mapping[str, Any]


def written(
    path: Path, state: State, source: Input, spans: Sequence[Span], keep: Sequence[str]
) -> None:
    """The output file of all parts. UsageError for results that the format does not take."""

    def each() -> Iterator[Piece]:
        return pieces(state, source, spans, keep)

    with files.replacing(path, durable=True) as partial:
        WRITERS[path.suffix](partial, each)


def check_output(path: Path) -> None:
    """UsageError for a suffix that is none of ours, MissingExtra for Parquet without pyarrow."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path}: an output ends in {', '.join(SUFFIXES)}; name one that does")
    if path.suffix == ".parquet":
        require("parquet", user="writing Parquet")


def about_of(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """What a part says of itself, and its rejected rows as [number, reason]."""
    with read_arrays(path) as found:
        return json.loads(found["about"].tobytes()), json.loads(found["rejected"].tobytes())


def pieces(
    state: State, source: Input, spans: Sequence[Span], keep: Sequence[str]
) -> Iterator[Piece]:
    """Every part, in order; one is in memory at a time."""
    for number, span in enumerate(spans):
        with read_arrays(state.path(number)) as found:
            rows = found["rows"]
            names = [name.removeprefix(RESULT) for name in found.files if name.startswith(RESULT)]
            columns = {name: _column(found, name) for name in names}
        here = (rows - span.first).tolist()
        kept = source.kept(span, keep, here) if keep else {}
        yield Piece(rows, kept, columns)


def _column(found: Any, name: str) -> Any:
    array = found[RESULT + name]
    if SHAPES + name not in found.files:
        return array
    shapes = found[SHAPES + name]
    ends = numpy.cumsum(shapes.prod(axis=1)) if len(shapes) else numpy.zeros(0, int)
    rows = numpy.split(array, ends[:-1]) if len(shapes) else []
    return [row.reshape(shape) for row, shape in zip(rows, shapes, strict=True)]


Each = Callable[[], Iterator[Piece]]


# JSON lines


def _json_lines(path: Path, each: Each) -> None:
    """An object a row; numbers that JSON lacks, NaN and infinities, are null."""
    import msgspec

    encode = msgspec.json.Encoder(enc_hook=str).encode
    with open(path, "wb") as file:
        for piece in each():
            kept = {name: _values(column) for name, column in piece.kept.items()}
            results = {name: _values(column) for name, column in piece.columns.items()}
            columns = {ROW: piece.rows.tolist(), **kept, **results}
            for row in zip(*columns.values(), strict=True):
                file.write(encode(dict(zip(columns, row, strict=True))) + b"\n")


def _values(column: Any) -> list[Any]:
    if isinstance(column, numpy.ndarray):
        if column.dtype.kind == "c":
            raise UsageError(f"results of {column.dtype}, which JSON has not; name an .npz output")
        found: list[Any] = column.tolist()
        return found
    if hasattr(column, "to_pylist"):
        return list(column.to_pylist())
    return [value.tolist() if isinstance(value, numpy.ndarray) else value for value in column]


# Parquet


def _parquet(path: Path, each: Each) -> None:
    """A row group a part; results of several numbers are lists."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    writer = None
    try:
        for piece in each():
            if not len(piece.rows):  # all were rejected, and it tells no types
                continue
            table = _table(piece)
            if writer is None:
                writer = ParquetWriter(path, _settled(table.schema))
            try:
                writer.write_table(table.cast(writer.schema))
            except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, ValueError) as problem:
                reason = " ".join(str(problem).split())[:120]
                raise UsageError(
                    f"rows {int(piece.rows[0])} and on have other types than the first ({reason}); "
                    "keep other columns, or name a .jsonl output"
                ) from None
    finally:
        if writer is not None:
            writer.close()


def _table(piece: Piece) -> Any:
    import pyarrow

    from isthmus.serve.scorer_tables import arrow_array

    def kept(column: Any) -> Any:
        return column if hasattr(column, "to_pylist") else pyarrow.array(column)

    def result(column: Any) -> Any:
        if isinstance(column, numpy.ndarray):
            return arrow_array(column)
        rows = numpy.empty(len(column), object)
        for place, row in enumerate(column):
            rows[place] = row
        return arrow_array(rows)

    columns = {
        ROW: pyarrow.array(piece.rows),
        **{name: kept(column) for name, column in piece.kept.items()},
        **{name: result(column) for name, column in piece.columns.items()},
    }
    return pyarrow.table(columns)


def _settled(schema: Any) -> Any:
    """The first part's types; of a column in which it had nothing, text."""
    import pyarrow

    fields = [
        pyarrow.field(each.name, pyarrow.string()) if pyarrow.types.is_null(each.type) else each
        for each in schema
    ]
    return pyarrow.schema(fields)


# NPZ


def _npz(path: Path, each: Each) -> None:
    """An array a column, written one after the other, each part by part."""
    from .npz import write_npz

    write_npz(path, each)


WRITERS: Mapping[str, Callable[[Path, Each], None]] = {
    ".parquet": _parquet,
    ".npz": _npz,
    ".jsonl": _json_lines,
}
SUFFIXES = tuple(WRITERS)
