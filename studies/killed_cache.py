"""Processes killed while they keep compiled programs on disk: is a wrong program ever loaded?

    python -m studies.killed_cache [RESULT.json] [--kills N]

Writes reports/results/killed-cache-DATE.json. A process compiles programs, each of which is written
to a cache too small for all of them, until SIGKILL ends it at a moment drawn at random. After each
kill another process loads programs from the same cache, some found and some compiled, and compares
their results with NumPy's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions

from .study import default_path
from .study import run as run_study

KILLS = 1000
PROGRAMS, WIDTH = 12, 1200  # 5.8 MB each
CACHE_GIB = 0.03  # five of them
CHECKED = 2  # programs after each kill
WRONG_BY = 1e-3  # of results near 1; other weights are further off by far


def killed(folder: Path, kills: int) -> dict[str, Any]:
    """What came of so many kills, in a process of its own: forks must come before threads."""
    command = [sys.executable, "-m", "studies.killed_cache", "--process", str(folder), str(kills)]
    found: dict[str, Any] = json.loads(subprocess.check_output(command, text=True))
    return found


def killed_here(folder: Path, kills: int) -> dict[str, Any]:
    """Of the programs loaded after the kills: how many were found, compiled, and wrong."""
    import openvino  # noqa: F401 (once, before the forks)

    import isthmus.cpu_backend.executor  # noqa: F401

    os.environ["ISTHMUS_CACHE"] = str(folder)
    os.environ["ISTHMUS_CACHE_GIB"] = str(CACHE_GIB)
    drawn = random.Random(0)
    longest = _seconds_of(drawn)
    totals = dict.fromkeys(("checks", "found", "compiled", "wrong", "partial_files"), 0)
    for _ in range(kills):
        _killed_after(drawn.uniform(0, longest), drawn.random())
        totals["partial_files"] += len(list(folder.glob("*.partial")))
        for name, count in _answer(
            lambda: _checked(drawn.sample(range(PROGRAMS), CHECKED))
        ).items():
            totals[name] += count
    return {"kills": kills, "longest_seconds": longest, **totals}


def _seconds_of(drawn: random.Random) -> float:
    """How long it takes from the fork to a program that is kept, and half of that more."""

    def timed() -> dict[str, float]:
        started = time.perf_counter()
        _keep_one(drawn.randrange(PROGRAMS))
        return {"seconds": time.perf_counter() - started}

    return 1.5 * _answer(timed)["seconds"]


def _killed_after(seconds: float, seed: float) -> None:
    """Fork a process that keeps programs, and kill it."""
    process = os.fork()
    if process == 0:
        others = random.Random(seed)
        while True:
            _keep_one(others.randrange(PROGRAMS))
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def _answer(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a function returns in a fork."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.write(writer, json.dumps(ask()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as file:
        text = file.read()
    os.waitpid(process, 0)
    found: dict[str, Any] = json.loads(text)
    return found


def _keep_one(number: int) -> Any:
    import isthmus as im

    weight = _weight(number)
    return im.compile(lambda x: x @ weight, im.spec("float32", ["n", WIDTH]), threads=1)


def _checked(numbers: list[int]) -> dict[str, int]:
    """Load each of the programs and compare it with NumPy."""
    import openvino

    imported, real = [], openvino.Core.import_model

    def import_model(*args: Any) -> Any:
        found = real(*args)
        imported.append(found)
        return found

    openvino.Core.import_model = import_model
    x = numpy.linspace(-1, 1, 2 * WIDTH, dtype=numpy.float32).reshape(2, WIDTH)
    wrong = 0
    for number in numbers:
        result = _keep_one(number)(x)
        wrong += not numpy.allclose(result, x @ _weight(number), rtol=0, atol=WRONG_BY)
    return {
        "checks": len(numbers),
        "found": len(imported),
        "compiled": len(numbers) - len(imported),
        "wrong": wrong,
    }


def _weight(number: int) -> Any:
    drawn = numpy.random.default_rng(number).standard_normal((WIDTH, WIDTH), numpy.float32)
    return drawn / WIDTH**0.5


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--process"]:
        print(json.dumps(killed_here(Path(arguments[1]), int(arguments[2]))))
        return
    parser = argparse.ArgumentParser(prog="python -m studies.killed_cache")
    parser.add_argument("path", nargs="?", type=Path, default=default_path("killed-cache"))
    parser.add_argument("--kills", type=int, default=KILLS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        found = killed(Path(folder) / "cache", given.kills)
        seconds = time.perf_counter() - started
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "seconds": seconds,
        **found,
    }
    text = json.dumps(record, indent=1)
    print(text)
    given.path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_study(main)
