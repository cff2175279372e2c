"""An output as `numpy.load` reads it. Rows that differ in length are one array of all of them,
beside NAME.lengths."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import UsageError

from .arrays_file import write_array

__all__ = ["LENGTHS", "write_npz"]

Array = numpy.ndarray[Any, Any]
LENGTHS = ".lengths"
ROW = "row"


@dataclass
class _Column:
    """What is known of a column once all parts were seen: type, rows, and what follows them."""

    dtype: numpy.dtype[Any]
    rows: int
    rest: tuple[int, ...]


def write_npz(path: Path, each: Callable[[], Iterator[Any]]) -> None:
    """Two looks at the parts: for the shapes, and for the elements of each array."""
    columns: dict[str, _Column] = {}
    for piece in each():
        for name, array in _arrays(piece):
            columns[name] = _further(name, columns.get(name), array)

    def parts(wanted: str) -> Iterable[Array]:
        return (array for piece in each() for name, array in _arrays(piece) if name == wanted)

    with zipfile.ZipFile(path, "w") as archive:
        for name, column in columns.items():
            shape = (column.rows, *column.rest)
            write_array(archive, name, shape, column.dtype, parts(name))


def _arrays(piece: Any) -> Iterator[tuple[str, Array]]:
    yield ROW, piece.rows
    for name, column in piece.kept.items():
        yield name, _kept(name, column)
    for name, column in piece.columns.items():
        if isinstance(column, numpy.ndarray):
            yield name, column
            continue
        rests = {row.shape[1:] for row in column}
        if len(rests) > 1:
            raise UsageError(
                f"{name}: rows differ in more than one axis, which .npz has not; name a .jsonl "
                "or .parquet output"
            )
        if column:  # a part without rows tells no shape, and adds nothing
            yield name, numpy.concatenate(column)
        yield name + LENGTHS, numpy.array([len(row) for row in column], numpy.int64)


def _kept(name: str, column: Any) -> Array:
    """A column of the input, of texts or of numbers without gaps."""
    values = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    array = numpy.array(values) if values else numpy.array([], "<U1")
    texts = [isinstance(value, str) for value in values]
    if array.dtype.kind not in "biufU" or any(texts) != all(texts) or array.ndim != 1:
        raise UsageError(
            f"{name}: neither all texts nor all numbers, which .npz needs; name a .jsonl or "
            ".parquet output"
        )
    return array


def _further(name: str, known: _Column | None, array: Array) -> _Column:
    found = _Column(array.dtype, len(array), array.shape[1:])
    if known is None or not known.rows:
        return found
    if not len(array):
        return known
    if known.rest != found.rest or (known.dtype.kind == "U") != (found.dtype.kind == "U"):
        raise UsageError(
            f"{name}: rows of {known.dtype}{list(known.rest)} and of {found.dtype}"
            f"{list(found.rest)}; name a .jsonl or .parquet output"
        )
    dtype = numpy.promote_types(known.dtype, found.dtype)
    return _Column(dtype, known.rows + found.rows, known.rest)
