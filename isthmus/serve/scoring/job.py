"""A whole input scored: parts handed out, what is finished kept, and the output put together."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from isthmus._version import __version__
from isthmus.errors import UsageError
from isthmus.serve.scorer import Scorer
from isthmus.serve.scorer_source import facts_of
from isthmus.system import files, machine
from isthmus.system.threads import available_threads

from .finding import input_of
from .images import ImageFolder
from .money import Tariff, tariff
from .on_ray import OnRay
from .outputs import ROW, about_of, check_output, written
from .part import Done, Work
from .processes import Processes
from .read import Input, Span
from .state import State

__all__ = ["REJECTED", "Job", "Progress", "Summary", "run"]

REJECTED = ".rejected.jsonl"  # ends the name of the file of rows without a result
TURN_SECONDS = 0.5  # between two looks at the progress
RUNTIMES = ("numpy", "onnxruntime", "onnxruntime-gpu", "openvino", "tokenizers")

Show = Callable[["Progress"], None]


@dataclass(frozen=True)
class Job:
    """What is asked for. part: rows of a part; threads: of a process; None is a default."""

    scorer: Scorer
    input: Path
    output: Path
    keep: tuple[str, ...] = ()
    part: int | None = None
    engine: str = "local"
    processes: int | None = None
    threads: int | None = None
    address: str | None = None
    instance: str | None = None


@dataclass(frozen=True)
class Progress:
    """rows: finished, of all; seconds_left and usd: None while nothing is known of them."""

    rows: int
    of: int
    rejected: int
    rows_per_second: float
    seconds_left: float | None
    usd: float | None


@dataclass(frozen=True)
class Summary:
    """What came of it. resumed: rows that an earlier run had finished. seconds: of this run;
    scoring_seconds: from when the first program was open until the last part was there."""

    model: str
    input: str
    output: str
    rows: int
    scored: int
    rejected: int
    rejects: str | None
    resumed: int
    engine: str
    processes: int
    threads: int
    seconds: float
    scoring_seconds: float
    rows_per_second: float
    usd: float | None
    instance: str | None
    price: str


class Workers(Protocol):
    """Where parts are scored."""

    @property
    def count(self) -> int: ...
    def idle(self) -> int: ...
    def give(self, number: int, span: Span) -> None: ...
    def finished(self, seconds: float) -> list[Done]: ...
    def end(self) -> None: ...


def run(job: Job, show: Show = lambda _: None) -> Summary:
    """Score what is not yet scored, and write the output; goes on where an earlier run ended.

    Raises UsageError and FileError for what cannot be read, scored or written, and where the
    folder beside the output has parts of other work.
    """
    check_output(job.output)
    source = input_of(job.input, job.part)
    keep = _kept(job, source)
    spans = source.spans()
    if not spans:
        raise UsageError(f"{job.input} has no rows; give one that has")
    threads = job.threads or job.scorer.tuned_threads or 1
    job.scorer.threads = threads
    state = State(job.output, _facts(job, source, keep, threads), len(spans))
    with state.held():
        if (earlier := state.ended()) is not None:
            state.remove()
            return Summary(**earlier)
        return _run(job, source, spans, keep, threads, state, show)


def _run(
    job: Job,
    source: Input,
    spans: Sequence[Span],
    keep: tuple[str, ...],
    threads: int,
    state: State,
    show: Show,
) -> Summary:
    started = perf_counter()
    tally = Tally(spans)
    for number in state.finished():
        about, _ = about_of(state.path(number))
        tally.add(Done(number, about["rows"], about["rejected"], about["seconds"]))
    tally.resumed = tally.rows
    processes = job.processes or max(1, available_threads() // threads)
    price = _tariff(job, threads, processes)
    if tally.left:
        work = Work(job.scorer, source, str(state.folder), (ROW, *keep))
        with _workers(job, work, min(processes, len(tally.left)), threads) as workers:
            processes = workers.count
            _score(workers, tally, spans, price, show)
    rejects = _write_rejects(job.output, state, tally)
    if not tally.scored:
        raise UsageError(
            f"none of the {tally.rows} rows of {job.input} was scored; {rejects} says why of each"
        )
    written(job.output, state, source, spans, keep)
    seconds = perf_counter() - started
    known = isinstance(price, Tariff)
    summary = Summary(
        model=job.scorer.source.name,
        input=str(job.input),
        output=str(job.output),
        rows=tally.rows,
        scored=tally.scored,
        rejected=tally.rejected,
        rejects=rejects,
        resumed=tally.resumed,
        engine=job.engine,
        processes=processes,
        threads=threads,
        seconds=seconds,
        scoring_seconds=tally.elapsed,
        rows_per_second=(tally.rows - tally.resumed) / seconds,
        usd=tally.seconds * price.usd_per_second if isinstance(price, Tariff) else None,
        instance=price.instance if isinstance(price, Tariff) else None,
        price=_said(price) if known else str(price),
    )
    state.end(asdict(summary))
    state.remove()
    return summary


class Tally:
    """What is finished so far. seconds: of all processes together; elapsed: by the clock."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = spans
        self.left = set(range(len(spans)))
        self.rows = self.scored = self.rejected = self.resumed = 0
        self.seconds = 0.0
        self.elapsed = 0.0

    def add(self, done: Done) -> None:
        self.left.discard(done.number)
        self.rows += done.rows + done.rejected
        self.scored += done.rows
        self.rejected += done.rejected
        self.seconds += done.seconds


