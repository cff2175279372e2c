"""ONNX Runtime's onnxruntime_perf_test: its result file with every time.

It has a line per run, `model,seconds,peak bytes,CPU percent,run`, since 2025 with the seconds
until submission before the seconds in all; it is appended to, so that each run 0 starts a new
round.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NamedTuple

import numpy

from .checks import Times, clean, converted, fail
from .result import Result

__all__ = ["TOOL", "is_table", "of_table"]

TOOL = "onnxruntime_perf_test"
VARIANT = "onnxruntime-perf-test"


class Line(NamedTuple):
    """One run of the result file."""

    model: str
    seconds: str
    peak_bytes: str
    run: int


def is_table(content: str) -> bool:
    """True for the result file, whose first line is a run."""
    return _line(content.lstrip("\ufeff\n").partition("\n")[0]) is not None


def of_table(path: str, content: str) -> Result:
    """From the result file."""
    lines = [line for line in map(_line, content.splitlines()) if line is not None]
    models = {line.model for line in lines}
    if len(models) > 1:
        names = " and ".join(sorted(models)[:2])
        fail(path, f"has runs of {names}", "give a file per model")
    rounds = _rounds(path, lines)
    peak = float(max(int(line.peak_bytes) for line in lines))
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
    rounds: list[list[str]] = []
    for line in lines:
        if line.run == 0 or not rounds:
            rounds.append([])
        rounds[-1].append(line.seconds)
    found: tuple[tuple[float, ...], ...] = converted(
        path, rounds, tuple[Times, ...], "rounds", strict=False
    )
    return found
