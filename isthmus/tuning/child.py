"""One candidate in a process of its own: opened, its answers written, then timed when it is told.

Or one program that is brought into integers there (`programs`).

What it says are lines: a JSON document, then "turn", with which it waits until it may run (see
`benchmarks/portable/timing/turns.py`). Whatever ends this process ends one candidate, not the race.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread
from time import perf_counter
from typing import Any, NoReturn

import numpy

from isthmus.benchmarks.portable.timing import timing
from isthmus.benchmarks.portable.timing.inputs import read_sets, write_outputs
from isthmus.benchmarks.portable.timing.main import one_line, own_stdout
from isthmus.benchmarks.portable.timing.peak_memory import peak_memory_bytes
from isthmus.benchmarks.portable.timing.turns import Turns, end_with_parent
from isthmus.benchmarks.portable.timing.watch import Watch
from isthmus.errors import BackendMissing
from isthmus.graph import tree
from isthmus.program import archive
from isthmus.program.call_arguments import CallArguments
from isthmus.program.executable import Executable
from isthmus.trace.tracing import Traced

from .opening import Given, opened, settled
from .setting import read_setting
from .turn_length import COLD_SECONDS, turn_seconds

__all__ = ["Arrays", "arguments_of", "main", "outputs_of"]

Arrays = Mapping[str, numpy.ndarray[Any, Any]]
Say = Callable[[str], None]

FIRST_CALLS = 2  # before it is known whether it is worth while to answer the samples
STEADY_CALLS, STEADY_SECONDS = 3, 0.05  # at least, until a call's time is told


def main(job: Mapping[str, Any]) -> NoReturn:
    """Do the job; a failure is a line as well."""
    say = own_stdout()
    code = 0
    try:
        end_with_parent()
        if os.getppid() != job["parent"]:  # which had ended before that
            raise EOFError
        _be_the_first_to_go()
        (_settle if "writes" in job else _serve)(job, say)
    except (KeyboardInterrupt, EOFError):
        code = 130
    except BaseException as problem:
        said = {"failed": one_line(problem), "missing": isinstance(problem, BackendMissing)}
        with suppress(BrokenPipeError):
            say(json.dumps(said))
        code = 2
    os._exit(code)  # some runtimes crash while they are torn down


def _settle(job: Mapping[str, Any], say: Say) -> None:
    """Write the program with the integers of a setting, and wait for the end."""
    traced = archive.read(job["program"])
    samples = [arguments_of(traced, one) for one in read_sets(Path(job["samples"]))]
    made = settled(traced, read_setting(job["setting"]), samples, Given(**job["given"]))
    archive.save(made, job["writes"])
    Turns(say, sys.stdin)()


def _serve(job: Mapping[str, Any], say: Say) -> NoReturn:
    began = perf_counter()
    setting = read_setting(job["setting"])
    program = opened(archive.read(job["program"]), setting, Given(**job["given"]))
    opened_seconds = perf_counter() - began
    sets = read_sets(Path(job["samples"]))
    chosen = [sets[place] for place in job["chosen"]]
    turns = Turns(say, sys.stdin)

    def tell(call_seconds: float) -> None:
        about = {"opened_seconds": opened_seconds, "call_seconds": call_seconds}
        say(json.dumps({**about, "memory_bytes": peak_memory_bytes()}))
        turns()

    tell(min(_seconds(program, chosen[0]) for _ in range(FIRST_CALLS)))
    outputs = [outputs_of(program, one) for one in chosen]
    if job["outputs"]:
        write_outputs(Path(job["outputs"]), outputs)
    del outputs, sets
    callers = Callers(program, chosen, setting.streams)
    with timing.quiet_collector():
        tell(callers.call_seconds)
        say(json.dumps({**callers.window(), "memory_bytes": peak_memory_bytes()}))
        while True:
            turns()
            say(json.dumps({**callers.window(), "memory_bytes": peak_memory_bytes()}))


def _seconds(program: Executable, arrays: Arrays) -> float:
    began = perf_counter()
    outputs_of(program, arrays)
    return perf_counter() - began


def outputs_of(program: Executable, arrays: Arrays) -> list[Any]:
    """The results of a call as a list, of arrays by the names of the inputs."""
    positional, keyword = _nested(program.traced, arrays)
    return [leaf for _, leaf in tree.leaves(program(*positional, **keyword))]


def arguments_of(traced: Traced, arrays: Arrays) -> Any:
    """A sample as `isthmus.compile` takes it: a dict by name, or a tuple by position."""
    positional, keyword = _nested(traced, arrays)
    if positional and keyword:
        names = CallArguments(*traced.arguments, traced.graph.inputs).names
        return dict(zip(names, (*positional, *keyword.values()), strict=True))
    return keyword or tuple(positional)


def _nested(traced: Traced, arrays: Arrays) -> tuple[Any, dict[str, Any]]:
    positional, keyword = tree.map_leaves(lambda name: arrays[name], traced.arguments)
    return positional, keyword


class Callers:
    """Threads that call one program side by side, as many as it has streams."""

    def __init__(self, program: Executable, sets: list[dict[str, Any]], streams: int) -> None:
        self._cycle = timing.cycle_length(sets)
        turned = [sets[at % len(sets) :] + sets[: at % len(sets)] for at in range(streams)]
        self.samplers = [timing.Sampler(lambda one: outputs_of(program, one), s) for s in turned]
        self.call_seconds = self._first()
        self.grouped = timing.calls_per_sample(self.call_seconds, timing.resolution(), self._cycle)
        self.turn_seconds = turn_seconds(self.call_seconds)
        processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
        self.watch = Watch(sorted(processors))

    def _first(self) -> float:
        """The least seconds of a call, in the mean of a cycle where samples differ in size."""
        until, found = perf_counter() + STEADY_SECONDS, list[float]()
        while len(found) * self._cycle < STEADY_CALLS or perf_counter() < until:
            found.append(self.samplers[0](self._cycle))
        return min(found)

    def window(self) -> dict[str, Any]:
        """A turn: the median seconds of a call, calls a second of all, and what disturbed it."""
        if self.call_seconds * self.grouped < COLD_SECONDS:
            self._side_by_side(0.0)  # others have left the caches full of theirs
        rates: list[float] = []

        def run() -> list[float]:
            done = self._side_by_side(self.turn_seconds)
            rates.append(sum(len(s) * self.grouped / seconds for s, seconds in done))
            return [sample for samples, _ in done for sample in samples]

        window = timing.watched(run, self.watch)
        return {
            "seconds": float(numpy.median(window.samples)),
            "per_second": rates[0],
            "fault": window.fault,
        }

    def _side_by_side(self, seconds: float) -> list[tuple[list[float], float]]:
        """Of each caller its samples and the seconds that they took."""
        if len(self.samplers) == 1:
            return [self._samples(self.samplers[0], seconds)]
        done: list[Any] = [None] * len(self.samplers)
        ready = Barrier(len(done))

        def work(place: int) -> None:
            ready.wait()
            try:
                done[place] = self._samples(self.samplers[place], seconds)
            except BaseException as problem:
                done[place] = problem

        threads = [Thread(target=work, args=(place,)) for place in range(len(done))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in done:
            if isinstance(one, BaseException):
                raise one
        return done

    def _samples(self, sampler: timing.Sampler, seconds: float) -> tuple[list[float], float]:
        began = perf_counter()
        samples = [sampler(self.grouped)]
        while perf_counter() - began < seconds:
            samples.append(sampler(self.grouped))
        return samples, perf_counter() - began


def _be_the_first_to_go() -> None:
    """Where memory ends, Linux ends this process rather than the one that tunes."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
