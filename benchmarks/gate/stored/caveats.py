"""What does not forbid a comparison of two files, and is said: a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from isthmus.benchmarks.gate.rule.refusal import different_machines, loaded
from isthmus.reports import Result, ResultFile
from isthmus.reports.money.cost import few
from isthmus.reports.stats.intervals import FEWEST_ROUNDS

__all__ = ["caveats"]

KEEP = (
    "to keep raw times measure with --benchmark-json=FILE, or add --benchmark-save-data to "
    "--benchmark-save or --benchmark-autosave"
)
MOST = 20  # lines on what differs between two machines

Pairs = Sequence[tuple[Result, Result]]


def caveats(base: ResultFile, head: ResultFile, pairs: Pairs) -> tuple[str, ...]:
    """All of them, the gravest first."""
    found = (_machines, _interrupted, _order, _repeated, _copies, _few_processes, _no_times, _rates)
    return tuple(line for lines in found for line in lines(base, head, pairs))


def _machines(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    """What was allowed to differ, and what may: conditions, versions."""
    if other := different_machines(base.machine, head.machine):
        yield f"compared all the same: BASE | HEAD differ in {'; '.join(other)}"
    for old, new in pairs:
        if old.threads != new.threads:
            threads = f"{old.threads or 'unknown'} | {new.threads or 'unknown'}"
            yield f"compared all the same: threads of {old.fullname}: {threads}"
            break
    lines = base.machine.warnings(head.machine)
    yield from (f"BASE | HEAD: {line}" for line in lines[:MOST])
    if len(lines) > MOST:
        yield f"BASE | HEAD: {len(lines) - MOST} more conditions and versions differ"


def _interrupted(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    for file in (base, head):
        if file.interrupted:
            yield f"{file.path}: the run was interrupted; it may have fewer rounds than planned"


def _order(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    """A clock that was put back, or two files in the wrong order."""
    before, after = (_time(file.measured) for file in (base, head))
    if before and after and after < before:
        times = f"HEAD was measured at {head.measured}, BASE after it at {base.measured}"
        yield f"{times}; is their order right?"


def _time(text: str) -> datetime | None:
    """In UTC, as files are read; None for what is no time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _repeated(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    """Tests that were run again."""
    for file in (base, head):
        if file.repeated:
            yield f"{file.path}: {few(file.repeated)} more than once; the last run counts"


def _copies(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    if all(old.rounds and old.rounds == new.rounds for old, new in pairs):
        yield "BASE and HEAD hold the same times: one is a copy of the other"


def _few_processes(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    few = sum(min(len(old.rounds), len(new.rounds)) < FEWEST_ROUNDS for old, new in pairs)
    if few:
        yield (
            f"{few} of {len(pairs)} benchmarks have fewer than {FEWEST_ROUNDS} processes a side: "
            "their intervals see the calls of one process, not what differs between processes"
        )


def _no_times(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    """What pytest-benchmark leaves away unless it is asked."""
    lacking = {"BASE": 0, "HEAD": 0}
    for both in pairs:
        for side, one in zip(lacking, both, strict=True):
            lacking[side] += not one.rounds
    said = " and ".join(f"{count} of {side}" for side, count in lacking.items() if count)
    if said:
        yield (
            f"of {len(pairs)} benchmarks, {said} have no raw times: they are judged by their "
            f"medians and quartiles; {KEEP}"
        )


def _rates(base: ResultFile, head: ResultFile, pairs: Pairs) -> Iterator[str]:
    """Servers that searched their rate."""
    for old, new in pairs:
        if loaded(old) and old.scenario_result and new.scenario_result:
            rates = old.scenario_result.rate_per_s, new.scenario_result.rate_per_s
            if rates[0] != rates[1]:
                yield f"{old.fullname}: rates {rates[0]} | {rates[1]}, judged by its throughput"
