"""One process of one variant: open, warm up, time calls one by one, print JSON.

    python -m isthmus.benchmarks.worker FOLDER VARIANT THREADS SECONDS [OUTPUTS.npz]

The process is the unit of replication: what differs between two runs of the same code
(memory layout, thread placement) differs between processes, not within one.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from isthmus.errors import IsthmusError

WARM_UP_SECONDS = 0.3
FEWEST_CALLS = 3


def main(arguments: list[str]) -> None:
    folder, variant, threads, seconds, *outputs = arguments
    if hasattr(os, "sched_setaffinity"):  # Linux; elsewhere the thread settings have to do
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    try:
        record = measure(Path(folder), variant, int(threads), float(seconds), outputs)
    except IsthmusError as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.exit_code)
    print(json.dumps(record))


def measure(
    folder: Path, variant: str, threads: int, seconds: float, outputs: list[str]
) -> dict[str, Any]:
    """Seconds to open, of the first call and of every timed one; the process's peak memory."""
    import numpy

    from .variants import find

    with numpy.load(folder / "inputs.npz") as file:
        arrays = {name: file[name] for name in file.files}
    (chosen,) = find([variant])
    started = perf_counter()
    call = chosen.open(folder, threads)
    opened = perf_counter()
    results = call(arrays)
    first = perf_counter()
    if outputs:
        numpy.savez(outputs[0], *results)
    return {
        "compile_seconds": opened - started,
        "first_inference_seconds": first - opened,
        "seconds": _timed(call, arrays, seconds),
        "peak_memory_bytes": peak_memory_bytes(),
        "runtime": chosen.runtime,
    }


def peak_memory_bytes() -> int | None:
    """The most memory this process held, since it began; None where the system does not tell.

    Not `ru_maxrss`, in which a new process starts with the peak of the one that made it.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak) * 1024


def _timed(call: Any, arrays: Any, seconds: float) -> list[float]:
    until = perf_counter() + WARM_UP_SECONDS
    call(arrays)
    while perf_counter() < until:
        call(arrays)
    gc.collect()
    gc.disable()
    samples: list[float] = []
    until = perf_counter() + seconds
    while len(samples) < FEWEST_CALLS or perf_counter() < until:
        started = perf_counter()
        call(arrays)
        samples.append(perf_counter() - started)
    return samples


if __name__ == "__main__":
    main(sys.argv[1:])
