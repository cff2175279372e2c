"""Sockets, cores, caches and clocks of the processors, as Linux shows them in /sys; else None.

Source: Documentation/ABI/stable/sysfs-devices-system-cpu of the kernel.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "boost",
    "cache_bytes",
    "caches",
    "clock_source",
    "cores",
    "governor",
    "highest_clock_mhz",
    "last_cache_bytes",
    "listed",
    "multithreading",
    "numa_nodes",
    "online",
    "read",
    "sockets",
    "usable",
]

SYSTEM = Path("/sys/devices/system")
KINDS = {"Data": "d", "Instruction": "i", "Unified": ""}
UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


def read(path: Path) -> str | None:
    """The text of a file of one value; None where it cannot be read or says nothing."""
    try:
        return path.read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def listed(text: str) -> list[int]:
    """`0-2,8` as 0, 1, 2, 8."""
    ends = (part.partition("-") for part in text.split(",") if part)
    return [at for low, _, high in ends for at in range(int(low), int(high or low) + 1)]


def online(root: Path = SYSTEM) -> list[int]:
    """The processors (hardware threads) that the system runs."""
    return listed(read(root / "cpu/online") or "")


def usable() -> list[int]:
    """Those that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return online()


def cores(processors: Iterable[int], root: Path = SYSTEM) -> int | None:
    """How many cores these processors are: two hardware threads of one core count once."""
    return _different(processors, "thread_siblings_list", root)


def sockets(root: Path = SYSTEM) -> int | None:
    """Packages of the processors that the system runs."""
    return _different(online(root), "physical_package_id", root)


def _different(processors: Iterable[int], name: str, root: Path) -> int | None:
    found = {read(root / f"cpu/cpu{at}/topology/{name}") for at in processors}
    return None if None in found else len(found) or None


def numa_nodes(root: Path = SYSTEM) -> int | None:
    """Groups of processors with memory of their own."""
    return len(listed(read(root / "node/online") or "")) or None


def multithreading(root: Path = SYSTEM) -> bool | None:
    """True where cores run two hardware threads or more (SMT)."""
    return _switch(root / "cpu/smt/active")


def caches(root: Path = SYSTEM) -> dict[str, int]:
    """Bytes of each cache that the first processor sees: `L1d`, `L1i`, `L2`, `L3`."""
    found = {}
    for folder in sorted((root / "cpu/cpu0/cache").glob("index*")):
        level, kind, size = (read(folder / name) for name in ("level", "type", "size"))
        if level and kind in KINDS and size:
            found[f"L{level}{KINDS[kind]}"] = _bytes(size)
    return found


def cache_bytes(name: str, processors: Iterable[int], root: Path = SYSTEM) -> int | None:
    """Bytes of all caches of a level, as `L2`, that these processors use; None where not told."""
    found: dict[str, int] = {}
    for at in processors:
        for folder in (root / f"cpu/cpu{at}/cache").glob("index*"):
            facts = [read(folder / fact) for fact in ("level", "type", "size", "shared_cpu_list")]
            level, kind, size, shared = facts
            if level and kind in KINDS and size and f"L{level}{KINDS[kind]}" == name:
                found[shared or str(at)] = _bytes(size)
    return sum(found.values()) or None


def last_cache_bytes(root: Path = SYSTEM) -> int | None:
    """The largest cache; None where the system does not tell."""
    return max(caches(root).values(), default=None)


def _bytes(size: str) -> int:
    unit = UNITS.get(size[-1], 1)
    return int(size.rstrip("KMG")) * unit


def governor(root: Path = SYSTEM) -> str | None:
    """Who sets the clock: `performance`, `schedutil`, ...; None in most virtual machines."""
    return read(root / "cpu/cpu0/cpufreq/scaling_governor")


def boost(root: Path = SYSTEM) -> bool | None:
    """True where the clock may rise above its nominal rate (turbo)."""
    off = _switch(root / "cpu/intel_pstate/no_turbo")
    return _switch(root / "cpu/cpufreq/boost") if off is None else not off


def highest_clock_mhz(root: Path = SYSTEM) -> float | None:
    """Of the first processor, boost included."""
    text = read(root / "cpu/cpu0/cpufreq/cpuinfo_max_freq")  # kHz
    return int(text) / 1000 if text else None


def clock_source(root: Path = SYSTEM) -> str | None:
    """What the kernel tells the time by: `tsc` and `kvm-clock` are fine, `hpet` is slow to ask."""
    return read(root / "clocksource/clocksource0/current_clocksource")


def _switch(path: Path) -> bool | None:
    return {"1": True, "0": False}.get(read(path) or "")
