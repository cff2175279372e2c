"""Does the harness say what other tools say? Its latency over theirs, same model, same threads.

    python -m studies.agreement [--repetitions 5] [--seconds 16] [RESULT.json]

`openvino-by-hand` is compared with OpenVINO's own benchmark_app, `onnxruntime-by-hand` with a
plain loop (`plain_loop.py`); both read the same model.onnx, go through the same inputs in turn,
and are bound to the same processors. A repetition is a process of each; they take turns of a
second, the other stopped, so that both meet the same machine (`turns.py` of `portable/timing`). A
call of the tool that is stopped on its way is one of many, and no median shows it. A ratio is the
median over repetitions, its interval Student's t on the paired log ratios. The file is written
after every repetition; the same command goes on after a kill.
"""

from __future__ import annotations

import argparse
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from isthmus.benchmarks.harness import result, variants
from isthmus.benchmarks.harness.environments import interpreter
from isthmus.benchmarks.harness.processes import Process
from isthmus.benchmarks.portable.timing.main import bind
from isthmus.benchmarks.work import workloads
from isthmus.benchmarks.work.prepare import prepare
from isthmus.benchmarks.work.workloads import Workload
from isthmus.errors import UsageError
from isthmus.reports import log_ratio
from isthmus.system.signals import begun
from isthmus.system.threads import available_threads

from . import study
from .outside import TOOLS, Running, Terms, Tool

WORKLOADS = ("resnet-50", "mobilenet-v2", "bert-base-128")
SLICE_SECONDS = 1.0
CLOSE = 0.03  # the largest difference that is called agreement
FEWEST = 3  # repetitions that make an interval


def main(arguments: list[str]) -> None:
    asked = _arguments(arguments)
    path = asked.result or study.default_path("agreement")
    works = workloads.find(asked.workload or list(WORKLOADS))
    bind(asked.threads)  # what it starts stays on the processors that a measured process takes
    done = compare_all(works, asked.repetitions, asked.seconds, asked.threads, path)
    print(f"{table(summary(done))}\n{path}")


def compare_all(
    works: list[Workload], repetitions: int, seconds: int, threads: int, path: Path
) -> list[study.Entry]:
    """Every repetition of every tool on every workload, with those that the file holds."""
    known = study.known({"seconds": seconds, "threads": threads})
    done = study.earlier(path, known)
    todo = [one for one in product(works, range(repetitions), TOOLS) if not _is_in(done, *one)]
    with TemporaryDirectory(prefix="isthmus-") as place:
        for work, repetition, tool in study.progress(todo, "agreement"):
            terms = Terms(_prepared(work, Path(place)), threads, seconds)
            done.append(compare(work.name, repetition, tool, terms))
            result.write(path, {**known, **document(done)})
    return done


def _is_in(done: Sequence[study.Entry], work: Workload, repetition: int, tool: Tool) -> bool:
    place = (work.name, repetition, tool.name)
    return place in {(one["workload"], one["repetition"], one["tool"]) for one in done}


def _prepared(work: Workload, place: Path) -> Path:
    """The folder of a workload's files, in the place of the last workload's."""
    folder = place / work.name
    if not folder.exists():
        for last in place.iterdir():
            shutil.rmtree(last)
        folder.mkdir()
        prepare(work, folder)
    return folder


def compare(workload: str, repetition: int, tool: Tool, terms: Terms) -> study.Entry:
    """One process of the harness and one of the tool; who begins alternates."""
    (variant,) = variants.find([tool.variant])
    with ExitStack() as ended:
        ours = begun(ended, Process, terms.folder, variant, terms.threads, terms.seconds / 2)
        ours.opened()
        first = "ours" if repetition % 2 == 0 else "theirs"
        python = str(interpreter(variant.environment))
        theirs = tool.measure(terms, python, lambda tool: alternate(ours, tool, first == "ours"))
        record = ours.record or {}
    about = {"workload": workload, "tool": tool.name, "variant": tool.variant}
    facts = {"repetition": repetition, "first": first}
    return {**about, **facts, "ours": _found(record), "theirs": theirs}


