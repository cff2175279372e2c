"""What could not be measured, by workload and variant, with the reason: never a zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from isthmus.reports.display import label
from isthmus.reports.files.file_fields import Missing
from isthmus.reports.files.result import ResultFile
from isthmus.reports.money.cost import few

__all__ = ["missing", "reasons"]


MOST = 20  # workloads named on a line


def missing(files: Sequence[ResultFile]) -> tuple[tuple[ResultFile, Missing], ...]:
    """Each once, less what another file of the same machine measured."""
    measured = {
        (file.machine, result.workload, result.variant, result.scenario)
        for file in files
        for result in file.results
    }
    every = {
        key: (file, lack)
        for file in reversed(files)
        for lack in reversed(file.missing)
        if (key := (file.machine, lack.workload, lack.variant, lack.scenario)) not in measured
    }
    return tuple(reversed(every.values()))


def reasons(lacks: Iterable[Missing]) -> tuple[str, ...]:
    """A line per variant and reason, with the workloads it holds for."""
    groups: dict[tuple[str, str], list[str]] = {}
    for lack in lacks:
        groups.setdefault((lack.variant, lack.reason), []).append(lack.workload)
    return tuple(
        f"{label(variant)} is missing ({few(names, MOST)}): {reason.rstrip('.')}."
        for (variant, reason), names in groups.items()
    )
