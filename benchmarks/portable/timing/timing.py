"""Calls timed honestly: a checked clock, a detected steady state, samples in watched windows."""

from __future__ import annotations

import gc
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle as endless
from itertools import islice, pairwise
from statistics import median
from time import perf_counter
from typing import Any

from . import energy
from .side_by_side import at_once_of, serve_side_by_side
from .watch import WINDOW_SECONDS, Signals, Watch, means

__all__ = [
    "TURN_SECONDS",
    "Call",
    "Clock",
    "Sampler",
    "Window",
    "account",
    "calls_per_sample",
    "cpu_per_wall",
    "cycle_length",
    "joules_per_call",
    "kept",
    "quiet_collector",
    "resolution",
    "warm_up",
    "watched",
    "windows",
]

Call = Callable[[Any], Any]
Clock = Callable[[], float]

RESOLUTIONS_A_SAMPLE = 1000  # a sample is known to 0.1 %
FEWEST_SAMPLES = 3
# The shorter a turn, the more alike the machine in two that follow each other; in 0.1 s the
# counters of the system still tell whether it was disturbed.
TURN_SECONDS = 0.1
SHORT_SECONDS = 0.02
MOST_TIMES_THE_SECONDS = 2  # that bad windows may extend a measurement
# Warm-up: three windows of 0.07 s are 0.2 s. One that does not settle ends after 3 s; long calls
# get up to 10 of them, or 10 s, to settle.
WARM_UP_WINDOW_SECONDS = 0.07
WARM_UP_SPREAD = 1.05
WARM_UP_SECONDS, WARM_UP_CALLS, LONGEST_WARM_UP_SECONDS = 3.0, 10, 10.0


def resolution(clock: Clock = perf_counter) -> float:
    """The least positive difference of two successive readings, in seconds."""
    steps: list[float] = []
    while not steps:
        readings = [clock() for _ in range(10_000)]
        steps = [later - earlier for earlier, later in pairwise(readings) if later > earlier]
    return min(steps)


class Sampler:
    """Calls a program with one set of inputs after the other, and counts the calls.

    delay: a share of every sample's time that is waited on top, a known slowdown; of several, the
    turns have one after the other. turn: returns when this process may run; others run until then
    (turns.py).
    """

    def __init__(
        self,
        call: Call,
        sets: Sequence[Any],
        delay: float | Sequence[float] = 0.0,
        clock: Clock = perf_counter,
        turn: Callable[[], None] | None = None,
    ) -> None:
        self.calls = 0
        self.last_seconds = 0.0
        self.clock = clock
        self.takes_turns = turn is not None
        self._call = call
        self._source = endless(sets)
        self._turn = turn or (lambda: None)
        self._delays = endless([delay] if isinstance(delay, int | float) else delay)
        self._delay = 0.0 if self.takes_turns else next(self._delays)

    def turn(self) -> None:
        """Wait until this process may run; the turn has the next delay."""
        self._turn()
        if self.takes_turns:
            self._delay = next(self._delays)

    @property
    def at_once(self) -> int:
        """How many calls may be made at once."""
        return at_once_of(self._call)

    def side_by_side(
        self, due: Sequence[float], most_seconds: float, sleep: Callable[[float], None]
    ) -> list[float]:
        """Latencies of calls that are made when they are due, see `serve_side_by_side`."""
        found = serve_side_by_side(
            *(self._call, self._source, due, self.at_once, most_seconds, self.clock, sleep)
        )
        self.calls += len(found)
        return found

    def __call__(self, calls: int = 1) -> float:
        """Seconds a call of so many, timed together."""
        call, clock, inputs = self._call, self.clock, list(islice(self._source, calls))
        started = clock()
        for arrays in inputs:
            call(arrays)
        elapsed = clock() - started
        if self._delay:
            elapsed = self._prolonged(started, elapsed)
        self.calls += calls
        self.last_seconds = elapsed
        return elapsed / calls

    def _prolonged(self, started: float, elapsed: float) -> float:
        until = elapsed * (1 + self._delay)
        while elapsed < until:
            elapsed = self.clock() - started
        return elapsed


@dataclass(frozen=True)
class WarmUp:
    """How many calls it took, whether they then took equally long, and the last ones' median."""

    calls: int
    seconds: float
    steady: bool
    call_seconds: float


def cycle_length(sets: Sequence[Any]) -> int:
    """1 where all calls are of the same sizes; otherwise as many as there are sets, because calls
    of different sizes are comparable only as a whole cycle of them."""
    sizes = {tuple((name, one[name].shape) for name in one) for one in sets}
    return 1 if len(sizes) == 1 else len(sets)


def warm_up(sample: Sampler, cycle: int = 1) -> WarmUp:
    """Call until the medians of the last three windows lie within 5 %, or give up."""
    began, before, medians = sample.clock(), sample.calls, list[float]()
    while True:
        medians.append(median(_window(sample, cycle, WARM_UP_WINDOW_SECONDS)))
        calls, seconds = sample.calls - before, sample.clock() - began
        steady = len(medians) >= 3 and max(medians[-3:]) <= WARM_UP_SPREAD * min(medians[-3:])
        if steady or _gives_up(calls, seconds):
            return WarmUp(calls, seconds, steady, medians[-1])


