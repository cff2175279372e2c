"""Tables as engines have them, as columns and back: dicts of arrays, Arrow's, pandas' frames.

What comes in is read and never written to: it may be a view of an object store.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from isthmus.errors import UsageError

from .scorer_rows import Column

__all__ = ["Form", "arrow_array", "arrow_column", "form_of"]

Array = numpy.ndarray[Any, Any]
Columns = Mapping[str, Column]


class Form:
    """One kind of table. columns: its columns as arrays or lists. made: a table of results beside
    those columns of the given one that are kept, which have as many rows."""

    def __init__(
        self,
        columns: Callable[[Any], Columns],
        made: Callable[[Any, tuple[str, ...], Mapping[str, Array]], Any],
    ) -> None:
        self.columns = columns
        self.made = made


def form_of(table: Any) -> Form:
    """The kind of a table; UsageError for what is none. No package is imported to find out."""
    if isinstance(table, Mapping):
        return DICT
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return FRAME
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(table, arrow.RecordBatch | arrow.Table):
        return ARROW
    raise UsageError(
        f"a table of type {type(table).__name__}; give a dict of arrays, an Arrow RecordBatch or "
        "Table, or a pandas frame"
    )


# Dicts


def _dict_columns(table: Mapping[str, Any]) -> Columns:
    found = {name: _column(value) for name, value in table.items()}
    lengths = {name: len(column) for name, column in found.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise UsageError(f"columns of different lengths ({said} rows); give one row of each")
    return found


def _column(value: Any) -> Column:
    if isinstance(value, list | tuple):
        return value
    array = numpy.asarray(value)
    if not array.ndim:
        raise UsageError(f"a column {value!r}; give an array whose first axis is the rows")
    return array


def _dict_made(
    table: Mapping[str, Any], keep: tuple[str, ...], results: Mapping[str, Array]
) -> dict[str, Any]:
    return {**{name: table[name] for name in keep}, **results}


# pandas


def _frame_columns(table: Any) -> Columns:
    return {str(name): table[name].to_numpy() for name in table.columns}


def _frame_made(table: Any, keep: tuple[str, ...], results: Mapping[str, Array]) -> Any:
    """Results of more than one number are arrays, one in each cell; the index stays."""
    import pandas

    cells = {name: _cells(array) for name, array in results.items()}
    kept = {name: table[name] for name in keep}
    return pandas.DataFrame({**kept, **cells}, index=table.index)


def _cells(array: Array) -> Array:
    if array.ndim == 1:
        return array
    found = numpy.empty(len(array), object)
    for row, value in enumerate(array):
        found[row] = value
    return found


# Arrow


def _arrow_columns(table: Any) -> Columns:
    return {name: arrow_column(table[name]) for name in table.schema.names}


def arrow_column(column: Any) -> Column:
    """An Arrow array: numbers as NumPy's, lists of one length as an array of more axes.

    Others are a Python list, with None where there is no value.
    """
    import pyarrow

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pyarrow.ChunkedArray):  # of more than 2 GB
            return column.to_pylist()
    found = _regular(column)
    return column.to_pylist() if found is None else found


def _regular(column: Any) -> Array | None:
    """The array of a column without nulls whose rows are all of one shape; None for others."""
    import pyarrow

    kind = column.type
    if isinstance(column, pyarrow.ExtensionArray):
        return _regular(column.storage)
    if column.null_count:
        return None
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        return column.to_numpy(zero_copy_only=False)
    if pyarrow.types.is_boolean(kind):
        return column.to_numpy(zero_copy_only=False)
    if pyarrow.types.is_fixed_size_list(kind):
        return _reshaped(column.flatten(), len(column), kind.list_size)
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        lengths = column.value_lengths().to_numpy(zero_copy_only=False)
        if len(lengths) and (lengths == lengths[0]).all():
            return _reshaped(column.flatten(), len(column), int(lengths[0]))
    return None


def _reshaped(values: Any, rows: int, size: int) -> Array | None:
    inner = _regular(values)
    return None if inner is None else inner.reshape(rows, size, *inner.shape[1:])


def _arrow_made(table: Any, keep: tuple[str, ...], results: Mapping[str, Array]) -> Any:
    names = [*keep, *results]
    arrays = [*(table[name] for name in keep), *(arrow_array(each) for each in results.values())]
    return type(table).from_arrays(arrays, names=names)


def arrow_array(array: Array) -> Any:
    """An Arrow array: of each row a number, or a list of lists as deep as the row has axes.

    A list, not one of fixed size, which Spark does not know.
    """
    import pyarrow

    if array.dtype == object:
        return _ragged(array)
    if array.dtype.kind == "c":
        raise UsageError(f"results of {array.dtype}, which Arrow has no type for; give .npz")
    array = numpy.ascontiguousarray(array, array.dtype.newbyteorder("="))
    found = pyarrow.array(array.reshape(-1))
    shape = array.shape
    for axis in range(len(shape) - 1, 0, -1):
        found = _lists(numpy.full(int(numpy.prod(shape[:axis])), shape[axis]), found)
    return found


def _ragged(rows: Array) -> Any:
    """Arrays that differ in the size of their first axis."""
    import pyarrow

    if not len(rows):
        return pyarrow.array([], pyarrow.list_(pyarrow.float32()))
    if len({row.shape[1:] for row in rows}) > 1:  # or in more: through Python's lists
        kind = pyarrow.from_numpy_dtype(rows[0].dtype)
        for _ in range(rows[0].ndim):
            kind = pyarrow.list_(kind)
        return pyarrow.array([row.tolist() for row in rows], kind)
    lengths = numpy.array([len(row) for row in rows])
    return _lists(lengths, arrow_array(numpy.concatenate(list(rows))))


def _lists(lengths: Array, values: Any) -> Any:
    import pyarrow

    ends = numpy.concatenate([[0], numpy.cumsum(lengths)])
    if ends[-1] < 2**31:
        return pyarrow.ListArray.from_arrays(pyarrow.array(ends, pyarrow.int32()), values)
    return pyarrow.LargeListArray.from_arrays(pyarrow.array(ends, pyarrow.int64()), values)


DICT = Form(_dict_columns, _dict_made)
FRAME = Form(_frame_columns, _frame_made)
ARROW = Form(_arrow_columns, _arrow_made)
