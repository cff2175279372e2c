"""The dollars of 2020 that this project stands against, cited (published.csv), never measured."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib.resources import files

from .cost import PUBLISHED, Cost
from .price import ON_DEMAND, Price

__all__ = ["published"]


def published(prices: Sequence[Price], costs: Sequence[Cost]) -> tuple[Cost, ...]:
    """The 2020 dollars (published.csv) for workloads and instances that are in the table."""
    instances = {price.instance for price in prices}
    workloads = {cost.workload for cost in costs}
    text = (files(__package__) / "published.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(
        _published(row)
        for row in rows
        if row["instance"] in instances and row["workload"] in workloads
    )


def _published(row: dict[str, str]) -> Cost:
    """requests_per_s is what the two dollars imply."""
    usd, usd_per_hour = float(row["usd_per_million"]), float(row["usd_per_hour"])
    return Cost(
        workload=row["workload"],
        model=row["model"],
        sequence=int(row["sequence"]),
        batch=None,
        scenario="",
        variant=row["variant"],
        precision=row["precision"],
        threads=None,
        status=PUBLISHED,
        instance=row["instance"],
        usd_per_million=usd,
        low=None,
        high=None,
        requests_per_s=1e6 * usd_per_hour / (3600 * usd),
        utilisation=1.0,
        replicas=None,
        speed=None,
        p99_ms=None,
        proven=False,
        provider="aws",
        vcpus=None,
        cores=None,
        accelerator="",
        accelerators=None,
        region="",
        os="",
        price_model=ON_DEMAND,
        usd_per_hour=usd_per_hour,
        date=row["date"],
        source=row["source"],
        machine="",
        file="published.csv",
    )
