"""How often two stored files of the same code come out as regressed, and a doubling is found.

    python -m studies.apart FOLDER [RESULT.json]

A run is a process of pytest-benchmark over six small tests, as anybody stores one; the runs are
measured one after the other with pauses between them, and every fourth does each test's work twice.
Files of equals are then paired with each other, and files of the doubled with files of equals, at
random but the same each time; each pair is judged by the code that gates files, and by a plain rule
on medians. FOLDER keeps the runs: the same command goes on after a stop, and judges them again.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import permutations, product
from pathlib import Path
from typing import Any

from isthmus.benchmarks.gate.rule.verdict import Outcome
from isthmus.benchmarks.gate.stored.files import compare
from isthmus.benchmarks.harness import result
from isthmus.errors import IsthmusError, UsageError
from isthmus.reports import ResultFile, read
from isthmus.reports.files.checks import clean

from . import study
from .tables import study_table

Entry = dict[str, Any]
Rule = Callable[[Entry], bool]

SEED = 15
DOUBLED_EVERY = 4  # runs
WORK = "ISTHMUS_STUDY_WORK"  # how often a test does its work
# Threads that spin for each other beside other work are not what is studied here.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
KINDS = {"equals": 1, "doubled": 2}
SHARES = (0.005, 0.05, 0.5, 0.95, 0.995)  # quantiles of the ratios that the result file tells
PLAIN = (0.25, 0.6)  # margins of plain rules
SUITE = f'''\
import json
import os
import random
import re

import numpy
import pytest

TIMES = range(int(os.environ["{WORK}"]))
SHUFFLED = random.Random(1).sample(range(3000), 3000)
TEXT = " ".join(map(str, SHUFFLED)) * 4
MATRIX = numpy.random.default_rng(1).standard_normal((96, 96))


def small():
    return {{number: str(number) for number in range(100)}}


def ordered():
    return sorted(SHUFFLED)


def written():
    return json.loads(json.dumps(SHUFFLED))


def multiplied():
    return (MATRIX @ MATRIX).sum()


def searched():
    return len(re.findall(r"7\\d*1", TEXT))


def counted():
    return sum(number * number for number in range(1_500_000))


@pytest.mark.parametrize("work", [small, ordered, written, multiplied, searched, counted])
def test_work(benchmark, work):
    benchmark(lambda: [work() for _ in TIMES])
'''


def main(arguments: list[str]) -> None:
    asked = _arguments(arguments)
    measure(asked)
    found = document(asked)
    path = asked.result or study.default_path("apart")
    result.write(path, found)
    print(f"{study_table('apart', path)}\n{path}")


# Runs


def measure(asked: argparse.Namespace) -> None:
    """The runs that the folder lacks, in turn, with a pause after each."""
    asked.folder.mkdir(parents=True, exist_ok=True)
    suite = asked.folder / "test_small.py"
    suite.write_text(SUITE, encoding="utf-8")
    lacking = [path for path in planned(asked.folder, asked.runs) if not path.exists()]
    for path in study.progress(lacking, "runs"):
        run(suite, path, KINDS[kind_of(path)], asked.seconds)
        time.sleep(asked.pause)


def planned(folder: Path, runs: int) -> list[Path]:
    """The file of each run, in the order of measuring."""
    kinds = [
        "doubled" if at % DOUBLED_EVERY == DOUBLED_EVERY - 1 else "equals" for at in range(runs)
    ]
    return [folder / f"{at:03d}-{kind}.json" for at, kind in enumerate(kinds)]


def kind_of(path: Path) -> str:
    return path.stem.partition("-")[2]


def run(suite: Path, path: Path, times: int, seconds: float) -> None:
    """One session; its file is there when it is whole."""
    partial = path.with_suffix(".partial")
    options = ("-q", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={suite.parent}")
    keep = (f"--benchmark-json={partial}", f"--benchmark-max-time={seconds}")
    command = (sys.executable, "-m", "pytest", *options, *keep, str(suite))
    # Inside a worker of pytest-xdist pytest-benchmark would measure nothing.
    outside = {key: value for key, value in os.environ.items() if "XDIST" not in key}
    environment = {**outside, **ONE_THREAD, WORK: str(times)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise IsthmusError(
            f"the suite failed: {clean((done.stdout + done.stderr)[-500:])}; mend it"
        )
    partial.rename(path)


# Pairs


def document(asked: argparse.Namespace) -> Entry:
    """What was measured and what the gate said of it."""
    runs = planned(asked.folder, asked.runs)
    files = {path: read(path) for path in runs}
    equals = [path for path in runs if kind_of(path) == "equals"]
    doubled = [path for path in runs if kind_of(path) == "doubled"]
    chosen = {
        "equals": _chosen(list(permutations(equals, 2)), asked.pairs),
        "doubled": _chosen(list(product(equals, doubled)), asked.doubled_pairs),
    }
    pairs = [
        _pair(kind, base, head, files) for kind, every in chosen.items() for base, head in every
    ]
    return {
        **study.known(_design(asked)),
        "datetime": datetime.now(UTC).isoformat(),
        "summary": summary(pairs),
        "ratios": quantiles(pairs),
        "runs": [_run(path, files[path]) for path in runs],
        "pairs": pairs,
    }


def _design(asked: argparse.Namespace) -> Entry:
    names = ("runs", "pairs", "doubled_pairs", "seconds", "pause")
    return {"seed": SEED, **{name: getattr(asked, name) for name in names}}


def _chosen(every: list[Any], count: int) -> list[Any]:
    return random.Random(SEED).sample(every, min(count, len(every)))


def _pair(kind: str, base: Path, head: Path, files: dict[Path, ResultFile]) -> Entry:
    outcome = compare(files[base], files[head])
    return {
        "kind": kind,
        "base": base.stem,
        "head": head.stem,
        "exit_code": outcome.exit_code,
        "kinds": dict(Counter(verdict.kind for verdict in outcome.verdicts)),
        "ratios": _ratios(outcome),
    }


def _ratios(outcome: Outcome) -> list[float]:
    return [round(one.ratio, 4) for one in outcome.verdicts if one.ratio is not None]


def _run(path: Path, file: ResultFile) -> Entry:
    times = {one.variant: round(one.median_seconds, result.DIGITS) for one in file.results}
    return {"name": path.stem, "measured": file.measured, "median_seconds": times}


# What they say together


def summary(pairs: Sequence[Entry]) -> list[Entry]:
    """For each rule: alarms among pairs of equals, and the doubled that it found."""
    plain = [_row(f"{margin:.0%} on medians", pairs, partial(_beyond, margin)) for margin in PLAIN]
    return [_row("isthmus gate", pairs, _regressed, _improved), *plain]


def _row(name: str, pairs: Sequence[Entry], worse: Rule, better: Rule | None = None) -> Entry:
    equals, doubled = ([one for one in pairs if one["kind"] == kind] for kind in KINDS)
    return {
        "rule": name,
        "equals": len(equals),
        "false_alarms": sum(map(worse, equals)),
        "improved": None if better is None else sum(map(better, equals)),
        "doubled": len(doubled),
        "found": sum(map(worse, doubled)),
    }


def _regressed(one: Entry) -> bool:
    return bool(one["exit_code"] == 1)


def _improved(one: Entry) -> bool:
    return "improved" in one["kinds"]


def _beyond(margin: float, one: Entry) -> bool:
    return max(one["ratios"]) > 1 + margin


def quantiles(pairs: Sequence[Entry]) -> dict[str, dict[str, float]]:
    """Of the ratios of medians, by the kind of pair."""
    found = {}
    for kind in KINDS:
        ratios = sorted(ratio for one in pairs if one["kind"] == kind for ratio in one["ratios"])
        found[kind] = {str(share): ratios[round(share * (len(ratios) - 1))] for share in SHARES}
    return found


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="apart", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="of the runs")
    parser.add_argument("result", nargs="?", type=Path, help="default: reports/results/apart-DATE")
    parser.add_argument("--runs", type=int, default=80, help="files, every fourth doubled (80)")
    parser.add_argument("--pairs", type=int, default=200, help="of equals (200)")
    parser.add_argument("--doubled-pairs", type=int, default=50, help="with the doubled (50)")
    parser.add_argument("--seconds", type=float, default=0.3, help="of a test in a run (0.3)")
    parser.add_argument("--pause", type=float, default=10.0, help="seconds after a run (10)")
    asked = parser.parse_args(arguments)
    if asked.runs < 2 * DOUBLED_EVERY or min(asked.pairs, asked.doubled_pairs) < 1:
        raise UsageError(f"--runs: give {2 * DOUBLED_EVERY} or more; --pairs: 1 or more")
    if not 0 < asked.seconds < 60 or not 0 <= asked.pause < 3600:
        raise UsageError("--seconds and --pause: give times of some seconds")
    return asked


if __name__ == "__main__":
    study.run(main)
