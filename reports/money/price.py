"""A dated price of a cloud instance, a list of them, and what was left out of the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isthmus.errors import UsageError
from isthmus.reports.files.checks import clean

from .cores import X86

__all__ = ["ON_DEMAND", "Price", "PriceList", "Wanted"]

ON_DEMAND = "on-demand"


@dataclass(frozen=True)
class Price:
    """One instance's price: usd_per_hour > 0, in `region`, under `price_model`, on `date`.

    `accelerators` whole ones of the kind `accelerator`; `vcpus_per_core` 1 or 2 (see cores.py);
    `peak_gflop_per_core` its f32 matrix product, None where nobody measured it.

    >>> from isthmus import reports
    >>> price = next(p for p in reports.read_prices() if p.instance == "c5.xlarge")
    >>> price.vcpus, price.cores
    (4, 2)
    """

    provider: str
    instance: str
    vcpus: int
    region: str
    os: str
    price_model: str
    usd_per_hour: float
    date: str
    source: str
    vcpus_per_core: int
    memory_gib: float | None = None
    arch: str = X86
    accelerator: str = ""
    accelerators: int = 0
    peak_gflop_per_core: float | None = None

    @property
    def cores(self) -> int:
        """Physical cores; at least 1."""
        return max(1, self.vcpus // self.vcpus_per_core)


@dataclass(frozen=True)
class Wanted:
    """Which prices to take from a list that has several, and the list's date if it tells none."""

    region: str | None = None
    price_model: str | None = None
    os: str = "linux"
    date: str | None = None


@dataclass(frozen=True)
class PriceList:
    """Prices of a file, and by instance why a row gave none."""

    path: str
    prices: tuple[Price, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    def notes(self) -> tuple[str, ...]:
        """What was left out, counted by reason."""
        if not self.skipped:
            return ()
        reasons = Counter(self.skipped.values()).most_common()
        counted = ", ".join(f"{reason} ({count})" for reason, count in reasons)
        every = len(self.skipped) + len({price.instance for price in self.prices})
        return (f"{self.path}: {len(self.skipped)} of {every} instances left out: {counted}.",)

    def choose(self, instances: Sequence[str]) -> PriceList:
        """The named instances, in that order; `UsageError` where one has no price."""
        known = {price.instance for price in self.prices}
        for name in instances:
            if name not in known:
                raise UsageError(f"instance {clean(name)}: {self._why(name, sorted(known))}")
        chosen = [price for name in instances for price in self.prices if price.instance == name]
        return PriceList(self.path, tuple(chosen))

    def _why(self, name: str, known: Sequence[str]) -> str:
        reason = self.skipped.get(name)
        return f"no price{f' ({reason})' if reason else ''}; name one of {_some(known)}"


def _some(names: Sequence[str], most: int = 5) -> str:
    return f"the list ({', '.join(names[:most])}{', ...' if len(names) > most else ''})"
