"""Dated prices of cloud instances: `prices.csv` beside this file, or a file of the user's.

Only x86 instances and whole single accelerators are listed: a timing on one x86 machine says
nothing of an Arm one, and one accelerator's speed nothing of a box that holds eight.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from isthmus.errors import FileError, UsageError

from .checks import clean, fail, shown

COLUMNS = (
    "provider",
    "instance",
    "vcpus",
    "memory_gib",
    "accelerator",
    "region",
    "os",
    "price_model",
    "usd_per_hour",
    "date",
    "source",
)
MAY_BE_ABSENT = ("memory_gib", "accelerator")

# The instances of the 2020 cost table that this project re-creates, and their heirs of today.
DEFAULT_INSTANCES = (
    "c5.xlarge",
    "m5.xlarge",
    "c7i.xlarge",
    "c7a.large",
    "g4dn.xlarge",
    "p5.4xlarge",
)


@dataclass(frozen=True)
class Price:
    """One instance's price: usd_per_hour > 0, in `region`, under `price_model`, on `date`."""

    provider: str
    instance: str
    vcpus: int
    memory_gib: float | None
    accelerator: str
    region: str
    os: str
    price_model: str
    usd_per_hour: float
    date: str
    source: str


def read_prices(file: str | Path | None = None) -> tuple[Price, ...]:
    """Every price of a CSV file with the columns of `COLUMNS`; ours without an argument.

    Errors: `FileError` for a missing file or column, and for a price that is missing, zero,
    negative or not a number: a free machine is always a hole in somebody's price list.
    """
    path = files("isthmus.reports") / "prices.csv" if file is None else Path(file)
    rows = _rows(path)
    if not rows:
        fail(str(path), "holds no price", "add a row per instance")
    return tuple(_price(f"{path}: line {line}", row) for line, row in enumerate(rows, start=2))


def choose(prices: Sequence[Price], instances: Sequence[str]) -> tuple[Price, ...]:
    """The prices of the named instances, in that order; `UsageError` where one is absent."""
    known = {price.instance for price in prices}
    for name in instances:
        if name not in known:
            some = ", ".join(sorted(known)[:5])
            raise UsageError(
                f"instance {clean(name)}: no price; name one of the list ({some}, ...)"
            )
    return tuple(price for name in instances for price in prices if price.instance == name)


def _rows(path: Path | Traversable) -> list[dict[str, str]]:
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
        rows, found = list(reader), reader.fieldnames or ()
    except (OSError, ValueError, csv.Error) as error:
        reason = clean(str(error))
        raise FileError(f"{path}: not a readable CSV file ({reason}); give a price list") from None
    missing = [name for name in COLUMNS if name not in found and name not in MAY_BE_ABSENT]
    if missing:
        fail(str(path), f"lacks the column {missing[0]}", f"the columns are {', '.join(COLUMNS)}")
    return rows


def _price(where: str, row: dict[str, str]) -> Price:
    cells = {name: clean(row.get(name) or "") for name in COLUMNS}
    where = f"{where}: {cells['instance'] or 'unnamed instance'}"
    for name in COLUMNS:
        if not cells[name] and name not in MAY_BE_ABSENT:
            fail(where, f"{name} is missing", "fill it in or drop the row")
    memory = cells["memory_gib"]
    numbers: dict[str, Any] = {
        "vcpus": int(_positive(where, "vcpus", cells["vcpus"])),
        "memory_gib": _positive(where, "memory_gib", memory) if memory else None,
        "usd_per_hour": _positive(where, "usd_per_hour", cells["usd_per_hour"]),
        "date": _date(where, cells["date"]),
    }
    return Price(**(cells | numbers))


def _positive(where: str, name: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        fail(
            where, f"{name} is {shown(cell)}, not a number above zero", "correct it or drop the row"
        )
    return number


def _date(where: str, cell: str) -> str:
    try:
        return date.fromisoformat(cell).isoformat()
    except ValueError:
        fail(where, f"date is {shown(cell)}, not YYYY-MM-DD", "write the day the price was read")
