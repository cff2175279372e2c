"""ONNX Runtime's onnxruntime_perf_test: console output, and its result file with every time.

The console has statistics alone, times in seconds (the average in milliseconds). The result file
has a line per run, `model,seconds,peak bytes,CPU percent,run`, since 2025 with the seconds until
submission before the seconds in all; it is appended to, so that each run 0 starts a new round.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NamedTuple

import numpy

from .checks import clean, fail, number, positive
from .foreign_facts import amount, counted, found, no_median, scaled, scenario
from .result import Result

TOOL = "onnxruntime_perf_test"
VARIANT = "onnxruntime-perf-test"
CONSOLE = {
    "median": r"^[ \t]*P50 Latency(?: is|:) *(\d+(?:\.\d+)?(?:e[+-]?\d+)?) *s",
    "average": r"^[ \t]*Average (?:inference )?time cost(?: total)?: *([\d.e+-]+) *ms",
    "session": r"^[ \t]*Session creation time cost: *([\d.e+-]+) *s",
    "first": r"^[ \t]*First inference time cost: *([\d.e+-]+) *ms",
    "memory": r"^[ \t]*Peak working set size: *(\d+) *(?:bytes)?",
    "threads": r"^[ \t]*Setting intra_op_num_threads to (\d+)",
    "summed": r"^[ \t]*Total (?:inference )?time cost: *([\d.e+-]+)",
    "wall": r"^[ \t]*Total (?:inference )?run time: *([\d.e+-]+) *s",
    "rate": r"^[ \t]*Number of inferences per second: *([\d.e+-]+)",
}


class Line(NamedTuple):
    """One run of the result file."""

    model: str
    seconds: str
    peak_bytes: str
    run: int


def is_console(content: str) -> bool:
    """True for what it prints."""
    return "time cost" in content and re.search(CONSOLE["average"], content, re.M) is not None


def is_table(content: str) -> bool:
    """True for the result file, whose first line is a run."""
    return _line(content.lstrip("\ufeff\n").partition("\n")[0]) is not None


def of_console(path: str, content: str) -> Result:
    """From what it printed; the percentiles need its option -s."""
    facts = found(CONSOLE, content)
    if "median" not in facts:
        no_median(path, f"has the average of {TOOL}", "run it with -s, or give its result file")
    requests = _requests(path, facts)
    return Result(
        file=path,
        fullname=f"{TOOL}::{path}",
        workload=PurePath(path).stem,
        variant=VARIANT,
        median_seconds=positive(path, "P50 Latency", float(facts["median"])),
        threads=counted(path, facts, "threads"),
        peak_memory_bytes=amount(path, facts, "memory"),
        compile_seconds=amount(path, facts, "session"),
        first_inference_seconds=scaled(amount(path, facts, "first"), 1e-3),
        runtime=TOOL,
        scenario=scenario(requests),
        origin=TOOL,
        rate_per_s=None if requests == 1 else amount(path, facts, "rate"),
    )


def _requests(path: str, facts: dict[str, str]) -> int:
    """Seconds of all runs together / seconds that passed: how many ran at once."""
    summed, wall = amount(path, facts, "summed"), amount(path, facts, "wall")
    return max(1, round(summed / wall)) if summed and wall else 1


def of_table(path: str, content: str) -> Result:
    """From the result file."""
    lines = [line for line in map(_line, content.splitlines()) if line is not None]
    models = {line.model for line in lines}
    if len(models) > 1:
        names = " and ".join(sorted(models)[:2])
        fail(path, f"has runs of {names}", "give a file per model")
    rounds = _rounds(path, lines)
    peak = max(number(path, "peak bytes", float(line.peak_bytes)) for line in lines)
    return Result(
        file=path,
        fullname=f"{TOOL}::{path}",
        workload=lines[0].model or PurePath(path).stem,
        variant=VARIANT,
        median_seconds=float(numpy.median([value for values in rounds for value in values])),
        rounds=rounds,
        peak_memory_bytes=peak or None,
        runtime=TOOL,
        origin=TOOL,
    )


def _line(text: str) -> Line | None:
    """`model,seconds,peak,cpu,run` or `model,submission,total,peak,cpu,run`; None for others."""
    parts = text.strip().rsplit(",", 4)
    if len(parts) < 5 or not all(re.fullmatch("[0-9]{1,18}", parts[at]) for at in (2, 4)):
        return None
    model, submission = (parts[0].rpartition(",")[at] for at in (0, 2))
    model = model if model and _is_number(submission) else parts[0]
    return Line(clean(model), parts[1], parts[2], int(parts[4])) if _is_number(parts[1]) else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rounds(path: str, lines: list[Line]) -> tuple[tuple[float, ...], ...]:
    """A round from each run 0 on."""
    rounds: list[list[float]] = []
    for line in lines:
        if line.run == 0 or not rounds:
            rounds.append([])
        rounds[-1].append(positive(path, f"run {line.run}", float(line.seconds)))
    return tuple(map(tuple, rounds))
