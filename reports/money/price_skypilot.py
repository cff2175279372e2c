"""SkyPilot's `vms.csv` (skypilot-catalog): a row per instance, region and zone.

Columns: InstanceType, AcceleratorName, AcceleratorCount, vCPUs, MemoryGiB, GpuInfo, Price,
SpotPrice, Region, AvailabilityZone, Arch. The provider is the name of the file's folder.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from isthmus.errors import FileError
from isthmus.reports.files.checks import clean

from .cores import ARM, X86, vcpus_per_core
from .price import ON_DEMAND, Price, PriceList, Wanted
from .price_lists import (
    SPOT,
    Row,
    Skip,
    above_zero,
    accelerator,
    collected,
    dollars,
    model_of,
    region_of,
    shared_by_all,
    whole,
)

__all__ = ["is_skypilot", "skypilot"]

MODELS = {ON_DEMAND: "Price", SPOT: "SpotPrice"}
COLUMNS = frozenset({"InstanceType", "AcceleratorName", "vCPUs", "Price", "SpotPrice", "Region"})
PROVIDERS = ("aws", "azure", "gcp")
# Google machines that cannot be had without the accelerators that have rows of their own.
BARE_HOSTS = ("a2-", "a3-", "a4-", "g2-", "g4-")


def is_skypilot(text: str) -> bool:
    """A CSV file with SkyPilot's column names."""
    return {name.strip() for name in text.partition("\n")[0].split(",")} >= COLUMNS


def skypilot(path: Path, text: str, wanted: Wanted) -> PriceList:
    """The instances of one region, under one price model; the cheapest zone counts."""
    rows = _rows(path, text)
    column = MODELS[model_of(path, MODELS, wanted)]
    region = region_of(path, sorted({row["Region"] for row in rows} - {"", None}), wanted)
    provider = path.absolute().parent.name
    provider = provider if provider in PROVIDERS else "not stated"
    base = shared_by_all(path, provider, "SkyPilot catalogue, cheapest zone", region, wanted)
    apart = not all(row["InstanceType"] for row in rows)
    named = [(row["InstanceType"], row) for row in rows if row["InstanceType"]]
    return collected(path, named, _Priced(base, column, apart))


def _rows(path: Path, text: str) -> list[Row]:
    try:
        return list(csv.DictReader(text.splitlines()))
    except csv.Error as error:
        raise FileError(f"{path}: not a readable CSV file ({error}); give vms.csv") from None


@dataclass(frozen=True)
class _Priced:
    """One row as a `Price`, or `Skip`; `apart` where accelerators have rows of their own."""

    base: Price
    column: str
    apart: bool

    def __call__(self, name: str, row: Row) -> Price:
        if row["Region"] != self.base.region:
            raise Skip(f"not offered in {self.base.region}")
        arch = ARM if (row.get("Arch") or "").lower().startswith(("arm", "aarch")) else X86
        accelerators, model = self._accelerators(name, row)
        return replace(
            self.base,
            instance=name,
            vcpus=whole("vCPUs", row["vCPUs"]),
            usd_per_hour=dollars(row[self.column]),
            vcpus_per_core=vcpus_per_core(self.base.provider, name, arch),
            memory_gib=above_zero(row.get("MemoryGiB")),
            arch=arch,
            accelerator=model,
            accelerators=accelerators,
        )

    def _accelerators(self, name: str, row: Row) -> tuple[int, str]:
        model = clean(row["AcceleratorName"] or "").replace("-", " ")
        if self.apart and not model and name.startswith(BARE_HOSTS):
            raise Skip("its accelerators are priced in rows of their own")
        return accelerator(row.get("AcceleratorCount") or 1, model) if model else (0, "")
