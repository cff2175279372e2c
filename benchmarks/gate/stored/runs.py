"""Result files as runs of a history: what is kept of one, and which runs HEAD is held against."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from isthmus.benchmarks.gate.rule.metrics import ROWS, values_of
from isthmus.benchmarks.gate.rule.process_observations import observations_of, rate_asked
from isthmus.benchmarks.gate.rule.refusal import facts_of, invalid
from isthmus.errors import NothingMeasured, UsageError
from isthmus.reports import Machine, Result, ResultFile, read
from isthmus.reports.files.checks import clean, fail
from isthmus.reports.files.history import store
from isthmus.reports.files.history.store import History
from isthmus.reports.files.history.store_record import Kept, Record, moment

__all__ = ["append", "before", "record_of"]

MODIFIED = " (modified)"


def append(folder: str | Path, file: str | Path) -> Path:
    """Store the run that a result file holds; errors are those of reading, `record_of`, `store`."""
    return store.append(folder, record_of(read(file)))


def record_of(file: ResultFile) -> Record:
    """The median and the like of each process; no samples, and no dollars, which are no speed.

    Errors: `FileError` for a file that does not name its day and its processor, `UsageError` for
    an INVALID run, `NothingMeasured`.
    """
    if not file.results:
        raise NothingMeasured(f"{file.path}: no benchmark to store; run `isthmus bench` first")
    if not file.machine.is_known:
        what = "names no processor, nor host, architecture and system in its place"
        fail(file.path, what, "a history is kept by machine: measure again")
    return Record(
        measured=moment(file.path, file.measured),
        commit=file.commit.removesuffix(MODIFIED),
        dirty=file.commit.endswith(MODIFIED),
        machine=file.machine,
        benchmarks=tuple(map(kept_of, file.results)),
    )


def kept_of(result: Result) -> Kept:
    """Each metric's value in each process; a file of statistics alone has its median."""
    _check_valid(result)
    return Kept(
        name=result.fullname,
        workload=result.workload,
        variant=result.variant,
        facts=facts_of(result),
        values=_values(result),
        parity=result.parity_max_rel_error,
    )


def _values(result: Result) -> dict[str, tuple[float, ...]]:
    """By metric; what is not above zero was not measured."""
    observed = observations_of(result)
    found = {metric.name: values_of(metric, observed) for metric in ROWS}
    values = {name: _short(each) for name, each in found.items() if each and min(each) > 0}
    return values | {name: (rate,) for name, rate in rate_asked(result).items()}


def _short(values: Iterable[float]) -> tuple[float, ...]:
    """As many digits as clocks tell."""
    return tuple(float(f"{value:.9g}") for value in values)


def _check_valid(result: Result) -> None:
    if why := invalid(result):
        said = f"{result.file}: {result.fullname} is INVALID: {why}"
        raise UsageError(clean(f"{said}; an INVALID run shows nothing, measure again"))


def before(folder: str | Path, history: History, head: Record, since: str) -> tuple[Record, ...]:
    """The runs by HEAD's interpreter that are older than it; of the day `since`, or later.

    Errors: `NothingMeasured` where there is none, with what differs from the machines stored.
    """
    if not history.records:
        _none_of(folder, head.machine)
    older = [one for one in history.records if since <= one.measured < head.measured]
    found = tuple(one for one in older if not one.machine.other_interpreter(head.machine))
    if not found:
        days = f"from {since} on, before" if since else "before"
        said = f"{folder}: no run of this machine {days} HEAD's {head.measured}"
        if older:
            newest = older[-1].machine.other_interpreter(head.machine)
            said += f" by its interpreter; of {len(older)} the newest differs in {newest}"
        raise NothingMeasured(clean(f"{said}; store runs of the states to compare with"))
    return found


def _none_of(folder: str | Path, machine: Machine) -> NoReturn:
    """`NothingMeasured` with what differs from the stored machine that is nearest."""
    differences = sorted((machine.differences(one) for one in store.machines(folder)), key=len)
    said = f"{folder}: no run of this machine is stored"
    if differences:
        nearest = "; ".join(differences[0])
        said += f"; of {len(differences)} stored the nearest differs (here | there) in {nearest}"
    raise NothingMeasured(clean(f"{said}; measure here, and store it"))
