"""A suite of pytest-benchmark that takes turns: its timer, and a plugin that begins its benchmarks.

    python -m pytest -p PACKAGE.pytest_turns --benchmark-timer=PACKAGE.pytest_turns.clock ...

Two processes run the same benchmarks in the same order, in turns of a tenth of a second. The timer
is where pytest-benchmark can wait: between two samples. What was waited is no part of a reading,
and every benchmark's `extra_info` tells which of its samples were taken in which cycle of turns,
and which of these something else on the machine has disturbed.

A harness names two pipes in an environment variable; standard input and output are pytest's. Each
question and each answer is a line of JSON:

    {"have": [names]}  -> {"run": [names]}   the benchmarks that are there; those to run, in order
    {"place": number}  -> {"cycle": number}  a turn for the benchmark at this place
"""

from __future__ import annotations

import json
import math
import os
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any

from .turns import end_with_parent
from .watch import Look, Watch

__all__ = ["TURNS", "VARIABLE"]

VARIABLE = "ISTHMUS_TURNS"
TURNS = "isthmus_turns"  # in extra_info: what `Turns.of` gives
# Settings of a suite under which nothing is measured, or judged by another rule, and what undoes
# them: pytest-benchmark is off in the processes of pytest-xdist.
UNDONE = {"xdist": "-n0", "isthmus-gate": "--isthmus-gate="}

Answer = dict[str, Any]


class Channel:
    """Questions to the harness; EOFError where it has gone."""

    def __init__(self, hear: int, say: int) -> None:
        for pipe in (hear, say):
            os.set_inheritable(pipe, False)  # else the suite's own processes keep them open
        self._hear = os.fdopen(hear, encoding="utf-8")
        self._say = os.fdopen(say, "w", encoding="utf-8")

    def ask(self, question: Mapping[str, Any]) -> Answer:
        print(json.dumps(question), file=self._say, flush=True)
        line = self._hear.readline()
        if not line:
            raise EOFError("the harness has ended")
        answer: Answer = json.loads(line)
        return answer


class Turns:
    """The clock of this process; its readings, and the cycles they lie in, are of one benchmark."""

    def __init__(self, channel: Channel, turn_seconds: float, watch: Watch) -> None:
        self.waited = 0.0
        self.until = math.inf
        self.readings: list[float] = []
        self.places: dict[str, int] = {}
        self._cycles: list[tuple[int, int]] = []  # the first reading of a turn, its cycle
        self._disturbed: list[int] = []
        self._place = 0
        self._began: Look | None = None
        self._channel, self._turn_seconds, self._watch = channel, turn_seconds, watch

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Those that the harness wants, in its order."""
        run: list[str] = self._channel.ask({"have": list(names)})["run"]
        self.places = {name: at for at, name in enumerate(run)}
        return run

    def begin(self, name: str) -> None:
        """Wait until the other side is here, too."""
        self._end()
        self.readings, self._cycles, self._disturbed = [], [], []
        self._place = self.places[name]
        self.wait(perf_counter())

    def wait(self, since: float) -> None:
        """Ask for a turn; returns when it is given. since: the time of the last reading."""
        self._end()
        cycle = self._channel.ask({"place": self._place})["cycle"]
        self._cycles.append((len(self.readings), cycle))
        self._began = self._watch.look()
        now = perf_counter()
        self.waited += now - since
        self.until = now + self._turn_seconds

    def of(self, samples: Sequence[float], calls: int) -> dict[str, Any]:
        """cycles: that of each turn, and how many of the samples were taken in it; disturbed: some
        of these cycles.

        samples: seconds a call of so many, which are the last pairs of readings; no cycles where
        they are not, because the suite has a timer of its own.
        """
        self._end()
        ends = range(len(self.readings) - 2 * len(samples) + 1, len(self.readings), 2)
        told = ends.start > 0 and self._are(samples, ends, calls)
        return {"cycles": self._counted(ends) if told else [], "disturbed": self._disturbed}

    def _end(self) -> None:
        """See what happened in the turn that ends."""
        if self._began is not None:
            now = self._watch.look()
            signals = self._watch.between(self._began, now)
            if self._watch.fault(signals, now.seconds - self._began.seconds):
                self._disturbed.append(self._cycles[-1][1])
            self._began = None

    def _counted(self, ends: range) -> list[tuple[int, int]]:
        edges = [*(bisect_left(ends, first) for first, _ in self._cycles), len(ends)]
        turns = zip(self._cycles, pairwise(edges), strict=True)
        return [(cycle, end - begin) for (_, cycle), (begin, end) in turns if end > begin]

    def _are(self, samples: Sequence[float], ends: range, calls: int) -> bool:
        read = [(self.readings[end] - self.readings[end - 1]) / calls for end in ends]
        return read == list(samples)


def clock() -> float:
    """Seconds in which this process had its turn; the next one is waited for after the reading."""
    now = perf_counter()
    if turns is None:
        return now
    reading = now - turns.waited
    turns.readings.append(reading)
    if now >= turns.until:
        turns.wait(now)
    return reading


def pytest_load_initial_conftests(early_config: Any, args: list[str]) -> None:
    has = early_config.pluginmanager.hasplugin
    args.extend(option for plugin, option in UNDONE.items() if has(plugin))


def pytest_collection_finish(session: Any) -> None:
    """Run what the harness asks for, and no test that measures nothing."""
    if turns is not None:
        found = {item.nodeid: item for item in session.items if _measures(item)}
        session.items[:] = [found[name] for name in turns.chosen(list(found))]


def pytest_runtest_logstart(nodeid: str) -> None:
    if turns is not None:
        turns.begin(nodeid)


def pytest_runtest_teardown(item: Any) -> None:
    """Tell the turns, while the fixture is still there."""
    if turns is None:
        return
    measured = getattr(item.funcargs.get("benchmark"), "stats", None)
    if measured is not None:  # else it was skipped, or has failed
        measured.extra_info[TURNS] = turns.of(measured.stats.data, measured.iterations)


def _measures(item: Any) -> bool:
    return "benchmark" in getattr(item, "fixturenames", ())


def _of_environment() -> Turns | None:
    """As the harness says; None without one. Processes of the suite's own have none."""
    said = os.environ.pop(VARIABLE, None)
    if said is None:
        return None
    job = json.loads(said)
    end_with_parent()
    watch = Watch(bind(job["threads"]))
    return Turns(Channel(job["hear"], job["say"]), job["turn_seconds"], watch)


def bind(threads: int) -> list[int]:
    """Keep this process on the first so many processors it may use; where that can be done."""
    if not hasattr(os, "sched_setaffinity"):
        return []
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    return sorted(os.sched_getaffinity(0))


turns = _of_environment()
