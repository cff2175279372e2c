"""Dated prices of cloud instances: `prices.csv` beside this file, or a list of the user's.

Ours holds Linux instances of AWS, Azure and GCP with whole NVIDIA accelerators or none; a box of
several is one row with their number. Left out: fractions of an accelerator (g6f, NV6ads_A10_v5)
and Inferentia (inf1, inf2), on which nothing here runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from .price import ON_DEMAND, Price, PriceList, Wanted
from .price_csv import COLUMNS, iso_date, own, text_of
from .price_skypilot import is_skypilot, skypilot
from .price_vantage import is_vantage, vantage

__all__ = [
    "COLUMNS",
    "DEFAULT_INSTANCES",
    "Price",
    "PriceList",
    "Wanted",
    "choose",
    "price_list",
    "read_prices",
]

# The instances of the 2020 cost table that this project re-creates, and their heirs of today.
DEFAULT_INSTANCES = (
    *("c5.xlarge", "c5.24xlarge", "m5.xlarge", "c7i.xlarge", "c7a.large"),
    *("g4dn.xlarge", "p5.4xlarge"),
)
IMPORTERS = ((is_vantage, vantage), (is_skypilot, skypilot))


def price_list(file: str | Path | None = None, wanted: Wanted | None = None) -> PriceList:
    """A CSV file with the columns of `COLUMNS`, ec2instances.info's JSON or SkyPilot's vms.csv.

    Which of them is found out by content; without a file ours, on demand unless asked otherwise.
    Errors: `FileError` for what is none of them, and in our format for a price that is missing,
    zero, negative or not a number; of the other two such rows are in `PriceList.skipped`.
    """
    wanted = wanted or Wanted()
    if wanted.date:
        iso_date("--price-date", wanted.date)
    if file is None:
        path = files(__package__) / "prices.csv"
        wanted = Wanted(wanted.region, wanted.price_model or ON_DEMAND)
        return own(path, text_of(path), wanted)
    text = text_of(Path(file))
    for is_it, imported in IMPORTERS:
        if is_it(text):
            return imported(Path(file), text, wanted)
    return own(Path(file), text, wanted)


def read_prices(file: str | Path | None = None, wanted: Wanted | None = None) -> tuple[Price, ...]:
    """The prices of `price_list`.

    >>> from isthmus import reports
    >>> price = next(p for p in reports.read_prices() if p.instance == "g4dn.xlarge")
    >>> price.accelerator, price.accelerators, price.region
    ('T4', 1, 'us-east-1')
    """
    return price_list(file, wanted).prices


def choose(prices: Sequence[Price], instances: Sequence[str]) -> tuple[Price, ...]:
    """The prices of the named instances, in that order; `UsageError` where one is absent."""
    return PriceList("", tuple(prices)).choose(instances).prices
