"""Isthmus's own workloads, or models of the user's, on two revisions that take turns.

Each revision traces and prepares the model by its own code, and opens it by its own; the harness
that calls and times it is one and the same for both. Outputs of both are compared with those of
base's NumPy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from shutil import copy2, copytree
from time import monotonic
from typing import Any

from isthmus.benchmarks.gate.rule.agreement import Agreement
from isthmus.benchmarks.gate.rule.observations import Observation, Observed
from isthmus.benchmarks.gate.rule.suite import Found, Sides
from isthmus.benchmarks.harness.clock import Step
from isthmus.benchmarks.harness.making import make
from isthmus.benchmarks.harness.parity import compared
from isthmus.benchmarks.harness.processes import Delay, Home, Process, Record, cycles, measured
from isthmus.benchmarks.harness.variants import Variant, find
from isthmus.benchmarks.portable.timing.inputs import read_outputs
from isthmus.errors import BackendMissing, IsthmusError, NothingMeasured
from isthmus.reports import usd_per_million
from isthmus.reports.files.budget import F32
from isthmus.reports.files.result_fields import Parity
from isthmus.reports.files.turns import turns_of
from isthmus.system.signals import begun

__all__ = ["WorkloadSuite", "name_of"]

REFERENCE, REFERENCE_FILE = "numpy", "reference.npz"
FACTS = ("batch", "sequence", "inputs_hash")
MIB = 2**20
TRIES = 3
OWN_ENVIRONMENT = " (it has an environment of its own: --install says what is in it)"


@dataclass(frozen=True)
class Prepared:
    """A revision's files of a workload, and what it says of it."""

    folder: Path
    home: Home
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Both:
    """What a round of base and head told, and the seconds that it took."""

    observations: Observed
    opening_seconds: float
    turning_seconds: float