def alternate(ours: Process, theirs: Running, ours_first: bool) -> None:
    """Turns of a second, until both have ended."""
    theirs.send_signal(signal.SIGSTOP)
    if ours_first:
        _turns(ours)
    while theirs.poll() is None:
        theirs.send_signal(signal.SIGCONT)
        sleep(SLICE_SECONDS)
        if ours.record is None and theirs.poll() is None:
            theirs.send_signal(signal.SIGSTOP)
            _turns(ours)
    while ours.record is None:
        _turns(ours)


def _turns(ours: Process) -> None:
    """Those of a second, or until its record is there."""
    until = monotonic() + SLICE_SECONDS
    while ours.record is None and monotonic() < until:
        ours.turn()


def _found(record: Mapping[str, Any]) -> dict[str, Any]:
    times = [1e3 * seconds for seconds in record["seconds"]]
    found = {"calls": len(times), "median_ms": median(times), "mean_ms": mean(times)}
    return {**found, "runtime": record["runtime"], "windows": record["windows"]}


# What they say together


def document(done: Sequence[study.Entry]) -> dict[str, Any]:
    return {
        "datetime": datetime.now(UTC).isoformat(),
        "summary": summary(done),
        "measurements": list(done),
    }


def summary(done: Sequence[study.Entry]) -> list[dict[str, Any]]:
    """A row for each workload and tool that has repetitions enough for an interval."""
    groups: dict[tuple[str, str], list[study.Entry]] = {}
    for entry in done:
        groups.setdefault((entry["workload"], entry["tool"]), []).append(entry)
    return [_row(*key, found) for key, found in groups.items() if len(found) >= FEWEST]


def _row(workload: str, tool: str, found: Sequence[study.Entry]) -> dict[str, Any]:
    ours, theirs = ([one[side]["median_ms"] for one in found] for side in ("ours", "theirs"))
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    interval = log_ratio([[a] for a in ours], [[b] for b in theirs], paired=True).interval()
    return {
        "workload": workload,
        "tool": tool,
        "repetitions": len(found),
        "ours_ms": median(ours),
        "theirs_ms": median(theirs),
        "ours_over_theirs": ratio,
        "interval_95": list(interval),
        "agrees": abs(ratio - 1) <= CLOSE,
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    head = f"{'workload':16} {'tool':14} {'ours ms':>9} {'theirs ms':>9} {'ratio':>7}"
    return "\n".join([f"{head}  95 % interval    within {CLOSE:.0%}", *map(_line, rows)])


def _line(row: Mapping[str, Any]) -> str:
    low, high = row["interval_95"]
    return (
        f"{row['workload']:16} {row['tool']:14} {row['ours_ms']:>9.3f} {row['theirs_ms']:>9.3f}"
        f" {row['ours_over_theirs']:>7.4f}  [{low:.4f}, {high:.4f}]"
        f"  {'yes' if row['agrees'] else 'no'}"
    )


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m studies.agreement",
        description=(__doc__ or "").partition("\n")[0],
    )
    parser.add_argument(
        "result", nargs="?", type=Path, help="default: reports/results/agreement-DATE"
    )
    parser.add_argument("--workload", action="append", help=f"one of {', '.join(WORKLOADS)}")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument(
        "--seconds", type=int, default=16, help="timed, whole, of both together (16)"
    )
    parser.add_argument("--threads", type=int, default=available_threads())
    asked = parser.parse_args(arguments)
    for option, fewest, most in (("repetitions", FEWEST, 1000), ("seconds", 1, 300)):
        if not fewest <= getattr(asked, option) <= most:
            raise UsageError(f"--{option} {getattr(asked, option)}: give {fewest} to {most}")
    study.check_threads(asked.threads)
    return asked


if __name__ == "__main__":
    study.run(main)
