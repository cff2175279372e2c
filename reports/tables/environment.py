"""What each file was measured on and with, as (title, facts), for the end of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from isthmus.reports.files.checks import clean
from isthmus.reports.files.result import ResultFile
from isthmus.reports.money.cost import few

from .efficiency import peaks_said

__all__ = ["Environment", "environment"]

Environment = tuple[str, tuple[tuple[str, str], ...]]
MOST = 20  # of a kind, named one by one
HASH = len("sha256:") + 12  # as many letters as tell models apart


def environment(file: ResultFile) -> Environment:
    """The file's name, then date, commit, machine, peaks, runtimes, models, threads and plan."""
    about = {
        "measured": file.measured,
        "commit": file.commit,
        "cpu model": file.machine.cpu_model,
        "cores": file.machine.cores,
        **dict(file.machine.facts),
        "peaks": peaks_said(file.roofline) if file.roofline else "",
        "runtimes": _every(result.runtime for result in file.results),
        "models": _every(
            f"{result.model or result.workload} {result.model_hash[:HASH]}"
            for result in file.results
            if result.model_hash
        ),
        "threads used": _every(result.threads for result in file.results),
        "rounds": _every(len(result.rounds) or None for result in file.results),
        "plan": _plan(file.plan),
        "interrupted": "yes: rounds that were not whole are left out" * file.interrupted,
    }
    return Path(file.path).name, tuple((name, value) for name, value in about.items() if value)


def _plan(plan: Mapping[str, Any]) -> str:
    """`kind quick, rounds 6, ...`; what was not set is left out."""
    return clean(", ".join(f"{name} {value}" for name, value in plan.items() if value is not None))


def _every(values: Iterable[object]) -> str:
    """The distinct values, in the order of the results."""
    return few([str(value) for value in values if value], MOST)
