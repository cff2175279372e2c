"""How many threads this process may keep busy: its affinity and the container's CPU quota."""

from __future__ import annotations

import math
import os

from . import cgroup

__all__ = ["UNLIMITED", "affinity", "available_threads", "quota"]

UNLIMITED = 1 << 30


def available_threads() -> int:
    """min(processors in the affinity mask, CPU quota rounded up), at least 1."""
    return max(1, min(affinity(), quota()))


def affinity() -> int:
    """The processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota() -> int:
    """The least quota of this process's control groups, rounded up to whole processors.

    Of one and a half it keeps two threads busy, which the system stops a quarter of the time.
    """
    found = cgroup.processors()
    return UNLIMITED if found is None or math.isinf(found) else math.ceil(found)
