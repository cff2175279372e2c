"""Counters of Linux below a root folder, read as they are; None for what is not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

__all__ = [
    "TICK_SECONDS",
    "busy_and_stolen_seconds",
    "clocks_mhz",
    "quota_files",
    "thermal_files",
    "times_throttled",
    "total",
]

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
# Columns of a processor's line in /proc/stat (proc(5)): user, nice, system, irq, softirq; steal.
BUSY, STEAL = (0, 1, 2, 5, 6), 7
THERMAL_NAMES = ("core_throttle_count", "package_throttle_count")


def busy_and_stolen_seconds(root: Path, processors: Sequence[int]) -> tuple[float, float] | None:
    """Seconds that anything ran on the processors, and that the hypervisor kept from them."""
    try:
        lines = (root / "proc/stat").read_text().splitlines()
    except OSError:
        return None
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("cpu")}
    mine = [[int(ticks) for ticks in rows.get(f"cpu{number}", ())] for number in processors]
    if not mine or any(len(ticks) <= STEAL for ticks in mine):
        return None
    busy = sum(ticks[column] for ticks in mine for column in BUSY)
    return busy * TICK_SECONDS, sum(ticks[STEAL] for ticks in mine) * TICK_SECONDS


def total(paths: Iterable[Path]) -> int | None:
    """The sum of files that hold a number each; None without any."""
    known = [value for value in map(number, paths) if value is not None]
    return sum(known) if known else None


def number(path: Path) -> int | None:
    """The whole number in a file."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def thermal_files(root: Path, processors: Sequence[int]) -> list[Path]:
    """How often each processor lowered its clock because it, or its package, was hot."""
    folders = [cpu / "thermal_throttle" for cpu in _folders(root, processors)]
    return [folder / name for folder in folders for name in THERMAL_NAMES]


def times_throttled(paths: Iterable[Path]) -> int | None:
    """`nr_throttled` of the control groups' cpu.stat; None where none has it."""
    known = [value for value in map(_nr_throttled, paths) if value is not None]
    return sum(known) if known else None


def quota_files(root: Path) -> list[Path]:
    """cpu.stat of this process's control group and of those around it, versions 1 and 2."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    return [file for line in lines for file in _quota_files(root / "sys/fs/cgroup", line)]


def clocks_mhz(root: Path, processors: Sequence[int]) -> list[float]:
    """The clock of each processor now; empty where nobody measures it.

    /proc/cpuinfo has a measured clock only where the processor counts its cycles for the kernel
    (flag aperfmperf); else it repeats a constant, as in most virtual machines.
    """
    files = [folder / "cpufreq/scaling_cur_freq" for folder in _folders(root, processors)]
    governed = [khz / 1e3 for khz in map(number, files) if khz is not None]
    return governed or _counted_mhz(root, processors)


def _folders(root: Path, processors: Sequence[int]) -> list[Path]:
    return [root / f"sys/devices/system/cpu/cpu{number}" for number in processors]


def _quota_files(mounted: Path, line: str) -> Iterator[Path]:
    """Of one line `number:controllers:path`; inside a container the path may not exist."""
    _, controllers, path = line.split(":", 2)
    if controllers and "cpu" not in controllers.split(","):
        return
    inside = mounted / controllers
    top = inside if inside.is_dir() else mounted / "cpu"  # version 2 names no controllers
    inner = top / path.lstrip("/")
    yield from (
        folder / "cpu.stat" for folder in (inner, *inner.parents) if folder.is_relative_to(top)
    )


def _nr_throttled(path: Path) -> int | None:
    try:
        facts = dict(line.split() for line in path.read_text().splitlines())
        return int(facts["nr_throttled"])
    except (OSError, ValueError, KeyError):
        return None


def _counted_mhz(root: Path, processors: Sequence[int]) -> list[float]:
    try:
        entries = (root / "proc/cpuinfo").read_text(errors="replace").split("\n\n")
    except OSError:
        return []
    pairs = [[line.partition(":") for line in entry.splitlines()] for entry in entries]
    facts = [{name.strip(): value.strip() for name, _, value in some} for some in pairs]
    mine = [one for one in facts if one.get("processor") in set(map(str, processors))]
    return [float(one["cpu MHz"]) for one in mine if _counts_cycles(one)]


def _counts_cycles(facts: dict[str, str]) -> bool:
    return "cpu MHz" in facts and "aperfmperf" in facts.get("flags", "").split()
