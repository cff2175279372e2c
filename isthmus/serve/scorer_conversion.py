"""A column as arrays of a program's type, and for each row that does not fit why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus.errors import IsthmusError
from isthmus.graph.foreign import plain
from isthmus.graph.nodes import Type

from .scorer_rows import ABSENT, Column, shown

__all__ = ["as_rows", "converted"]

Array = numpy.ndarray[Any, Any]
Reasons = dict[int, str]

# Rows that are looked at once as a whole: a column of numbers, every row of one shape.
REGULAR = "biufc"


def as_rows(column: Column, kind: Type, name: str) -> tuple[Column, Reasons]:
    """One array of all rows where they are of one shape, else a list of each row's array.

    kind: of one row. The rows with a reason hold nothing of use.
    """
    if isinstance(column, numpy.ndarray) and column.dtype.kind in REGULAR and column.ndim:
        return _regular(column, kind, name)
    values = list(column)
    rows: list[Any] = [None] * len(values)
    reasons: Reasons = {}
    for place, value in enumerate(values):
        try:
            rows[place] = _row(value, kind)
        except _Unfit as problem:
            reasons[place] = f"{name} {problem}"
    shapes = {array.shape for array in rows if array is not None}
    if len(shapes) == 1:
        (shape,) = shapes
        spare = numpy.zeros(shape, kind.dtype)
        return numpy.stack([spare if array is None else array for array in rows]), reasons
    return rows, reasons


def _regular(column: Array, kind: Type, name: str) -> tuple[Array, Reasons]:
    why = _misfit(column.shape[1:], column.dtype, kind)
    if why is not None:
        spare = [size if isinstance(size, int) else 0 for size in kind.shape]
        return (
            numpy.zeros((len(column), *spare), kind.dtype),
            dict.fromkeys(range(len(column)), f"{name} {why}"),
        )
    found, fits = converted(column, kind.dtype)
    if fits is None:
        return found, {}
    bad = numpy.flatnonzero(~fits.reshape(len(column), -1).all(axis=1))
    return found, {int(row): f"{name} {_unheld(column[row], fits[row], kind)}" for row in bad}


class _Unfit(Exception):
    """Why a value is no row."""


def _row(value: Any, kind: Type) -> Array:
    """A value as one row; _Unfit where it is none."""
    if isinstance(value, str | bytes) and kind.ndim == 3:
        return _image(value, kind)
    if value is None or value is ABSENT or isinstance(value, str | bytes):
        raise _Unfit(f"is {shown(value)}, and {kind} is asked for")
    try:
        array = numpy.asarray(value)
        if array.dtype == object:  # rows of rows, as Arrow and pandas have them
            array = numpy.asarray(_lists(value))
    except (TypeError, ValueError, OverflowError):
        raise _Unfit(f"is {shown(value)}, and {kind} is asked for") from None
    if not array.size:  # an empty list, of floats to NumPy
        array = array.astype(kind.dtype)
    why = _misfit(array.shape, array.dtype, kind)
    if why is not None:
        raise _Unfit(why)
    found, fits = converted(array, kind.dtype)
    if fits is not None and not fits.all():
        raise _Unfit(_unheld(array, fits, kind))
    return found


def _lists(value: Any) -> Any:
    if isinstance(value, numpy.ndarray | list | tuple):
        return [_lists(part) for part in value]
    return value


def _image(value: str | bytes, kind: Type) -> Array:
    """An image's file, resized to the program's size, from 0 to 1 in floats; see `fitted`."""
    from isthmus.models.inputs.images import fitted

    try:
        found: Array = fitted(value, kind)
    except IsthmusError as problem:
        raise _Unfit(f"is no image: {problem}") from None
    return found


def _misfit(shape: Sequence[int], dtype: numpy.dtype[Any], kind: Type) -> str | None:
    """Why an array of this shape and type is no row, whatever its elements."""
    sizes = zip(shape, kind.shape, strict=False)
    if len(shape) != kind.ndim or any(
        isinstance(wanted, int) and wanted != size for size, wanted in sizes
    ):
        return f"is {dtype}{list(shape)}, and {kind} is asked for"
    if dtype.kind not in REGULAR or (dtype.kind == "b") != (kind.dtype.kind == "b"):
        return f"is of {dtype}, and {kind.dtype} is asked for"
    if dtype.kind == "c" and kind.dtype.kind != "c":
        return f"is of {dtype}, and {kind.dtype} is asked for"
    return None


def converted(array: Array, dtype: numpy.dtype[Any]) -> tuple[Array, Array | None]:
    """The elements in another type, and which of them it holds; None for all.

    A float is held where rounding it gives no infinity; an integer, and what becomes one, exactly.
    """
    array = plain(array)
    if array.dtype == dtype or numpy.can_cast(array.dtype, dtype, "safe"):
        return array.astype(dtype, copy=False), None
    with numpy.errstate(all="ignore"):
        found = array.astype(dtype)
        if array.dtype.kind in "fc" and dtype.kind in "fc":
            return found, numpy.isfinite(found) | ~numpy.isfinite(array)
        back = found.astype(array.dtype)
        # Beyond an integer type a cast may hide what the cast before it has lost.
        fits = (back == array) & _in_range(array, dtype) & _in_range(found, array.dtype)
    return found, fits


def _in_range(array: Array, dtype: numpy.dtype[Any]) -> Array:
    """Where numbers are in the range of a type, if it is one of integers."""
    if dtype.kind not in "iu":
        return numpy.ones(array.shape, bool)
    bounds = numpy.iinfo(dtype)
    if array.dtype.kind == "f":
        array = array.astype(numpy.float64)
        # 2**63 is a float and no int64; the largest float below it is one.
        return (array >= float(bounds.min)) & (array < float(bounds.max) + 1)
    return (array >= bounds.min) & (array <= bounds.max)


def _unheld(row: Array, fits: Array, kind: Type) -> str:
    first = numpy.asarray(row)[~numpy.asarray(fits)].flat[0]
    return f"has {first!s}, which {kind.dtype} does not hold"
