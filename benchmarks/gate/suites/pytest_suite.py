"""A pytest-benchmark suite on two revisions, benchmark by benchmark in turn.

In each round a fresh pytest of either side runs the benchmarks that both have, in head's order. Of
one benchmark both are timed together, in turns of a tenth of a second; who is through with it
waits for the other. pytest-benchmark calibrates each side alone, so that one may need more turns:
their samples count, but they lie in no cycle that the two share.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from isthmus.benchmarks.gate.rule.observations import Observation, Observed
from isthmus.benchmarks.gate.rule.refusal import SETTING, WORK
from isthmus.benchmarks.gate.rule.suite import Found, Sides
from isthmus.benchmarks.harness.processes import Home
from isthmus.benchmarks.portable.timing.pytest_turns import TURNS
from isthmus.errors import NothingMeasured, UsageError
from isthmus.reports.files.checks import amount_or_none, mapping, seconds
from isthmus.reports.files.result_fields import max_rel_error
from isthmus.reports.files.turns import turns_of
from isthmus.system.signals import begun

from .pytest_process import PytestProcess

__all__ = ["PytestSuite"]

# In extra_info, named as in result files of `isthmus bench`: the metric, and its size in units.
VALUES = {
    "peak_memory_bytes": ("peak_memory_mib", 2.0**-20),
    "compile_seconds": ("compile_ms", 1e3),
    "first_inference_seconds": ("first_inference_ms", 1e3),
}
FACTS = (*WORK, *SETTING)
NO_TURNS: Mapping[str, Any] = {"cycles": (), "disturbed": ()}
FEWEST_TURNS = 3

Entry = Mapping[str, Any]


@dataclass
class PytestSuite:
    """`arguments`: of pytest, such as paths; `place`: a folder for what the processes write.

    threads: of every process; seconds: of timed calls of each benchmark in a process, where the
    suite does not mark it otherwise.
    """

    sides: Sides
    arguments: Sequence[str]
    place: Path
    threads: int
    seconds: float = 1.0
    only_base: Collection[str] = ()
    only_head: Collection[str] = ()

    def round(self, number: int, names: Collection[str] | None) -> Found:
        """A benchmark that one side skips is one that it lacks."""
        with ExitStack() as ended:
            base = self._started("base", self.sides.base, ended)
            head = self._started("head", self.sides.head, ended)
            there = base.collected(), head.collected()
            self._begin((base, head), there, names)
            in_turns((base, head) if number % 2 == 0 else (head, base))
            found = base.entries(), head.entries()
        if names is None:
            self.only_base = _alone(there, found)
            self.only_head = _alone(there[::-1], found[::-1])
        return {
            name: both_of(name, found[0][name], found[1][name], self.threads)
            for name in found[1]
            if name in found[0]
        }

    def defined_in(self, name: str) -> str:
        """The file of a test, as its name begins."""
        return name.partition("::")[0]

    def _started(self, label: str, home: Home, ended: ExitStack) -> PytestProcess:
        if os.name != "posix":
            raise UsageError(f"--pytest stops processes by signals, which {os.name} has not")
        folder = self.place / "pytest" / label
        given = label, home, self.arguments, folder, self.threads, self.seconds
        return begun(ended, PytestProcess, *given)

    def _begin(
        self,
        both: Sequence[PytestProcess],
        there: Sequence[Collection[str]],
        names: Collection[str] | None,
    ) -> None:
        """With what both have, of what is wanted; NothingMeasured without any."""
        shared = set(there[0]).intersection(there[1] if names is None else names)
        run = [name for name in there[1] if name in shared]
        for process in both:
            # Without a test to run it fails; but if it fails otherwise, that is worth telling.
            with suppress(*() if run else (NothingMeasured,)):
                process.run(run)
        if not run:
            counts = f"base has {len(there[0])}, head has {len(there[1])}"
            what = f"base and head share no benchmark ({counts})"
            step = "a benchmark is a test that uses the fixture `benchmark`"
            raise NothingMeasured(f"pytest {' '.join(self.arguments)}: {what}; {step}")


def in_turns(both: Sequence[PytestProcess]) -> None:
    """Turns until both have ended; every second cycle goes the other way round.

    Who is at a later benchmark waits.
    """
    going, cycles = list(both), count()
    while going:
        here, cycle = min(one.place for one in going), next(cycles)
        going = [one for one in going if one.place > here or one.turn(cycle)][::-1]


def both_of(name: str, base: Entry, head: Entry, threads: int) -> Observed:
    """A round of a benchmark on base and head, by the cycles in which nothing disturbed either;
    by all where these are too few."""
    both = (
        observation_of(f"base: {name}", base, threads),
        observation_of(f"head: {name}", head, threads),
    )
    disturbed = {cycle for entry in (base, head) for cycle in _told(entry)["disturbed"]}
    good = (both[0].turns.keys() & both[1].turns.keys()) - disturbed
    if len(good) < FEWEST_TURNS:
        return both
    return _only(both[0], good), _only(both[1], good)


def observation_of(where: str, entry: Entry, threads: int) -> Observation:
    """From an entry of pytest-benchmark's file; FileError that names it where it is no such."""
    stats = mapping(where, "stats", entry.get("stats"))
    extra = mapping(where, "extra_info", entry.get("extra_info"))
    taken = seconds(where, "stats.data", stats.get("data"))
    told = {name: extra[name] for name in FACTS if extra.get(name) is not None}
    return Observation(
        seconds=taken,
        turns=turns_of(taken, _told(entry)["cycles"]),
        values=dict(_values(where, extra)),
        parity=max_rel_error(where, extra.get("parity_max_rel_error")),
        facts={"threads": threads, **told},
    )


def _told(entry: Entry) -> Mapping[str, Any]:
    """Its turns; a suite that threw `extra_info` away has none."""
    told: Mapping[str, Any] = (entry.get("extra_info") or {}).get(TURNS, NO_TURNS)
    return told


def _only(one: Observation, cycles: Collection[int]) -> Observation:
    return replace(one, turns={cycle: one.turns[cycle] for cycle in sorted(cycles)})


def _alone(there: Sequence[Collection[str]], found: Sequence[Collection[str]]) -> set[str]:
    """What the first side has, or has measured, and the second has not."""
    return set(there[0]).difference(there[1]) | set(found[0]).difference(found[1])


def _values(where: str, extra: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, (metric, size) in VALUES.items():
        amount = amount_or_none(where, name, extra.get(name))
        if amount:  # nothing takes no memory and no time: a zero was not measured
            yield metric, amount * size
