"""Processes of one thread side by side: how many times the calls of one they make.

    python -m studies.side_by_side [RESULT.json] [--model NAME] [--seconds S] [--rounds N]

Writes reports/results/side-by-side-DATE.json and prints a table. k processes on k processors should
make k times the calls of one, more of them no fewer. Every process is started once and waits;
in each round 1, 2 and 4 of them run for so many seconds, in an order that changes from round to
round. `pinned` is the cpu backend with each thread bound to a processor, as OpenVINO does it where
it is not told otherwise. The last row is one process with all threads, pinned against not, the
calls in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.errors import IsthmusError
from isthmus.system.threads import available_threads

from .paired import timed_pairs
from .study import default_path, progress
from .study import run as run_study

VARIANTS = ("cpu", "pinned", "gpu")
COUNTS = (1, 2, 4)
WARM_UP = 5  # calls
PINNING = "ENABLE_CPU_PINNING"


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--process"]:
        serve(*arguments[1:])
        return
    given = _parsed(arguments)
    record = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "model": given.model,
        "seconds": given.seconds,
        "variants": {name: side_by_side(name, given) for name in VARIANTS},
        "all_threads": all_threads(given.model, given.seconds * given.rounds),
    }
    print(table(record))
    given.path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(given.path)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m studies.side_by_side")
    parser.add_argument("path", nargs="?", type=Path, default=default_path("side-by-side"))
    parser.add_argument("--model", default="mobilenet-v2")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=9)
    return parser.parse_args(arguments)


# Processes in turn


def side_by_side(variant: str, given: argparse.Namespace) -> dict[str, Any]:
    """Calls a second, of all processes together, by round; and the ratio to one process."""
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    with ExitStack() as opened:
        workers = [opened.enter_context(_Worker(variant, given.model)) for _ in range(max(COUNTS))]
        for number in progress(range(given.rounds), variant):
            for count in COUNTS[number % len(COUNTS) :] + COUNTS[: number % len(COUNTS)]:
                rates[count].append(_together(workers[:count], given.seconds))
    return {
        "calls_per_second": rates,
        "ratio_to_one": {
            count: statistics.median(b / a for a, b in zip(rates[1], found, strict=True))
            for count, found in rates.items()
        },
    }


def _together(workers: list[_Worker], seconds: float) -> float:
    for worker in workers:
        worker.start(seconds)
    return sum(worker.calls_per_second() for worker in workers)


class _Worker:
    """A process that runs for some seconds when it is told to."""

    def __init__(self, variant: str, model: str) -> None:
        command = [sys.executable, "-m", "studies.side_by_side", "--process", variant, model]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer()  # when it has opened its program

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._file("stdin").close()
        self.process.wait()
        self._file("stdout").close()

    def start(self, seconds: float) -> None:
        print(seconds, file=self._file("stdin"), flush=True)

    def calls_per_second(self) -> float:
        return float(self._answer())

    def _answer(self) -> str:
        """The next line; its own message is on stderr where the process has ended."""
        line = str(self._file("stdout").readline())
        if not line:
            raise IsthmusError("a process ended before it answered")
        return line

    def _file(self, name: str) -> Any:
        return getattr(self.process, name)


def serve(variant: str, model: str) -> None:
    """Run the program, of one thread, for the seconds of each line of stdin."""
    call = opened(model, variant, threads=1)
    for _ in range(WARM_UP):
        call()
    print("ready", flush=True)
    for line in sys.stdin:
        calls, started = 0, perf_counter()
        while (seconds := perf_counter() - started) < float(line):
            call()
            calls += 1
        print(calls / seconds, flush=True)


def opened(model: str, variant: str, threads: int) -> Any:
    """A call of a model with random weights on one image."""
    import isthmus as im
    from isthmus.program.random_inputs import random_inputs

    net = im.models.create(model, seed=0)
    on_gpu: dict[str, Any] = {"backend": "gpu", "device": "cpu"}
    options = on_gpu if variant == "gpu" else {"backend": "cpu"}
    with pinning({"pinned": True, "free": False}.get(variant)):
        program = im.compile(net, net.specs(batch=1), threads=threads, **options)
    names = [value.name for value in program.graph.inputs]
    inputs = random_inputs(program.graph, names, {})
    return lambda *_: program(**inputs)


@contextmanager
def pinning(pinned: bool | None) -> Iterator[None]:
    """OpenVINO compiles with this setting meanwhile; with the backend's own for None."""
    import openvino

    compile_model = openvino.Core.compile_model

    def compiled(core: Any, model: Any, device: str, settings: dict[str, Any]) -> Any:
        return compile_model(core, model, device, {**settings, PINNING: pinned})

    if pinned is not None:
        openvino.Core.compile_model = compiled
    try:
        yield
    finally:
        openvino.Core.compile_model = compile_model


def all_threads(model: str, seconds: float) -> dict[str, Any]:
    """One process with all threads: how many times as fast it is pinned."""
    calls = [opened(model, variant, available_threads()) for variant in ("pinned", "free")]
    for call in calls:
        call()
    found = timed_pairs(calls, None, seconds)
    return {
        "threads": available_threads(),
        "pinned_ms": 1e3 * statistics.median(found[:, 0]),
        "free_ms": 1e3 * statistics.median(found[:, 1]),
        "speed_pinned_over_free": statistics.median(found[:, 1] / found[:, 0]),
    }


def table(record: dict[str, Any]) -> str:
    """Calls a second by the number of processes, and their ratio to one."""
    lines = [f"{'':8}" + "".join(f"{count:>4} processes   " for count in COUNTS)]
    for name, found in record["variants"].items():
        cells = (
            f"{statistics.median(found['calls_per_second'][count]):6.1f}/s {ratio:4.2f}x  "
            for count, ratio in found["ratio_to_one"].items()
        )
        lines.append(f"{name:8}" + " ".join(cells))
    whole = record["all_threads"]
    lines.append(
        f"{whole['threads']} threads: pinned {whole['pinned_ms']:.2f} ms, free "
        f"{whole['free_ms']:.2f} ms, pinned is {whole['speed_pinned_over_free']:.3f} times as fast"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    run_study(main)
