"""What each file was measured on and with, as (title, facts), for the end of a report."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .results import ResultFile

Environment = tuple[str, tuple[tuple[str, str], ...]]


def environment(file: ResultFile) -> Environment:
    """The file's name, then date, commit, machine, runtimes, threads and rounds."""
    known = dict(file.machine.facts)
    machine = {"cpu model": file.machine.cpu_model, "cores": file.machine.cores}
    about = {
        "measured": file.measured,
        "commit": file.commit,
        **machine,
        **known,
        "runtimes": _every(result.runtime for result in file.results),
        "threads used": _every(result.threads for result in file.results),
        "rounds": _every(len(result.rounds) or None for result in file.results),
    }
    return Path(file.path).name, tuple((name, value) for name, value in about.items() if value)


def _every(values: Iterable[object]) -> str:
    """The distinct values, in the order of the results."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value))
