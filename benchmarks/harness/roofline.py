"""The machine's own peaks: operations per second of a matrix product, bytes per second of memory.

    python -m isthmus.benchmarks.harness.roofline [THREADS]

A peak is a maximum: the best of some repeats, by the library that was the fastest here. Each probe
is a process of its own, so that no library's idle threads disturb another, with as many processors
and threads as the variants get; see `peaks` for what they run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from isthmus.errors import IsthmusError, UsageError
from isthmus.system.threads import affinity, available_threads

from .peaks import MEMORY, PROBES, Row
from .processes import ALLOCATOR, THREAD_VARIABLES

__all__ = ["drift", "measure"]

SECONDS = 0.1  # of a repeat, of which each probe makes some and keeps the best
# Before NumPy is imported, whose threads get the processors that the first one has.
BOOT = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[2])])
from isthmus.benchmarks.harness.peaks import main
main(sys.argv[1:])
"""


def measure(threads: int, seconds: float = SECONDS) -> dict[str, Any]:
    """The peak of each precision in GFLOP/s, and of memory in GB/s, each with who reached it.

    What a library or the processor lacks has no entry. Errors: UsageError for more threads than
    processors; IsthmusError with the last words of a probe that failed.
    """
    if not 1 <= threads <= affinity():
        raise UsageError(f"threads is {threads}; this process has {affinity()} processors")
    rows = [row for probe in PROBES for row in _in_a_process(probe, threads, seconds)]
    best = {row["precision"]: row for row in sorted(rows, key=lambda row: row["rate"])}
    memory = best.pop(MEMORY)
    peaks = [
        {"precision": name, "gflop_per_s": best[name]["rate"], "by": best[name]["by"]}
        for name in dict.fromkeys(row["precision"] for row in rows)
        if name in best
    ]
    found = {"threads": threads, "peaks": peaks}
    return {**found, "gb_per_s": memory["rate"], "gb_per_s_by": memory["by"], "drift": None}


def drift(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    """The larger relative change of the f32 peak and of the memory's, from one to the other."""
    before, after = ({"f32": _f32(found), MEMORY: found["gb_per_s"]} for found in (first, second))
    return max(abs(after[name] / before[name] - 1) for name in before)


def _f32(found: Mapping[str, Any]) -> float:
    return next(peak["gflop_per_s"] for peak in found["peaks"] if peak["precision"] == "f32")


def _in_a_process(probe: str, threads: int, seconds: float) -> list[Row]:
    """What the probe found; nothing where its library is not installed."""
    command = [sys.executable, "-c", BOOT, probe, str(threads), str(seconds)]
    alone = 1 if probe == MEMORY else threads  # its threads are Python's
    limits = dict.fromkeys(THREAD_VARIABLES, str(alone))
    env = {**os.environ, **limits, **ALLOCATOR}
    finished = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if finished.returncode:
        words = finished.stderr.strip().splitlines()[-1:] or ["no message"]
        raise IsthmusError(f"the peak of {probe} could not be measured: {words[0]}")
    rows: list[Row] = json.loads(finished.stdout.splitlines()[-1])
    return rows


def main(arguments: list[str]) -> None:
    try:
        _show(measure(_threads(arguments)))
    except IsthmusError as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.exit_code)


def _threads(arguments: list[str]) -> int:
    if not arguments:
        return available_threads()
    if not arguments[0].isdigit():
        raise UsageError(f"threads is {arguments[0]!r}; give a whole number")
    return int(arguments[0])


def _show(found: Mapping[str, Any]) -> None:
    from isthmus.reports.display import Cell, Table, significant
    from isthmus.reports.outputs.terminal import console, show_table

    rows = [
        (peak["precision"], peak["by"], f"{significant(peak['gflop_per_s'])} GFLOP/s")
        for peak in found["peaks"]
    ]
    rows.append((MEMORY, found["gb_per_s_by"], f"{significant(found['gb_per_s'])} GB/s"))
    title = f"Peaks of this machine with {found['threads']} threads"
    heads = tuple(map(Cell, ("what", "by", "peak")))
    show_table(Table(title, heads, tuple(tuple(map(Cell, row)) for row in rows), 2), console())


if __name__ == "__main__":
    main(sys.argv[1:])
