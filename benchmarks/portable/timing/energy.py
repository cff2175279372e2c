"""Energy of the processor packages, from the counters the kernel shows (RAPL).

They count the whole package: what other processes do meanwhile is in it, memory and boards are
not. Most systems let only root read them, and virtual machines have none: then it is None, "not
measured". (Linux, Documentation/power/powercap/powercap.rst.)
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["joules", "read"]

POWERCAP = Path("/sys/class/powercap")


class Counter(NamedTuple):
    """Microjoules of one package since it last wrapped around, which it does at `range`."""

    microjoules: int
    range: int


Reading = dict[str, Counter]


def read(root: Path = POWERCAP) -> Reading | None:
    """The counter of every package; None where there is none or one cannot be read."""
    try:
        packages = [zone for zone in sorted(root.glob("intel-rapl:*")) if _is_package(zone)]
        return {zone.name: _counter(zone) for zone in packages} or None
    except (OSError, ValueError):
        return None


def joules(before: Reading | None, after: Reading | None) -> float | None:
    """The energy between two readings, with one wrap-around of each counter allowed for."""
    if before is None or after is None or before.keys() != after.keys():
        return None
    return sum(_spent(before[name], after[name]) for name in before) / 1e6


def _is_package(zone: Path) -> bool:
    """Cores and memory controllers are zones too, inside a package; "psys" is the whole board."""
    return (zone / "name").read_text().startswith("package")


def _counter(zone: Path) -> Counter:
    names = ("energy_uj", "max_energy_range_uj")
    return Counter(*(int((zone / name).read_text()) for name in names))


def _spent(before: Counter, after: Counter) -> int:
    wrapped = after.microjoules < before.microjoules
    return after.microjoules - before.microjoules + wrapped * after.range
