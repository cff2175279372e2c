"""Our own price list format: a CSV file with the columns of `COLUMNS`, every row of which counts.

A price that is missing, zero, negative or not a number is an error: a free machine is always a
hole in somebody's list.
"""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError
from isthmus.reports.files.checks import clean, fail, shown

from .cores import X86, vcpus_per_core
from .price import Price, PriceList, Wanted
from .price_lists import above_zero

__all__ = ["COLUMNS", "iso_date", "own", "text_of"]

COLUMNS = (
    *("provider", "instance", "vcpus", "memory_gib", "arch", "accelerator", "accelerators"),
    *("region", "os", "price_model", "usd_per_hour", "date", "source"),
    *("vcpus_per_core", "peak_gflop_per_core"),
)
MAY_BE_ABSENT = frozenset(
    {"memory_gib", "arch", "accelerator", "accelerators", "vcpus_per_core", "peak_gflop_per_core"}
)

Cells = dict[str, str]


def text_of(path: Path | Traversable) -> str:
    """The file's text, or `FileError`."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def own(path: Path | Traversable, text: str, wanted: Wanted) -> PriceList:
    """Every row, of one region and price model where those are asked for."""
    rows = _rows(path, text)
    if not rows:
        fail(str(path), "holds no price", "add a row per instance")
    every = [_price(f"{path}: line {line}", row) for line, row in enumerate(rows, start=2)]
    for name in ("region", "price_model"):
        every = _filtered(path, every, name, getattr(wanted, name))
    return PriceList(str(path), tuple(every))


def iso_date(where: str, cell: str) -> str:
    """YYYY-MM-DD, or `FileError`."""
    try:
        return date.fromisoformat(cell).isoformat()
    except ValueError:
        fail(where, f"date is {shown(cell)}, not YYYY-MM-DD", "write the day the price was read")


def _filtered(
    path: Path | Traversable, prices: list[Price], name: str, value: str | None
) -> list[Price]:
    """Those with this region or price model; an error says which there are."""
    kept = [price for price in prices if value in (None, getattr(price, name))]
    if not kept:
        there = ", ".join(sorted({str(getattr(price, name)) for price in prices})[:8])
        asked = f"{name.replace('_', ' ')} {clean(str(value))}"
        raise UsageError(f"{path}: no price with {asked}; it has {there}")
    return kept


def _unreadable(path: Path | Traversable, error: Exception) -> FileError:
    reason = clean(str(error))
    return FileError(f"{path}: not a readable CSV file ({reason}); give a price list")


def _rows(path: Path | Traversable, text: str) -> list[Cells]:
    try:
        reader = csv.DictReader(text.splitlines())
        rows, found = list(reader), reader.fieldnames or ()
    except csv.Error as error:
        raise _unreadable(path, error) from None
    missing = [name for name in COLUMNS if name not in found and name not in MAY_BE_ABSENT]
    if missing:
        fail(str(path), f"lacks the column {missing[0]}", f"the columns are {', '.join(COLUMNS)}")
    return rows


def _price(where: str, row: Cells) -> Price:
    cells = {name: clean(row.get(name) or "") for name in COLUMNS}
    where = f"{where}: {cells['instance'] or 'unnamed instance'}"
    for name in COLUMNS:
        if not cells[name] and name not in MAY_BE_ABSENT:
            fail(where, f"{name} is missing", "fill it in or drop the row")
    cells["arch"] = cells["arch"] or X86
    return Price(**(cells | _numbers(where, cells)))


def _numbers(where: str, cells: Cells) -> dict[str, Any]:
    cores = vcpus_per_core(cells["provider"], cells["instance"], cells["arch"])
    return {
        "vcpus": _count(where, "vcpus", cells),
        "vcpus_per_core": _count(where, "vcpus_per_core", cells, cores),
        "accelerators": _count(where, "accelerators", cells, int(bool(cells["accelerator"]))),
        "memory_gib": _number_or_none(where, "memory_gib", cells),
        "peak_gflop_per_core": _number_or_none(where, "peak_gflop_per_core", cells),
        "usd_per_hour": _positive(where, "usd_per_hour", cells["usd_per_hour"]),
        "date": iso_date(where, cells["date"]),
    }


def _count(where: str, name: str, cells: Cells, usual: int = 0) -> int:
    """A whole number above zero, or the usual one where the cell is empty."""
    if not cells[name]:
        return usual
    number = _positive(where, name, cells[name])
    if number != int(number):
        fail(where, f"{name} is {shown(cells[name])}, not a whole number", "correct the row")
    return int(number)


def _number_or_none(where: str, name: str, cells: Cells) -> float | None:
    return _positive(where, name, cells[name]) if cells[name] else None


def _positive(where: str, name: str, cell: str) -> float:
    number = above_zero(cell)
    if number is None:
        what = f"{name} is {shown(cell)}, not a number above zero"
        fail(where, what, "correct it or drop the row")
    return number
