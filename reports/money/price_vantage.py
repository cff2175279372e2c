"""ec2instances.info's `instances.json` (vantage-sh/ec2instances.info, MIT): AWS, all regions.

A list of objects: `instance_type`, `vCPU`, `memory`, `arch`, `GPU`, `GPU_model`, and
`pricing[region][os]` with prices as strings; a region may be missing, or be a bare string.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isthmus.reports.files.checks import clean, fail

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

__all__ = ["is_vantage", "vantage"]

# Where each price model stands below pricing[region][os]; dollars an hour all of them.
MODELS = {
    ON_DEMAND: ("ondemand",),
    SPOT: ("spot_avg",),
    "reserved-1-year": ("reserved", "yrTerm1Standard.noUpfront"),
    "reserved-3-year": ("reserved", "yrTerm3Standard.noUpfront"),
}
# Words that the list puts around an accelerator's name and NVIDIA's driver does not.
ADORNMENT = frozenset({"NVIDIA", "Tesla", "Tensor", "Core", "GPU"})


def is_vantage(text: str) -> bool:
    """A JSON list whose objects name an `instance_type`."""
    return text.lstrip().startswith("[") and '"instance_type"' in text


def vantage(path: Path, text: str, wanted: Wanted) -> PriceList:
    """The instances of one region, under one price model."""
    items = [item for item in _json(path, text) if isinstance(item, dict)]
    regions = sorted({region for item in items for region in _dict(item.get("pricing"))})
    keys = MODELS[model_of(path, MODELS, wanted)]
    region = region_of(path, regions, wanted)
    base = shared_by_all(path, "aws", "ec2instances.info format", region, wanted)
    named = ((item.get("instance_type"), item) for item in items)
    return collected(path, named, _Priced(base, keys))


@dataclass(frozen=True)
class _Priced:
    """One object as a `Price`, or `Skip`."""

    base: Price
    keys: tuple[str, ...]

    def __call__(self, name: str, item: Row) -> Price:
        arch = ARM if "arm64" in (item.get("arch") or ()) else X86
        words = clean(str(item.get("GPU_model") or "")).split()
        kind = " ".join(word for word in words if word not in ADORNMENT)
        accelerators, model = accelerator(item.get("GPU"), kind)
        return replace(
            self.base,
            instance=name,
            vcpus=whole("vCPU", item.get("vCPU")),
            usd_per_hour=self._dollars(item),
            vcpus_per_core=vcpus_per_core("aws", name, arch),
            memory_gib=above_zero(item.get("memory")),
            arch=arch,
            accelerator=model,
            accelerators=accelerators,
        )

    def _dollars(self, item: Row) -> float:
        found: object = _dict(item.get("pricing")).get(self.base.region)
        if found is None:
            raise Skip(f"not offered in {self.base.region}")
        for key in (self.base.os, *self.keys):
            found = _dict(found).get(key)
        if found is None:
            raise Skip(f"no {self.base.price_model} price for {self.base.os}")
        return dollars(found)


def _json(path: Path, text: str) -> list[Any]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        fail(str(path), "is not JSON", "give ec2instances.info's instances.json")
    return items if isinstance(items, list) else []


def _dict(value: object) -> Row:
    return value if isinstance(value, dict) else {}
