"""One process of one variant: open, warm up, time calls, print what was found as JSON.

The process is the unit of replication: what differs between two runs of the same code (memory
layout, thread placement) differs between processes, not within one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any, NoReturn

from . import precision, scenarios, timing
from .imports import counted
from .peak_memory import peak_memory_bytes
from .turns import Turns, end_with_parent
from .watch import Watch

__all__ = ["Missing", "bind", "exit_code", "imported", "one_line", "own_stdout"]

Record = dict[str, Any]

FAILED, MISSING, INTERRUPTED = 2, 5, 130
JUDGED_SECONDS = 30.0


class Missing(Exception):
    """This runtime cannot run this program: it is not installed, or lacks an operator."""

    exit_code = MISSING


def main(path: str) -> NoReturn:
    """Do the job in a file; the record is the last line of stdout, a failure that of stderr."""
    answer = own_stdout()
    try:
        end_with_parent()
        job = json.loads(Path(path).read_text(encoding="utf-8"))
        record = measure(job, Turns(answer, sys.stdin) if job.get("turns") else None)
        answer(json.dumps(record))
        code = 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BaseException as problem:
        code = exit_code(problem)
        print(f"\n{one_line(problem)}", file=sys.stderr)
    sys.stderr.flush()
    os._exit(code)  # some runtimes crash while they are torn down, after all is said


def measure(job: Mapping[str, Any], turns: Turns | None = None) -> Record:
    """The record of a job; the process is bound to its processors before a runtime is imported."""
    load_average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    processors = bind(job["threads"], job.get("processors"))
    watch = Watch(processors, elsewhere="endpoint" in job["options"])
    opened = _opened(job)
    from .inputs import read_sets  # it imports NumPy, whose time is the opener's

    sets = read_sets(Path(job["folder"]) / "inputs.npz")
    started = perf_counter()
    opened.call(sets[0])
    first_seconds = perf_counter() - started
    found = _timed(opened.call, sets, job, watch, turns)
    peak_bytes = peak_memory_bytes()  # before outputs are gathered, which no user does
    if job["outputs"]:
        _write_outputs(Path(job["outputs"]), opened.call, sets)
    computed = _computed(opened.call, job)
    return {
        "runtime": opened.runtime,
        **computed,
        **opened.times,
        "first_inference_seconds": first_seconds,
        **found,
        "os_threads": _os_threads(),
        "affinity": affinity(),
        "load_average": load_average,
        "peak_memory_bytes": peak_bytes,
    }


def _computed(call: timing.Call, job: Mapping[str, Any]) -> Record:
    """In which precision, as the runtime tells it, where outputs are asked for.

    One below float32, or any that must (`always`), leaves its outputs for the inputs that accuracy
    is judged by, too.
    """
    if not job["outputs"]:
        return {}
    computed, judged = precision.told(call), job.get("judged")
    if judged and (judged["always"] or computed["precision"] != precision.F32):
        from .inputs import read_sets

        every = read_sets(Path(judged["inputs"]))
        in_time = every if judged["always"] else _until(perf_counter() + JUDGED_SECONDS, every)
        _write_outputs(Path(judged["outputs"]), call, in_time)
    return computed


def _until(deadline: float, every: Iterable[Any]) -> Iterator[Any]:
    """The first, and others as long as there is time: bfloat16 by instructions of float32 may take
    a hundred times as long."""
    for number, one in enumerate(every):
        if number and perf_counter() > deadline:
            return
        yield one


def bind(threads: int, processors: Iterable[int] | None = None) -> list[int]:
    """Keep this process on the first so many processors it may use, or on those that are named;
    where that can be done."""
    if not hasattr(os, "sched_setaffinity"):  # then the thread settings have to do
        return []
    os.sched_setaffinity(0, processors or sorted(os.sched_getaffinity(0))[:threads])
    return sorted(os.sched_getaffinity(0))


def affinity() -> list[int] | None:
    """The processors that any thread of this process may use; None where the system has no such."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    try:
        return sorted(set().union(*(os.sched_getaffinity(number) for number in _threads())))
    except OSError:  # a thread has just ended
        return sorted(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Opened:
    """A program ready to run, the runtime's name, and the seconds of each step to it."""

    call: timing.Call
    runtime: str
    times: dict[str, float | None]


def _opened(job: Mapping[str, Any]) -> Opened:
    """Import, load and compile, timed apart: importing is counted wherever it happens."""
    folder, options, threads = Path(job["folder"]), job["options"], job["threads"]
    started = perf_counter()
    opener = imported(job["opener"])
    imported_at = perf_counter()
    with counted() as imports:
        loaded = opener.load(folder, options, threads)
        loaded_at, in_load = perf_counter(), sum(imports)
        call = opener.compile(loaded, options, threads)
        compiled_at, in_all = perf_counter(), sum(imports)
    load_seconds = loaded_at - imported_at - in_load
    times = {
        "import_seconds": imported_at - started + in_all,
        # None: the runtime reads and compiles in one step, and compile_seconds has both.
        "load_seconds": load_seconds if getattr(opener, "LOADS_APART", True) else None,
        "compile_seconds": compiled_at - loaded_at - (in_all - in_load),
    }
    return Opened(call, opener.runtime(), times)


def imported(name: str) -> ModuleType:
    """A module of `peers`, or by its full name that of the revision that is measured."""
    return import_module(name) if "." in name else import_module(f"..peers.{name}", __package__)


def _timed(
    call: timing.Call, sets: list[Any], job: Mapping[str, Any], watch: Watch, turns: Turns | None
) -> Record:
    """Warm up and time the scenario; the machine is watched meanwhile."""
    sample = timing.Sampler(call, sets, job["delay"], turn=turns)
    resolution = timing.resolution()
    with timing.quiet_collector():
        cycle = timing.cycle_length(sets)
        warm = timing.warm_up(sample, cycle)
        grouped = timing.calls_per_sample(warm.call_seconds, resolution, cycle)
        section = scenarios.Section(sample, grouped, warm.call_seconds, job["seconds"], watch)
        found = scenarios.run(section, job["scenario"])
    return {
        "warm_up": {"calls": warm.calls, "seconds": warm.seconds, "steady": warm.steady},
        "calls_per_sample": found.calls_per_sample,
        "seconds": found.seconds,
        "windows": timing.account(found.windows),
        **(_every_turn(found) if job.get("every_turn") else {}),
        "cpu_per_wall": timing.cpu_per_wall(found.windows),
        "clock_mhz": watch.clock_mhz(),
        "timer_resolution_seconds": resolution,
        "energy_joules_per_call": timing.joules_per_call(found.windows, found.calls_per_sample),
        "scenario": found.result,
    }


def _every_turn(found: scenarios.Timed) -> Record:
    """Mean seconds of a call in each window, and whether it was undisturbed: what is bad for one of
    several processes side by side is for the harness to say."""
    means = ((sum(one.samples) / len(one.samples), one.fault is None) for one in found.windows)
    return {"every_turn": [list(one) for one in means]}


def _write_outputs(path: Path, call: timing.Call, sets: Iterable[Any]) -> None:
    """The outputs of each set, copied: a runtime may give views that the next call overwrites."""
    import numpy

    from .inputs import write_outputs

    write_outputs(path, [[numpy.array(array) for array in call(one)] for one in sets])


def own_stdout() -> Callable[[str], None]:
    """Writes lines to stdout, which from now on is stderr for everybody else: runtimes print,
    some of them past Python."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)

    file = os.fdopen(kept, "w", encoding="utf-8")
    return lambda line: print(line, file=file, flush=True)


def exit_code(problem: BaseException) -> int:
    """5 for what is missing here, 2 for all else."""
    if isinstance(problem, ImportError):
        return MISSING
    return int(getattr(problem, "exit_code", FAILED))


def one_line(problem: BaseException) -> str:
    words = " ".join(str(problem).split())
    return words if hasattr(problem, "exit_code") else f"{type(problem).__name__}: {words}"


def _threads() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/task")]
    except OSError:
        return [0]


def _os_threads() -> int | None:
    return len(_threads()) if os.path.isdir("/proc/self/task") else None
