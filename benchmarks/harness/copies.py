"""Copies of one program side by side: k processes of one thread each, on k processors.

    rate of a turn = sum over the copies of calls / seconds in that turn

A turn is given to all copies at once, so that what they share (the memory's bandwidth, the last
cache, a core's two threads, the clock) is shared as in a server; copies of another number take
their turns between, and meet the same machine. What is recorded of a round is as if the copies were
one process: the seconds a call of each turn, 1 / its rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from isthmus.benchmarks.portable.timing.verdicts import VALID, described
from isthmus.errors import IsthmusError, UsageError
from isthmus.system import topology
from isthmus.system.signals import begun
from isthmus.system.threads import available_threads

from .processes import Process, Record
from .variants import Variant

__all__ = ["SCALING", "Copies", "counts_of", "merged", "processors_of", "runner_of"]

SCALING = "scaling"  # the scenario's name in a result file
NO_OUTPUTS = {"outputs": None, "judged": None}  # of the others, which are as the first
SIBLINGS = "cpu/cpu{}/topology/thread_siblings_list"


class Copies:
    """As `Process`, of as many as `variant.copies`; outputs are those of the first."""

    def __init__(
        self, folder: Path, variant: Variant, threads: int, seconds: float, **job: Any
    ) -> None:
        self.variant = variant
        self.record: Record | None = None
        self._given = folder, variant, 1, seconds
        self._job = job
        self._members = list[Process]()
        self._ended = ExitStack()

    def opened(self) -> Copies:
        """Itself, once each is warm: one after the other, those that are warm are stopped."""
        with self._ended_where_one_fails():
            for processor in processors_of(self.variant.copies):
                job = {**self._job, **(NO_OUTPUTS if self._members else {})}
                one = begun(
                    self._ended,
                    Process,
                    *self._given,
                    processors=[processor],
                    every_turn=True,
                    **job,
                )
                self._members.append(one.opened())
        return self

    def turn(self) -> bool:
        """Let all run for a turn; whether one wants another. If none does, `record` is there."""
        with self._ended_where_one_fails():
            wants_another = self._turn()
            if not wants_another:
                records = [one.record for one in self._members if one.record is not None]
                self.record = merged(records)
        return wants_another

    @contextmanager
    def _ended_where_one_fails(self) -> Iterator[None]:
        """The others of a copy that failed would run on beside what is measured."""
        try:
            yield
        except IsthmusError:
            self.end()
            raise

    def _turn(self) -> bool:
        going = [one for one in self._members if one.record is None]
        for one in going:
            one.go()
        wanting = [one for one in going if one.heard()]  # not `any`: every one has to be heard
        return bool(wanting)

    def end(self) -> None:
        """End those that still run, and clean up."""
        self._ended.close()


def counts_of(text: str) -> tuple[int, ...]:
    """`1,2,4` as numbers of processes, with 1 to compare with; UsageError for others."""
    most = available_threads()
    try:
        found = {int(word) for word in text.split(",")}
    except ValueError:
        raise UsageError(f"--scaling {text}: give numbers of processes such as 1,{most}") from None
    if not all(1 <= count <= most for count in found):
        raise UsageError(f"--scaling {text}: there are {most} processors; give 1 to {most}")
    return tuple(sorted({1, *found}))


def processors_of(count: int) -> list[int]:
    """The processors of so many copies: of different cores as long as there are some."""
    seen, first, second = set[str | None](), list[int](), list[int]()
    for at in topology.usable():
        core = topology.read(topology.SYSTEM / SIBLINGS.format(at))
        (second if core is not None and core in seen else first).append(at)
        seen.add(core)
    return [*first, *second][:count]


def merged(records: Sequence[Record]) -> dict[str, Any]:
    """The records of copies that had their turns together as one.

    Turns in which one of them was disturbed are left out; where none is left all are kept, and said
    to be bad, as those of a single process are.
    """
    turns = list(zip(*(record["every_turn"] for record in records), strict=False))
    good = [at for at, each in enumerate(turns) if all(undisturbed for _, undisturbed in each)]
    shared = good or list(range(len(turns)))
    seconds = [1 / sum(1 / mean for mean, _ in turns[at]) for at in shared]
    windows, bad = records[0]["windows"], _counted(one["windows"]["bad"] for one in records)
    about = {
        "kept": len(shared),
        "turns": [[at, 1] for at in shared],
        "all_bad": not good,
        "bad": bad,
        "discarded": bad if good else {},
    }
    return {
        **{name: value for name, value in records[0].items() if name != "every_turn"},
        "seconds": seconds,
        "calls_per_sample": 1,
        "windows": windows | about,
        "affinity": sorted(set(chain.from_iterable(one["affinity"] or () for one in records))),
        **{name: _sum(records, name) for name in SUMMED},
        "energy_joules_per_call": None,
        "scenario": _result(records, seconds),
        "copies": [_copy(record) for record in records],
        "call_variation": _variation(records),
    }


SUMMED = ("peak_memory_bytes", "cpu_per_wall", "os_threads")


def _counted(every: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found = dict[str, int]()
    for reasons in every:
        for reason, count in reasons.items():
            found[reason] = found.get(reason, 0) + count
    return found


def _sum(records: Sequence[Record], name: str) -> float | None:
    known = [record[name] for record in records]
    return None if None in known else sum(known)


def _result(records: Sequence[Record], seconds: Sequence[float]) -> dict[str, Any]:
    """Percentiles are those of a call of any copy; the rate is that of all."""
    latencies = [sample for record in records for sample in record["seconds"]]
    calls = sum(len(record["seconds"]) * record["calls_per_sample"] for record in records)
    rate = fmean(1 / each for each in seconds)
    return {**described(SCALING, latencies, calls), "achieved_per_s": rate, **VALID}


def _variation(records: Sequence[Record]) -> float | None:
    """Standard deviation / mean of a call's seconds, over all copies; None of a single sample."""
    samples = [sample for record in records for sample in record["seconds"]]
    if len(samples) < 2:
        return None
    grouped = records[0]["calls_per_sample"]
    return math.sqrt(grouped) * stdev(samples) / fmean(samples)


def _copy(record: Record) -> dict[str, Any]:
    names = ("affinity", "cpu_per_wall", "peak_memory_bytes", "warm_up")
    return {**{name: record[name] for name in names}, "mean_seconds": fmean(record["seconds"])}


Runner = Callable[..., Process | Copies]


def runner_of(variant: Variant) -> Runner:
    """What runs a variant: a process, or copies of it."""
    return Copies if variant.copies else Process
