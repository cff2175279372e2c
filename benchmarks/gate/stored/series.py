"""HEAD against the stored runs of its machine, each benchmark's metrics by the rule of `judge`.

Benchmarks are joined by name and by their facts, such as threads and the model's hash. `levels`
says what a stored run is held for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from isthmus.benchmarks.gate.rule.judge import judged, judged_parity
from isthmus.benchmarks.gate.rule.metrics import METRICS, PARITY
from isthmus.benchmarks.gate.rule.observations import Pair, Seen
from isthmus.benchmarks.gate.rule.process_observations import THROUGHPUT
from isthmus.benchmarks.gate.rule.refusal import refused
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.rule.verdict import Kind, Outcome, Side, Verdict
from isthmus.errors import FileError, NothingMeasured, UsageError
from isthmus.reports import read
from isthmus.reports.files.checks import shown
from isthmus.reports.files.history import store
from isthmus.reports.files.history.store_record import Kept, Record
from isthmus.reports.files.result_fields import SINGLE
from isthmus.reports.money.cost import few

from . import runs
from .asked import place_of
from .file_pair import explained
from .levels import Line, asked_of


class Work(NamedTuple):
    """A benchmark of HEAD, and the runs before it that did the same work, oldest first."""

    head: Kept
    runs: Sequence[tuple[Record, Kept]]


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
    `MissingExtra` where ruptures is not installed.
    """
    _check(since)
    now = runs.record_of(read(head))
    history = store.read(folder, now.machine)
    before = runs.before(folder, history, now, since)
    works = _works(before, now, settings)
    verdicts = [*_gone(before[-1], now, settings, allow_missing), *_new(works)]
    verdicts = [*_judged([work for work in works if work.runs], settings), *verdicts]
    return Outcome(
        verdicts=tuple(verdicts),
        base=Side(f"{len(before)} runs in {folder}", before[-1].commit, before[-1].measured),
        head=Side(str(head), now.commit, now.measured),
        strict=strict,
        warnings=(
            *history.warnings,
            *before[-1].machine.warnings(now.machine),
            *_unanswered(works, settings),
            *settings.unused([kept.name for kept in now.benchmarks]),
        ),
        machine={"cpu_model": now.machine.cpu_model, "cores": now.machine.cores},
        threads=_threads(now),
    )


def _check(since: str) -> None:
    try:
        if since:
            date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"since is {shown(since)}; give a day such as 2026-11-20") from None


def _works(before: Sequence[Record], head: Record, settings: Settings) -> list[Work]:
    """`UsageError` that names what differs where none of the runs did the same work."""
    found = dict[str, list[tuple[Record, Kept]]]()
    for record in before:
        for kept in record.benchmarks:
            found.setdefault(kept.name, []).append((record, kept))
    wanted = [kept for kept in head.benchmarks if not settings.skips(kept.name)]
    works = [_work(kept, found.get(kept.name, ())) for kept in wanted]
    other = [text for work in works if not work.runs for text in _other(work.head, found)]
    if other:
        step = "measure the same work, or begin a history in another folder"
        raise UsageError(f"stored | HEAD differ in {few(other)}; {step}")
    return works


def _work(head: Kept, earlier: Iterable[tuple[Record, Kept]]) -> Work:
    return Work(head, [one for one in earlier if not refused(head.name, one[1].facts, head.facts)])


def _other(head: Kept, found: dict[str, list[tuple[Record, Kept]]]) -> list[str]:
    """What differs from the newest run of that name."""
    return [
        text
        for _, kept in found.get(head.name, [])[-1:]
        for text in refused(head.name, kept.facts, head.facts)
    ]


