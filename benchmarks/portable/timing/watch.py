"""What disturbs a measurement, seen from inside: stolen time, other processes, throttling.

A window of calls lies between two looks at the system. What a system does not tell is None, and
nothing is discarded for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from . import counters

__all__ = ["WINDOW_SECONDS", "Look", "Signals", "Watch", "means"]

Signals = dict[str, float | None]

WINDOW_SECONDS = 0.25


class Limit(NamedTuple):
    """A window is bad above `most` and what reading adds: /proc/stat tells whole ticks, so that the
    difference of one column can be a tick too long, and busy time moves two columns; a process
    that is interrupted between reading two clocks sees them a tick apart."""

    signal: str
    most: float
    ticks: int
    reason: str


OTHERS = "others"
LIMITS = (
    Limit("steal", 0.02, 1, "share of the processors' time that the hypervisor gave to others"),
    Limit(OTHERS, 0.10, 2, "share in which other processes ran; an idle system's take 1 to 5 %"),
    Limit("throttled", 0, 0, "times the container's quota was used up and all threads stopped"),
    Limit("thermal", 0, 0, "times the processor lowered its clock because it was hot"),
    Limit("clock", 0.01, 1, "share by which clocks differ: the machine slept. NTP slews 0.05 %"),
)


@dataclass(frozen=True)
class Look:
    """Counters at one moment; differences of two are what happened between them."""

    seconds: float
    own_seconds: float  # processor time of all threads of this process
    civil_seconds: float
    awake_or_not_seconds: float | None  # since the start of the system, sleep included
    busy_seconds: float | None
    stolen_seconds: float | None
    throttled: int | None
    thermal: int | None


class Watch:
    """Looks at the processors a process is bound to; `root` is where /proc and /sys are.

    elsewhere: another process computes what is measured, so that `others` is no disturbance.
    """

    def __init__(
        self, processors: Sequence[int], root: Path = Path("/"), *, elsewhere: bool = False
    ) -> None:
        self.processors = list(processors)
        self.elsewhere = elsewhere
        self.root = root
        self._quotas = counters.quota_files(root)
        self._thermal = counters.thermal_files(root, processors)

    def look(self) -> Look:
        """The counters now."""
        busy, stolen = counters.busy_and_stolen_seconds(self.root, self.processors) or (None, None)
        return Look(
            seconds=time.perf_counter(),
            own_seconds=time.process_time(),
            civil_seconds=time.time(),
            awake_or_not_seconds=_boot_clock(),
            busy_seconds=busy,
            stolen_seconds=stolen,
            throttled=counters.times_throttled(self._quotas),
            thermal=counters.total(self._thermal),
        )

    def between(self, before: Look, after: Look) -> Signals:
        """Every signal of `LIMITS`; None for one the system does not tell."""
        capacity = (after.seconds - before.seconds) * len(self.processors)
        own = after.own_seconds - before.own_seconds
        busy = _difference(before.busy_seconds, after.busy_seconds)
        stolen = _difference(before.stolen_seconds, after.stolen_seconds)
        return {
            "steal": None if stolen is None else stolen / capacity,
            "others": None if busy is None else max(0.0, busy - own) / capacity,
            "throttled": _difference(before.throttled, after.throttled),
            "thermal": _difference(before.thermal, after.thermal),
            "clock": _drift(before, after),
        }

    def fault(self, signals: Signals, wall_seconds: float) -> str | None:
        """The first signal beyond its limit in a window of that length; None for a good window."""
        tick = counters.TICK_SECONDS / (wall_seconds * max(1, len(self.processors)))
        for limit in LIMITS:
            value = signals[limit.signal]
            if limit.signal == OTHERS and self.elsewhere:
                continue
            if value is not None and value > limit.most + limit.ticks * tick:
                return limit.signal
        return None

    def clock_mhz(self) -> float | None:
        """The mean clock of the processors now; None where nobody measures it."""
        known = counters.clocks_mhz(self.root, self.processors)
        return sum(known) / len(known) if known else None


def means(windows: Sequence[Signals]) -> Signals:
    """The mean of each signal over windows; None for one that was never told."""
    return {limit.signal: mean(one[limit.signal] for one in windows) for limit in LIMITS}


def mean(values: Any) -> float | None:
    """The mean of those that are not None; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _drift(before: Look, after: Look) -> float:
    """The most by which another clock's seconds differ from ours, as a share of ours."""
    ours = after.seconds - before.seconds
    civil = after.civil_seconds - before.civil_seconds
    boot = _difference(before.awake_or_not_seconds, after.awake_or_not_seconds)
    return max(abs(theirs - ours) / ours for theirs in (civil, boot) if theirs is not None)


def _boot_clock() -> float | None:
    """The only clock of Linux that goes on while the machine sleeps."""
    clock: Callable[[int], float] | None = getattr(time, "clock_gettime", None)
    which: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return clock(which) if clock and which is not None else None
