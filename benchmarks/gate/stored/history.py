"""HEAD against the stored runs of its machine.

Benchmarks are joined by name and by their facts, such as threads and the model's hash. `levels`
says what a stored run is held for. A run is one observation: its medians over processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy

from isthmus.benchmarks.gate.rule.observations import Observation, Pair
from isthmus.benchmarks.gate.rule.refusal import refused
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.rule.terms import Terms
from isthmus.benchmarks.gate.rule.verdict import Outcome, Side, Verdict
from isthmus.errors import FileError, UsageError
from isthmus.reports import ResultFile, read
from isthmus.reports.files.checks import shown
from isthmus.reports.files.history import store
from isthmus.reports.files.history.store_record import Kept, Record
from isthmus.reports.files.result_fields import SINGLE
from isthmus.reports.money.cost import few

from . import runs
from .damage import LEAVE_OUT
from .judging import Stored, alone, outcome_of, place_of, under_load

__all__ = ["gate"]

SHOWN = ("cpu_model", "cores")
MISSING, NEW = "in the newest stored run, not in HEAD", "in HEAD, in no stored run"

Earlier = Mapping[str, Sequence[Observation]]  # by benchmark, oldest first


def gate(
    folder: str | Path,
    head: str | Path,
    settings: Settings,
    *,
    since: str = "",
    allow_missing: bool = False,
    strict: bool = False,
) -> Outcome:
    """HEAD's file against the runs in the folder; HEAD is not stored, `runs.append` does that.

    since: a day, 2026-11-20; older runs do not count. Errors: `NothingMeasured` without a run of
    this machine, `UsageError` for other work, `FileError` for a benchmark that is gone, and
    `BackendMissing` where ruptures is not installed.
    """
    _check(since)
    file = read(head)
    now = runs.record_of(file)
    history = store.read(folder, now.machine)
    before = runs.before(folder, history, now, since)
    every = {one.name for record in (before[-1], now) for one in record.benchmarks}
    broken = {one.fullname: one.reason for one in file.damaged}
    terms = {name: settings.terms_of(name) for name in (*every, *broken)}
    pairs = _pairs(before, now, terms)
    gone = _gone(before[-1], now, terms, allow_missing, broken)
    new = [alone(pair.benchmark, "new", NEW) for pair in pairs if not pair.base]
    stored = Stored(
        pairs=[pair for pair in pairs if pair.base],
        base=Side(f"{len(before)} runs in {folder}", before[-1].commit, before[-1].measured),
        head=Side(str(head), now.commit, now.measured),
        alone=(*_damaged(broken, terms), *gone, *new),
        caveats=(*_again(file), *history.warnings, *before[-1].machine.warnings(now.machine)),
        unused=settings.unused([*(kept.name for kept in now.benchmarks), *broken]),
        machine={name: told for name in SHOWN if (told := getattr(now.machine, name))},
        threads=_threads(now),
    )
    return outcome_of(stored, strict)


def _check(since: str) -> None:
    try:
        if since:
            date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"since is {shown(since)}; give a day such as 2026-11-20") from None


def _pairs(before: Sequence[Record], head: Record, terms: Mapping[str, Terms]) -> list[Pair]:
    """`UsageError` that names what differs where none of the runs did the same work."""
    earlier = dict[str, list[Observation]]()
    for record in before:
        for kept in record.benchmarks:
            earlier.setdefault(kept.name, []).append(_observation(kept, record.title))
    wanted = [kept for kept in head.benchmarks if not terms[kept.name].skip]
    pairs = [_pair(kept, earlier.get(kept.name, ()), terms[kept.name]) for kept in wanted]
    other = [text for pair in pairs if not pair.base for text in _other(pair, earlier)]
    if other:
        step = "measure the same work, or begin a history in another folder"
        raise UsageError(f"stored | HEAD differ in {few(other)}; {step}")
    return pairs


def _observation(kept: Kept, label: str = "") -> Observation:
    return Observation(
        seconds=(),
        values={name: float(numpy.median(each)) for name, each in kept.values.items() if each},
        parity=kept.parity,
        facts=kept.facts,
        loaded=kept.facts.get("scenario", SINGLE) != SINGLE,
        label=label,
    )


def _pair(kept: Kept, earlier: Sequence[Observation], terms: Terms) -> Pair:
    """With the runs that did the same work."""
    head, name = _observation(kept), kept.name
    same = [one for one in earlier if not refused(name, one.facts, head.facts)]
    return under_load(Pair(name, same, [head], terms=terms, runs=True, place=place_of(name)))


def _other(pair: Pair, earlier: Earlier) -> list[str]:
    """What differs from the newest run of that name."""
    (head,) = pair.head
    newest = earlier.get(pair.benchmark, ())[-1:]
    return [text for one in newest for text in refused(pair.benchmark, one.facts, head.facts)]


def _again(file: ResultFile) -> Iterator[str]:
    if file.repeated:
        yield f"{few(file.repeated)} more than once in HEAD; the last run counts"


def _damaged(broken: Mapping[str, str], terms: Mapping[str, Terms]) -> list[Verdict]:
    """What HEAD has and cannot be read."""
    kept = ((name, reason) for name, reason in broken.items() if not terms[name].skip)
    return [alone(name, "inconclusive", f"HEAD: {reason}, {LEAVE_OUT}") for name, reason in kept]


def _gone(
    newest: Record,
    head: Record,
    terms: Mapping[str, Terms],
    allowed: bool,
    broken: Collection[str],
) -> list[Verdict]:
    """What the newest run had; `FileError` where that is not allowed to be missing."""
    names = {*(kept.name for kept in head.benchmarks), *broken}
    had = (kept.name for kept in newest.benchmarks if not terms[kept.name].skip)
    gone = [name for name in had if name not in names]
    if gone and not allowed:
        said = f"HEAD lacks {few(gone)} of the newest stored run"
        raise FileError(f"{said}; measure them, or pass --allow-missing")
    return [alone(name, "missing", MISSING) for name in gone]


def _threads(record: Record) -> int | None:
    """The one budget of all its benchmarks."""
    budgets = {kept.facts.get("threads") for kept in record.benchmarks}
    only = budgets.pop() if len(budgets) == 1 else None
    return only if isinstance(only, int) else None