@dataclass
class WorkloadSuite:
    """Every workload on every variant. `place`: a folder for prepared files.

    seconds: of timed calls in each process; threads: of every process. preparer: who prepares the
    files that both sides run, and then their outputs are compared with each other as well; None:
    each side prepares its own.
    """

    sides: Sides
    works: Sequence[str]
    variants: Sequence[Variant]
    place: Path
    threads: int
    seconds: float = 1.0
    shapes: Sequence[str] = ()
    usd_per_hour: float | None = None
    only_base: Collection[str] = ()
    only_head: Collection[str] = ()
    preparer: Home | None = None
    agreements: dict[str, Agreement] = field(default_factory=dict)
    _deadline: float | None = None
    # In which a side computes a workload on a variant, as its runtime told with its outputs.
    _precisions: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def prepare(self, budget_seconds: float, progress: Callable[[Step], None]) -> None:
        """Write all files before anything is timed; NothingMeasured where the budget ends first."""
        began = monotonic()
        progress(Step(f"preparing {', '.join(self.works)}", 0.0, budget_seconds))
        self._deadline = began + budget_seconds
        try:
            self.prepared  # noqa: B018 (made when it is first asked for)
        finally:
            self._deadline = None
        if monotonic() > began + budget_seconds:
            raise self._too_short(monotonic() - began)

    def _too_short(self, took_seconds: float) -> NothingMeasured:
        what = f"preparing {', '.join(self.works)} took the whole budget ({took_seconds:.0f} s)"
        return NothingMeasured(f"{what}, and nothing was measured; give a longer --budget")

    def round(self, number: int, names: Collection[str] | None) -> Found:
        wanted = [
            (work, variant)
            for work in self.works
            for variant in self.variants
            if names is None or name_of(work, variant) in names
        ]
        return {name_of(*one): self.both(*one, number, self.seconds).observations for one in wanted}

    def defined_in(self, name: str) -> str:
        """Workloads are rows of a table, which belongs to no file of the user's."""
        return ""

    @cached_property
    def prepared(self) -> Mapping[str, tuple[Prepared, Prepared]]:
        """The files of base and head for each workload; the same ones where both are one."""
        both = {work: self._both(work, at) for at, work in enumerate(self.works)}
        for base, _ in both.values():  # only now: a name that is wrong is found before this
            self._reference(base)
        for prepared in {one.folder: one for pair in both.values() for one in pair}.values():
            for variant in self.variants:
                classes = prepared.facts["classes"]
                make(prepared.folder, variant, self.threads, prepared.home, classes=classes)
        return both

    def _both(self, work: str, at: int) -> tuple[Prepared, Prepared]:
        if self.preparer is not None:
            return self._of_one(work, at, self.preparer)
        base = self._prepare(work, self.sides.base, self.place / f"base-{at}")
        if self.sides.head == self.sides.base:
            return base, base
        return base, self._prepare(work, self.sides.head, self.place / f"head-{at}")

    def _of_one(self, work: str, at: int, preparer: Home) -> tuple[Prepared, Prepared]:
        """The same files for both, each in a folder where its variants make theirs."""
        head = replace(
            self._prepare(work, preparer, self.place / f"head-{at}"), home=self.sides.head
        )
        if self.sides.head == self.sides.base:
            return head, head
        folder = self.place / f"base-{at}"
        copytree(head.folder, folder, copy_function=_linked)
        return Prepared(folder, self.sides.base, head.facts), head

    def _prepare(self, work: str, home: Home, folder: Path) -> Prepared:
        shapes = [word for shape in self.shapes for word in ("--shape", shape)]
        low = ["--low"] if any(variant.low for variant in self.variants) else []
        command = ["-m", "isthmus.benchmarks.prepare_files", work, str(folder), *shapes, *low]
        began = monotonic()
        left_seconds = None if self._deadline is None else max(0.0, self._deadline - began)
        try:
            return Prepared(folder, home, json.loads(_said(home, command, left_seconds)))
        except subprocess.TimeoutExpired:
            raise self._too_short(monotonic() - began) from None

    def _reference(self, base: Prepared) -> None:
        """The outputs that both sides' are compared with."""
        (variant,) = find([REFERENCE])
        measured(
            *(base.folder, variant, self.threads, 0.0),
            outputs=base.folder / REFERENCE_FILE,
            home=base.home,
        )

    def both(
        self, work: str, variant: Variant, number: int, seconds: float, delay: Delay = 0.0
    ) -> Both:
        """A process of each side, which have taken turns; with outputs in the first round.

        delay: of head's calls, see `Process`. Raises IsthmusError where the machine is so busy that
        in no try there were turns of both sides, and of each delay, that nothing disturbed.
        """
        for _ in range(TRIES):
            found = self._tried(work, variant, number, seconds, delay)
            if comparable(found.observations, 1 if isinstance(delay, int | float) else len(delay)):
                return found
        what = f"{name_of(work, variant)}: in {TRIES} tries no turns of both sides were undisturbed"
        raise IsthmusError(f"{what}; end what else runs here, or give more --seconds")

    def _tried(
        self, work: str, variant: Variant, number: int, seconds: float, delay: Delay
    ) -> Both:
        prepared, began = self.prepared[work], monotonic()
        order = (0, 1) if number % 2 == 0 else (1, 0)
        with ExitStack() as ended:
            started = {}
            for side in order:
                given = prepared[side].folder, variant, self.threads, seconds
                started[side] = begun(
                    ended,
                    Process,
                    *given,
                    delay=delay if side else 0.0,
                    outputs=self._outputs(side) if number == 0 else None,
                    home=prepared[side].home,
                )
                started[side].opened()
            opened = monotonic()
            cycles([started[side] for side in order])
            both = (
                self._observation(work, 0, started[0], number),
                self._observation(work, 1, started[1], number),
            )
            if number == 0 and self.preparer is not None:
                self._agree(work, variant, both)
            return Both(
                observations=both,
                opening_seconds=opened - began,
                turning_seconds=monotonic() - opened,
            )

    def _observation(self, work: str, side: int, process: Process, number: int) -> Observation:
        record, facts = process.record, self.prepared[work][side].facts
        assert record is not None
        return Observation(
            seconds=record["seconds"],
            turns=turns_of(record["seconds"], record["windows"]["turns"]),
            values=values_of(record) | self._dollars(record, facts["batch"]),
            parity=self._parity(work, side) if number == 0 else None,
            facts={
                **{name: facts[name] for name in FACTS},
                "precision": self._precision(work, side, process),
                "threads": self.threads,
            },
            calls=[count for _, count in record["windows"]["turns"]],
        )

    def _precision(self, work: str, side: int, process: Process) -> str:
        """As the runtime told in the first round."""
        assert process.record is not None
        place = work, process.variant.name, side
        told = process.record.get("precision")
        return str(self._precisions.setdefault(place, told or F32))

    def _dollars(self, record: Record, batch: int) -> dict[str, float]:
        """Of a million requests, where the machine has a price; each item of a batch is one."""
        if self.usd_per_hour is None:
            return {}
        rate = batch * len(record["seconds"]) / sum(record["seconds"])
        return {"usd_per_million": usd_per_million(rate, self.usd_per_hour)}

    def _parity(self, work: str, side: int) -> float:
        """How far this side's outputs are from those of base's NumPy."""
        return self._compared(work, side).max_rel_error

    def _compared(self, work: str, side: int, reference: Path | None = None) -> Parity:
        """This side's outputs beside others, base's NumPy's unless others are named."""
        expected = reference or self.prepared[work][0].folder / REFERENCE_FILE
        classes = self.prepared[work][side].facts["classes"]
        return Parity(
            **compared(read_outputs(self._outputs(side)), read_outputs(expected), classes)
        )

    def _agree(self, work: str, variant: Variant, both: Observed) -> None:
        name, head = name_of(work, variant), both[1]
        sides = (self._compared(work, 0), self._compared(work, 1))
        between = self._compared(work, 1, self._outputs(0))
        self.agreements[name] = Agreement(name, str(head.facts["precision"]), *sides, between)

    def _outputs(self, side: int) -> Path:
        return self.place / f"outputs-{side}.npz"


def comparable(both: Observed, step: int) -> bool:
    """Whether the sides share a cycle at each place modulo `step`."""
    base, head = both
    return {cycle % step for cycle in base.turns.keys() & head.turns.keys()} == set(range(step))


def name_of(work: str, variant: Variant) -> str:
    """As a result file calls it."""
    return f"isthmus::{work}[{variant.name}]"


def _linked(source: str, target: str) -> None:
    """The same file under another name; copied where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        copy2(source, target)


def values_of(record: Record) -> dict[str, float]:
    """What a process has once, by the metric's name; what it did not tell is left out."""
    told = {
        "peak_memory_mib": (record["peak_memory_bytes"], 1 / MIB),
        "compile_ms": (record["compile_seconds"], 1e3),
        "first_inference_ms": (record["first_inference_seconds"], 1e3),
    }
    return {name: value * scale for name, (value, scale) in told.items() if value}


def _said(home: Home, command: Sequence[str], longest_seconds: float | None = None) -> str:
    """The last line a revision's own program prints; its error as ours."""
    done = subprocess.run(
        [str(home.python), *command],
        cwd=home.folder,
        env={**os.environ, **home.variables},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=longest_seconds,
    )
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["no message"])[-1]
        step = "" if home.python == Path(sys.executable) else OWN_ENVIRONMENT
        raise (BackendMissing if done.returncode == BackendMissing.exit_code else IsthmusError)(
            f"{home.folder}: {words}{step}"
        )
    return done.stdout.strip().splitlines()[-1]