def _gives_up(calls: int, seconds: float) -> bool:
    enough = calls >= WARM_UP_CALLS or seconds >= LONGEST_WARM_UP_SECONDS
    return calls >= 2 and seconds >= WARM_UP_SECONDS and enough


def calls_per_sample(call_seconds: float, resolution_seconds: float, cycle: int = 1) -> int:
    """How many calls are timed together, so that a sample is 1000 times the clock's resolution,
    and whole cycles."""
    told = max(call_seconds, resolution_seconds)
    return cycle * max(1, math.ceil(RESOLUTIONS_A_SAMPLE * resolution_seconds / (told * cycle)))


def _window(sample: Sampler, calls: int, seconds: float) -> list[float]:
    """Samples for at least so long; at least one."""
    until = sample.clock() + seconds
    samples = [sample(calls)]
    while sample.clock() < until:
        samples.append(sample(calls))
    return samples


@contextmanager
def quiet_collector() -> Iterator[None]:
    """No garbage is collected inside; what exists before is not looked at again after."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


@dataclass(frozen=True)
class Window:
    """Seconds a call of each sample, the window's own length, and what disturbed it; the
    processor time of this process, and the energy of all, None where it cannot be read."""

    samples: list[float]
    wall_seconds: float
    signals: Signals
    fault: str | None
    cpu_seconds: float = 0.0
    joules: float | None = None


def windows(sample: Sampler, calls: int, seconds: float, watch: Watch) -> list[Window]:
    """Windows until so many seconds of them are good; at most twice as many seconds."""
    found: list[Window] = []
    length = window_seconds(seconds, TURN_SECONDS if sample.takes_turns else WINDOW_SECONDS)
    while True:
        sample.turn()
        if sample.takes_turns and sample.last_seconds < SHORT_SECONDS:
            sample(calls)  # others have left the caches full of theirs
        found.append(watched(lambda: _window(sample, calls, length), watch, sample.clock))
        good = [window for window in found if window.fault is None]
        if _long_enough(good, seconds) or _long_enough(found, MOST_TIMES_THE_SECONDS * seconds):
            return found


def window_seconds(seconds: float, least: float = WINDOW_SECONDS) -> float:
    """The length of the windows that a section is cut in: equal, `least` or a little more."""
    return seconds / max(1, math.floor(seconds / least))


def _long_enough(some: Sequence[Window], seconds: float) -> bool:
    samples = sum(len(window.samples) for window in some)
    return samples >= FEWEST_SAMPLES and sum(window.wall_seconds for window in some) >= seconds


def watched(run: Callable[[], list[float]], watch: Watch, clock: Clock = perf_counter) -> Window:
    """The samples of a run as one window."""
    joules, before, began = energy.read(), watch.look(), clock()
    samples = run()
    ended, after, spent = clock(), watch.look(), energy.joules(joules, energy.read())
    signals = watch.between(before, after)
    fault = watch.fault(signals, after.seconds - before.seconds)
    cpu_seconds = after.own_seconds - before.own_seconds
    return Window(samples, ended - began, signals, fault, cpu_seconds, spent)


def kept(some: Sequence[Window]) -> list[Window]:
    """The good windows; all of them if none is."""
    return [window for window in some if window.fault is None] or list(some)


def cpu_per_wall(some: Sequence[Window]) -> float:
    """How many processors this process kept busy in its windows."""
    return sum(one.cpu_seconds for one in some) / sum(one.wall_seconds for one in some)


def joules_per_call(some: Sequence[Window], grouped: int) -> float | None:
    """The machine's energy in the windows; None where any of it cannot be read."""
    known = [one.joules for one in some if one.joules is not None]
    calls = grouped * sum(len(one.samples) for one in some)
    return sum(known) / calls if calls and len(known) == len(some) else None


def account(some: Sequence[Window]) -> dict[str, Any]:
    """What became of the windows: how many were kept, how many discarded and why.

    `window_seconds` is their median length, that of a call where calls are longer.
    Where every window was bad (`all_bad`) all are kept, and `bad` tells what was wrong with them.
    `signals` are means over the kept ones. `turns`: the position of each kept window among all,
    and how many samples it has, so that windows of processes that took turns can be paired.
    """
    good = kept(some)
    bad = dict(Counter(window.fault for window in some if window.fault is not None))
    all_bad = all(window.fault is not None for window in some)
    return {
        "kept": len(good),
        "discarded": {} if all_bad else bad,
        "all_bad": all_bad,
        "bad": bad,
        "window_seconds": median(window.wall_seconds for window in good),
        "signals": means([window.signals for window in good]),
        "turns": [
            [at, len(one.samples)] for at, one in enumerate(some) if all_bad or one.fault is None
        ],
    }
