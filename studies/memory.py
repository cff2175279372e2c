"""Memory of a process that meets new sizes all the time: the curve over its calls.

    python -m studies.memory [RESULT.json] [--calls N] [--case CASE,CASE]

Writes reports/results/memory-DATE.json and prints a table. Each curve is a process of its own.
Sizes are drawn at random, and most calls are the first with their sizes: what is kept for them must
find an end. `second_half_mib` is how much the process grew between the middle and the end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.portable.timing.peak_memory import peak_memory_bytes
from isthmus.errors import UsageError

from .study import default_path
from .study import run as run_study

POINTS = 40  # of a curve
WIDTH = 64
MIB = 2**20

Call = Callable[[Any], object]


@dataclass(frozen=True)
class Case:
    """What is called with arrays of shape (b, n, WIDTH), how often, and of which sizes."""

    make: Callable[[dict[str, Any]], Call]
    backend: str
    calls: int
    most: tuple[int, int] = (24, 200)


def named_sizes(options: dict[str, Any]) -> Call:
    """A layer of attention, compiled once for named sizes."""
    import isthmus as im

    return im.compile(_layer(), im.spec("float32", ["b", "n", WIDTH]), **options)


def jitted(options: dict[str, Any]) -> Call:
    """The same, compiled for each shape."""
    import isthmus as im

    jitted: Call = im.jit(_layer(), **options)
    return jitted


def in_namespace(options: dict[str, Any]) -> Call:
    """Operators that run at once: products, sums, moves and joins."""
    import isthmus as im

    options = dict(options)
    xp = im.namespace(options.pop("backend"), **options)
    weight = xp.asarray(_weights()[0])

    def call(x: Any) -> object:
        y = xp.tanh(xp.asarray(x) @ weight)
        joined = xp.concat([y, xp.exp(y)], axis=1)
        return xp.max(xp.permute_dims(joined, (1, 0, 2)), axis=0) - xp.mean(y)

    return call


def _layer() -> Callable[[Any], Any]:
    from isthmus import np, npx

    query, key, value, out = _weights()
    ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def layer(x: Any) -> Any:
        y = npx.scaled_dot_product_attention(x @ query, x @ key, x @ value)
        return npx.layer_norm(x + npx.gelu(y @ out), ones, zeros)

    return layer


def _weights() -> list[Any]:
    import numpy

    drawn = numpy.random.default_rng(0).standard_normal((4, WIDTH, WIDTH)) / WIDTH**0.5
    return list(drawn.astype(numpy.float32))


CASES = {
    "named-cpu": Case(named_sizes, "cpu", 10_000),
    "named-gpu": Case(named_sizes, "gpu", 10_000),
    "jit-cpu": Case(jitted, "cpu", 2_000),
    "jit-gpu": Case(jitted, "gpu", 2_000),
    "namespace-cpu": Case(in_namespace, "cpu", 2_000),
    "namespace-gpu": Case(in_namespace, "gpu", 2_000),
}


def curve(case: Case, calls: int) -> dict[str, Any]:
    """Resident memory of this process after so many calls."""
    import numpy

    device = {"device": "cpu"} if case.backend == "gpu" else {}
    call = case.make({"backend": case.backend, **device})
    rng = numpy.random.default_rng(1)
    counts, resident, shapes = [], [], set()
    started = perf_counter()
    for done in range(1, calls + 1):
        shape = tuple(int(rng.integers(1, most + 1)) for most in case.most)
        shapes.add(shape)
        call(numpy.ones((*shape, WIDTH), numpy.float32))
        if done * POINTS // calls > (done - 1) * POINTS // calls:
            counts.append(done)
            resident.append(resident_bytes() / MIB)
    peak = peak_memory_bytes()
    return {
        "calls": counts,
        "different_sizes": len(shapes),
        "resident_mib": resident,
        "peak_mib": peak and peak / MIB,
        "second_half_mib": resident[-1] - resident[len(resident) // 2 - 1],
        "seconds": perf_counter() - started,
        "os_threads": len(os.listdir("/proc/self/task")),
    }


def resident_bytes() -> int:
    """Of this process, as Linux counts it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--process"]:
        print(json.dumps(curve(CASES[arguments[1]], int(arguments[2]))))
        return
    given = _parsed(arguments)
    rows = {}
    for name in given.case:
        calls = given.calls or CASES[name].calls
        command = [sys.executable, "-m", "studies.memory", "--process", name, str(calls)]
        rows[name] = json.loads(subprocess.check_output(command, text=True))
        print(line(name, rows[name]), flush=True)
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "curves": rows,
    }
    given.path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(given.path)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m studies.memory")
    parser.add_argument("path", nargs="?", type=Path, default=default_path("memory"))
    parser.add_argument("--calls", type=int)
    parser.add_argument("--case", default=",".join(CASES))
    given = parser.parse_args(arguments)
    given.case = given.case.split(",")
    if unknown := set(given.case) - set(CASES):
        raise UsageError(f"--case {', '.join(sorted(unknown))}: there are {', '.join(CASES)}")
    return given


def line(name: str, row: dict[str, Any]) -> str:
    """One curve in a line: the memory after each eighth of the calls."""
    eighths = row["resident_mib"][POINTS // 8 - 1 :: POINTS // 8]
    return (
        f"{name:14} {row['calls'][-1]:>6} calls, {row['different_sizes']:>5} sizes: "
        + " ".join(f"{mib:5.0f}" for mib in eighths)
        + f" MiB, peak {row['peak_mib']:.0f}, second half {row['second_half_mib']:+.0f}, "
        f"{row['os_threads']} threads, {row['seconds']:.0f} s"
    )


if __name__ == "__main__":
    run_study(main)
