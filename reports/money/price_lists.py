"""What importing another's price list needs: which rows count, and what of them is not a price.

Such lists hold thousands of rows, some of them broken: a row without a usable price is skipped
and counted, never priced at zero. They do not say when their prices were read: the date is the
one asked for, else the file's modification date, and the source says which.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isthmus.errors import UsageError
from isthmus.reports.files.checks import clean, fail, shown

from .price import ON_DEMAND, Price, PriceList, Wanted

__all__ = [
    "SPOT",
    "Row",
    "Skip",
    "above_zero",
    "accelerator",
    "collected",
    "dollars",
    "model_of",
    "region_of",
    "shared_by_all",
    "whole",
]

SPOT = "spot"

Row = dict[str, Any]


class Skip(Exception):
    """A row that gives no price; its text is why."""


def above_zero(cell: object) -> float | None:
    """A finite number above zero from a number or a string; None for all else."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        return None
    return number if 0 < number < math.inf else None


def dollars(cell: object) -> float:
    """Dollars an hour, or `Skip`."""
    usd = above_zero(cell)
    if usd is None:
        empty = cell is None or not str(cell).strip()
        raise Skip("no price" if empty else f"price {shown(cell)}, not a number above zero")
    return usd


def whole(name: str, cell: object) -> int:
    """A count above zero, or `Skip`."""
    number = above_zero(cell)
    if number is None or number != int(number):
        raise Skip(f"{name} {shown(cell)}, not a whole number")
    return int(number)


def accelerator(count: object, words: str) -> tuple[int, str]:
    """How many whole accelerators, and their name; (0, "") for none."""
    number = above_zero(count)
    if number is None:
        return 0, ""
    if number != int(number):
        raise Skip("a fraction of an accelerator")
    if not words:
        raise Skip("its accelerator has no name")
    return int(number), words


def collected(
    path: Path, named: Iterable[tuple[object, Row]], priced: Callable[[str, Row], Price]
) -> PriceList:
    """The cheapest row of each instance; the reason of each instance that has none."""
    prices: dict[str, Price] = {}
    skipped: dict[str, str] = {}
    for at, (said, row) in enumerate(named, start=1):
        name = clean(said) if isinstance(said, str) else ""
        try:
            price = priced(name or f"unnamed row {at}", row)
        except Skip as skip:
            skipped.setdefault(name or f"unnamed row {at}", str(skip))
            continue
        if name not in prices or price.usd_per_hour < prices[name].usd_per_hour:
            prices[name] = price
    if not prices:
        reasons = ", ".join(dict.fromkeys(skipped.values())) or "no row"
        fail(str(path), f"holds no usable price ({reasons})", "give another list or region")
    left = {name: reason for name, reason in skipped.items() if name not in prices}
    return PriceList(str(path), tuple(prices.values()), left)


def region_of(path: Path, regions: Sequence[str], wanted: Wanted) -> str:
    """The one asked for, or the only one there is."""
    some = ", ".join(regions[:5]) + (", ..." if len(regions) > 5 else "")
    if wanted.region is None:
        if len(regions) == 1:
            return regions[0]
        raise UsageError(f"{path}: {len(regions)} regions; name one with --region ({some})")
    if wanted.region not in regions:
        raise UsageError(f"{path}: no region {clean(wanted.region)}; it has {some}")
    return wanted.region


def model_of(path: Path, models: Iterable[str], wanted: Wanted) -> str:
    """The price model asked for, on demand by default, if the list can have it."""
    name = wanted.price_model or ON_DEMAND
    if name not in models:
        raise UsageError(f"{path}: no price model {clean(name)}; use one of {', '.join(models)}")
    return name


def shared_by_all(path: Path, provider: str, what: str, region: str, wanted: Wanted) -> Price:
    """What all prices of the list have in common; the rest is to be replaced."""
    day, said = wanted.date, "dated by the user"
    if day is None:
        day = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date().isoformat()
        said = "dated by the file's modification"
    return Price(
        provider=provider,
        instance="",
        vcpus=1,
        region=region,
        os=wanted.os,
        price_model=wanted.price_model or ON_DEMAND,
        usd_per_hour=math.nan,
        date=day,
        source=f"{path.name} ({what}, {said})",
        vcpus_per_core=1,
    )