def _score(
    workers: Workers, tally: Tally, spans: Sequence[Span], price: Tariff | str, show: Show
) -> None:
    """Hand out what is left; the clock starts with the first part, when programs are open."""
    waiting = deque(sorted(tally.left))
    every = sum(span.rows for span in spans)
    begun: float | None = None
    while tally.left:
        while waiting and workers.idle():
            begun = begun or perf_counter()
            number = waiting.popleft()
            workers.give(number, spans[number])
        for done in workers.finished(TURN_SECONDS):
            tally.add(done)
        tally.elapsed = perf_counter() - begun if begun else 0.0
        rate = (tally.rows - tally.resumed) / tally.elapsed if tally.elapsed else 0.0
        usd = tally.seconds * price.usd_per_second if isinstance(price, Tariff) else None
        left = (every - tally.rows) / rate if rate else None
        show(Progress(tally.rows, every, tally.rejected, rate, left, usd))


@contextmanager
def _workers(job: Job, work: Work, processes: int, threads: int) -> Iterator[Workers]:
    workers: Workers
    if job.engine == "ray":
        workers = OnRay(work, job.processes, threads, job.address)
    else:
        workers = Processes(work, processes, threads)
    try:
        yield workers
    finally:
        workers.end()


def _kept(job: Job, source: Input) -> tuple[str, ...]:
    """The columns of the output beside results; an image's path is always one."""
    always = ("path",) if isinstance(source, ImageFolder) else ()
    keep = tuple(dict.fromkeys([*always, *job.keep]))
    names = source.names()
    for name in keep:
        if name not in names:
            raise UsageError(f"--keep {name}: no such column; {job.input} has {', '.join(names)}")
        if name == ROW:
            raise UsageError(f"--keep {ROW}: the output has the row's number by that name; rename")
    return keep


def _facts(job: Job, source: Input, keep: Sequence[str], threads: int) -> dict[str, Any]:
    """All that the parts depend on; not how many processes there are."""
    return {
        "input": source.facts(),
        "model": facts_of(job.scorer.source),
        "columns": job.scorer.asked,
        "keep": list(keep),
        "threads": threads,
        "rows_of_a_part": job.part,
        "versions": {"isthmus": __version__, **machine.versions(RUNTIMES)},
    }


def _write_rejects(output: Path, state: State, tally: Tally) -> str | None:
    """A line for each row without a result, {"row": 7, "reason": "text is empty"}."""
    path = output.with_name(output.name + REJECTED)
    if not tally.rejected:
        path.unlink(missing_ok=True)  # of an earlier run
        return None
    with files.replacing(path, durable=True) as partial, open(partial, "w", encoding="utf-8") as to:
        for number in range(state.count):
            for row, reason in about_of(state.path(number))[1]:
                to.write(json.dumps({"row": row, "reason": reason}) + "\n")
    return str(path)


def _tariff(job: Job, threads: int, processes: int) -> Tariff | str:
    options: Mapping[str, Any] = dict(job.scorer.source.options)
    where = options.get("device") or options.get("backend") or "cpu"
    if job.engine == "ray" and job.instance is None:
        return "give --instance for the machines of the cluster"
    precision = options.get("precision") or "f32"
    return tariff(str(where), threads, processes, str(precision), job.instance)


def _said(price: Tariff | str) -> str:
    if isinstance(price, str):
        return price
    how = "which this is" if price.measured else "projected by cores; this is another machine"
    return f"{price.instance} at ${price.usd_per_hour:g} an hour ({price.date}), {how}"
