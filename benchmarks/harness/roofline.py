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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isthmus.errors import BackendMissing, IsthmusError, UsageError
from isthmus.system import machine
from isthmus.system.threads import affinity, available_threads

from . import environments
from .bandwidth import MEMORY
from .peaks import BF16, PROBES, SHAPES, Row
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
# In the environment of torch, which has no Isthmus.
TORCH_BOOT = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[2])])
sys.path.insert(0, sys.argv[1])
from portable.peers.torch_products import main
main(sys.argv[2:])
"""
TORCH = "torch"


def measure(threads: int, seconds: float = SECONDS) -> dict[str, Any]:
    """The peak of each precision in GFLOP/s, and of memory in GB/s, each with who reached it.

    A peak is the best of the libraries, of several shapes and of up to so many threads: one alone
    may have the higher clock, two hardware threads share a core. Memory: of each cache level, and
    beyond. What a library or the processor lacks has no entry. Errors: UsageError for more threads
    than processors; IsthmusError with the last words of a probe that failed.
    """
    if not 1 <= threads <= affinity():
        raise UsageError(f"threads is {threads}; this process has {affinity()} processors")
    rows = [
        {**row, "threads": used}
        for used in counts(threads)
        for probe in (*PROBES, TORCH)
        if probe != MEMORY or used == threads
        for row in _in_a_process(probe, used, seconds)
    ]
    return _found(rows, threads)


def counts(threads: int) -> list[int]:
    """The numbers of threads that are tried: all, half of them, and one.

    >>> from isthmus.benchmarks.harness.roofline import counts
    >>> counts(8), counts(1)
    ([8, 4, 1], [1])
    """
    return sorted({threads, max(1, threads // 2), 1}, reverse=True)


def _found(rows: Sequence[Row], threads: int) -> dict[str, Any]:
    """What the result file keeps: the best of each precision, and of each level of memory."""
    products = [row for row in rows if row["precision"] != MEMORY]
    best = {row["precision"]: row for row in sorted(products, key=lambda row: row["rate"])}
    peaks = [
        {
            "precision": name,
            "gflop_per_s": best[name]["rate"],
            "by": best[name]["by"],
            "threads": best[name]["threads"],
        }
        for name in dict.fromkeys(row["precision"] for row in products)
    ]
    memory = [
        {"level": row["level"], "bytes": row["bytes"], "gb_per_s": row["rate"], "by": row["by"]}
        for row in rows
        if row["precision"] == MEMORY
    ]
    beyond = memory[-1]
    return {
        "threads": threads,
        "peaks": peaks,
        "gb_per_s": beyond["gb_per_s"],
        "gb_per_s_by": beyond["by"],
        "memory": memory,
        "drift": None,
    }


def drift(first: Mapping[str, Any], second: Mapping[str, Any]) -> float:
    """The larger relative change of the f32 peak and of the memory's, from one to the other."""
    before, after = ({"f32": _f32(found), MEMORY: found["gb_per_s"]} for found in (first, second))
    return max(abs(after[name] / before[name] - 1) for name in before)


def higher(first: Mapping[str, Any], second: Mapping[str, Any] | None) -> dict[str, Any]:
    """The higher peaks of two measurements, and how far they are apart as the drift."""
    if second is None:
        return {**first, "drift": None}
    rows = [
        {**peak, "rate": peak["gflop_per_s"]}
        for found in (first, second)
        for peak in found["peaks"]
    ]
    levels = [found["memory"] for found in (first, second) if "memory" in found]
    best = {row["precision"]: row for row in sorted(rows, key=lambda row: row["rate"])}
    peaks = [
        {key: part for key, part in best[peak["precision"]].items() if key != "rate"}
        for peak in first["peaks"]
    ]
    found = {**first, "peaks": peaks, "drift": drift(first, second)}
    if len(levels) == 2:
        found["memory"] = [
            max(pair, key=lambda level: level["gb_per_s"]) for pair in zip(*levels, strict=True)
        ]
    beyond = max(first, second, key=lambda each: each["gb_per_s"])
    return {**found, "gb_per_s": beyond["gb_per_s"], "gb_per_s_by": beyond.get("gb_per_s_by", "")}


def _f32(found: Mapping[str, Any]) -> float:
    return next(peak["gflop_per_s"] for peak in found["peaks"] if peak["precision"] == "f32")


def _in_a_process(probe: str, threads: int, seconds: float) -> list[Row]:
    """What the probe found; nothing where its library is not installed."""
    command = _torchs(threads, seconds) if probe == TORCH else _own(probe, threads, seconds)
    if command is None:
        return []
    alone = 1 if probe == MEMORY else threads  # its threads are Python's
    limits = dict.fromkeys(THREAD_VARIABLES, str(alone))
    env = {**os.environ, **limits, **ALLOCATOR}
    finished = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if finished.returncode:
        words = finished.stderr.strip().splitlines()[-1:] or ["no message"]
        raise IsthmusError(f"the peak of {probe} could not be measured: {words[0]}")
    rows: list[Row] = json.loads(finished.stdout.splitlines()[-1])
    return rows


def _own(probe: str, threads: int, seconds: float) -> list[str]:
    return [sys.executable, "-c", BOOT, probe, str(threads), str(seconds)]


def _torchs(threads: int, seconds: float) -> list[str] | None:
    """None where torch has no environment here."""
    try:
        python = environments.interpreter(TORCH)
    except BackendMissing:
        return None
    shapes = ",".join("x".join(map(str, shape)) for shape in SHAPES)
    precisions = "f32,bf16" if BF16 & set(machine.processor_flags()) else "f32"
    folder = str(Path(__file__).resolve().parents[1])
    given = [folder, str(threads), str(seconds), shapes, precisions]
    return [str(python), "-c", TORCH_BOOT, *given]


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
        (
            peak["precision"],
            f"{peak['by']}, threads: {peak['threads']}",
            f"{significant(peak['gflop_per_s'])} GFLOP/s",
        )
        for peak in found["peaks"]
    ]
    rows += [
        (level["level"], level["by"], f"{significant(level['gb_per_s'])} GB/s")
        for level in found["memory"]
    ]
    title = f"Peaks of this machine with {found['threads']} threads"
    heads = tuple(map(Cell, ("what", "by", "peak")))
    show_table(Table(title, heads, tuple(tuple(map(Cell, row)) for row in rows), 2), console())


if __name__ == "__main__":
    main(sys.argv[1:])
