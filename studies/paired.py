"""Two variants in one process, call by call in turn: for differences below the noise of processes.

    python -m studies.paired WORKLOAD[,WORKLOAD] VARIANT VARIANT [RESULT.json]

On a shared machine two processes of one program differ by tens of per cent, two calls that follow
each other by little. What differs between processes (memory layout) is not seen here, so the
harness of `isthmus bench` remains the one that speedups are quoted from.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy

from isthmus.benchmarks.harness import variants
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.harness.processes import opened
from isthmus.benchmarks.work import workloads
from isthmus.benchmarks.work.prepare import prepare
from isthmus.reports import log_ratio
from isthmus.system.threads import available_threads

BLOCKS = 24  # the units of the interval: consecutive pairs, so that slow spells count once
SECONDS = 40.0


def main(arguments: list[str]) -> None:
    names, first, second, *result = arguments
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "threads": available_threads(),
        "pairs": [compare(name, first, second) for name in names.split(",")],
    }
    text = json.dumps(record, indent=1)
    print(text)
    if result:
        Path(result[0]).write_text(text + "\n", encoding="utf-8")


def compare(workload: str, first: str, second: str) -> dict[str, Any]:
    """How many times as fast `first` is as `second`, with the 95 % interval over blocks."""
    (work,) = workloads.find([workload])
    with TemporaryDirectory(prefix="isthmus-") as name:
        folder = Path(name)
        prepare(work, folder, named="cpu-named" in (first, second))
        chosen = variants.find([first, second])
        calls = [opened(variant, folder, available_threads()) for variant in chosen]
        seconds = timed_pairs(calls, work.inputs(), SECONDS)
    blocks = [[b.tolist() for b in numpy.array_split(c, BLOCKS)] for c in seconds.T]
    ratio = log_ratio(blocks[1], blocks[0], paired=True)
    return {
        "workload": workload,
        "variants": [first, second],
        "pairs": len(seconds),
        "median_ms": (1e3 * numpy.median(seconds, axis=0)).tolist(),
        "speed_of_first_over_second": ratio.ratio,
        "interval_95": list(ratio.interval(0.95)),
    }


def timed_pairs(calls: list[Any], arrays: Any, seconds: float) -> numpy.ndarray[Any, Any]:
    """Seconds of each call, [pairs, 2]; who goes first alternates."""
    for call in calls * 5:
        call(arrays)
    rows: list[list[float]] = []
    until = perf_counter() + seconds
    while perf_counter() < until or len(rows) < BLOCKS:
        order = (0, 1) if len(rows) % 2 else (1, 0)
        row = [0.0, 0.0]
        for which in order:
            started = perf_counter()
            calls[which](arrays)
            row[which] = perf_counter() - started
        rows.append(row)
    return numpy.array(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