def _judged(works: Sequence[Work], settings: Settings) -> list[Verdict]:
    """In the order of the benchmarks; all intervals hold together."""
    asked = [asked_of(line) for work in works for line in _lines(work, settings)]
    answers = iter(judged([question for one in asked for question in one.questions()]))
    timed = [explained(one.verdict(answers), settings) for one in asked]
    right = [_parity(work) for work in works if PARITY in settings.metrics_of(work.head.name)]
    found = [*timed, *(one for one in right if one)]
    if works and not found:
        names = few([name for work in works for name in settings.metrics_of(work.head.name)])
        said = f"HEAD and the stored runs both have none of {names}"
        raise NothingMeasured(f"{said}; ask for other metrics")
    places = {work.head.name: at for at, work in enumerate(works)}
    return sorted(found, key=lambda verdict: places[verdict.benchmark])


def _lines(work: Work, settings: Settings) -> Iterator[Line]:
    """The metrics that are asked for, and that HEAD and a run before it have."""
    name = work.head.name
    for metric in metrics_of(work, settings.metrics_of(name)):
        head = work.head.log(metric)
        known = [(run, log) for run, kept in work.runs if (log := kept.log(metric)) is not None]
        if metric in METRICS and head is not None and known:
            order, logs = zip(*known, strict=True)
            margin = settings.margin_of(name, metric)
            yield Line(name, METRICS[metric], order, logs, head, margin, place_of(name))


def metrics_of(work: Work, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Under load latency is another thing: the percentile that was promised, or the rate.

    Offline has no latencies, and a server that was asked at several rates searched them.
    """
    facts, latencies = work.head.facts, [name for name in asked if name.startswith("latency_")]
    if facts.get("scenario", SINGLE) == SINGLE or not latencies:
        return asked
    rates = {kept.values.get(runs.RATE) for kept in (work.head, *(kept for _, kept in work.runs))}
    if facts.get("scenario") == "offline" or len(rates) > 1:
        return tuple(dict.fromkeys(THROUGHPUT if name in latencies else name for name in asked))
    return tuple(dict.fromkeys((f"latency_p{facts.get('percentile', 0):g}_ms", *asked)))


def _parity(work: Work) -> Verdict | None:
    """Against the newest run: an error that was wrong long ago is no excuse."""
    before = Seen((), parity=work.runs[-1][1].parity)
    name, now = work.head.name, Seen((), parity=work.head.parity)
    return judged_parity(Pair(name, [before], [now], place=place_of(name)))


def _new(works: Sequence[Work]) -> list[Verdict]:
    return [_alone(w.head.name, "new", "in HEAD, in no stored run") for w in works if not w.runs]


def _gone(newest: Record, head: Record, settings: Settings, allowed: bool) -> list[Verdict]:
    """What the newest run had; `FileError` where that is not allowed to be missing."""
    names = {kept.name for kept in head.benchmarks}
    had = (kept.name for kept in newest.benchmarks if not settings.skips(kept.name))
    gone = [name for name in had if name not in names]
    if gone and not allowed:
        said = f"HEAD lacks {few(gone)} of the newest stored run"
        raise FileError(f"{said}; measure them, or pass --allow-missing")
    return [_alone(name, "missing", "in the newest stored run, not in HEAD") for name in gone]


def _alone(name: str, kind: Kind, reason: str) -> Verdict:
    return Verdict(name, "", kind, reason, place=place_of(name))


def _unanswered(works: Sequence[Work], settings: Settings) -> Iterator[str]:
    """A line for each metric that HEAD no longer has."""
    lost = dict[str, list[str]]()
    for work in works:
        for metric in settings.metrics_of(work.head.name):
            had = any(metric in kept.values for _, kept in work.runs)
            if had and metric not in work.head.values:
                lost.setdefault(metric, []).append(work.head.name)
    for metric, names in lost.items():
        yield f"{metric} is not judged: HEAD lacks it for {few(names)}"


def _threads(record: Record) -> int | None:
    """The one budget of all its benchmarks."""
    budgets = {kept.facts.get("threads") for kept in record.benchmarks}
    only = budgets.pop() if len(budgets) == 1 else None
    return only if isinstance(only, int) else None
