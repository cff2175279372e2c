"""How many threads this process may keep busy: its affinity and the container's CPU quota."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 30


def available_threads() -> int:
    """min(processors in the affinity mask, CPU quota rounded up), at least 1."""
    return max(1, min(affinity(), quota(CGROUP)))


def affinity() -> int:
    """The processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota(root: Path) -> int:
    """The quota of cgroup v2 (`cpu.max`) or v1 (`cpu.cfs_*`), in whole processors."""
    try:
        limit, period = (root / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        limit, period = _quota_v1(root / "cpu")
    if not limit.isdigit() or not period.isdigit() or int(period) == 0:
        return UNLIMITED
    return math.ceil(int(limit) / int(period))


def _quota_v1(folder: Path) -> tuple[str, str]:
    try:
        limit = (folder / "cpu.cfs_quota_us").read_text().strip()
        return limit, (folder / "cpu.cfs_period_us").read_text().strip()
    except OSError:
        return "max", "0"
