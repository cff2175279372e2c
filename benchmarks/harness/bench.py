"""The harness: prepare each workload once, then rounds of fresh processes that take turns.

What was measured is written after every round, so that a kill loses one round at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from isthmus.benchmarks.portable.timing.inputs import read_outputs
from isthmus.benchmarks.work.prepare import Facts, prepare
from isthmus.errors import BackendMissing, IsthmusError, NothingMeasured
from isthmus.system.extras import require
from isthmus.system.signals import begun

from . import result, roofline
from .accuracy import accuracy_of
from .clock import Clock, Step
from .copies import Copies, runner_of
from .making import make
from .parity import compared
from .plan import Cell, Plan
from .processes import Process, Record, cycles, measured, memory_suffices
from .resume import earlier
from .variants import REFERENCE, Variant, find

__all__ = ["run_bench"]

Entry = dict[str, Any]

# In float32; hundreds of items take NumPy minutes.
ACCURACY_REFERENCES = ("onnxruntime-by-hand", REFERENCE)


@dataclass
class Run:
    """A run as it goes on: what was measured, what is missing and why, where the time went."""

    plan: Plan
    output: Path
    progress: Callable[[Step], None]
    clock: Clock = field(init=False)
    done: list[Entry] = field(default_factory=list)
    missing: dict[tuple[str, str, str], str] = field(default_factory=dict)
    roofline: dict[str, Any] | None = None
    absent: bool = False  # something to run with is not installed, rather than broken
    commits: list[str] = field(default_factory=list)  # of the runs that this one goes on with
    spent_before: float = 0.0

    def __post_init__(self) -> None:
        self.clock = Clock(self.plan)

    def write(self, entries: list[Entry], *, interrupted: bool = False) -> None:
        """Replace the result file by all that is known by now."""
        about = {
            "plan": self.plan.facts(),
            "missing": [
                {"workload": workload, "scenario": scenario, "variant": variant, "reason": reason}
                for (workload, scenario, variant), reason in self.missing.items()
            ],
            "roofline": self.roofline,
            "interrupted": interrupted,
            "seconds_spent": round(self.spent_before + self.clock.spent, 1),
            **({"commits": [*self.commits, result.commit()]} if self.commits else {}),
        }
        result.write(self.output, result.document([*self.done, *entries], about))


@dataclass
class Bench:
    """A cell of the plan as it is measured: its prepared files, and each variant's records."""

    cell: Cell
    folder: Path
    facts: Facts
    records: dict[str, list[Record]] = field(default_factory=dict)
    parities: dict[str, dict[str, Any]] = field(default_factory=dict)
    accuracies: dict[str, dict[str, Any]] = field(default_factory=dict)
    accuracy_reference: str = ""

    def entries(self, threads: int) -> list[Entry]:
        """An entry of the result file for each variant that has a whole round."""
        facts = self.facts.measured
        return [
            result.benchmark(
                self.cell,
                variant,
                self.records[variant.name],
                {
                    **facts,
                    "threads": variant.copies or threads,
                    "parity": self.parities.get(variant.name),
                    "accuracy": self.accuracies.get(variant.name),
                },
            )
            for variant in self.cell.variants
            if self.records.get(variant.name)
        ]

    def outputs(self, name: str) -> Path:
        """Where a variant leaves its outputs."""
        return self.folder / f"{name}.outputs.npz"

    def judged(self, name: str) -> Path | None:
        """Where it leaves those that accuracy is judged by; None where nothing judges it."""
        return self.folder / f"{name}.judged.npz" if self.facts.judged_by else None


def run_bench(
    plan: Plan, output: Path, progress: Callable[[Step], None] = print, *, resume: bool = False
) -> Path:
    """Measure, writing the result file after every round; the path of that file.

    A variant that cannot run is written down as missing, with the reason. An interruption keeps
    the rounds that are whole; `resume` goes on with the cells that a file lacks. Raises
    BackendMissing or NothingMeasured where nothing could run, MissingExtra without
    pytest-benchmark, whose format the file is in.
    """
    require("bench", "pytest-benchmark", user="a result file")
    run = _resumed(plan, output, progress) if resume else Run(plan, output, progress)
    try:
        _measure(run)
    except KeyboardInterrupt:
        if run.done:
            run.write([], interrupted=True)
        raise
    if not run.done:
        raise _nothing(run)
    return output


def _resumed(plan: Plan, output: Path, progress: Callable[[Step], None]) -> Run:
    """A run that has what an earlier one left whole, and measures the rest."""
    left, before = earlier(plan, output)
    return Run(
        left,
        output,
        progress,
        done=before.entries,
        missing=before.missing,
        roofline=before.roofline,
        commits=before.commits,
        spent_before=before.spent_seconds,
    )


def _measure(run: Run) -> None:
    run.roofline = run.roofline or _peaks(run, "this machine's peak speed")
    for cell in run.plan.cells:
        _cell(run, cell)
        run.clock.cell_done()
    if run.done and run.roofline:
        again = _peaks(run, "this machine's peak speed again")
        run.roofline = roofline.higher(run.roofline, again)
    if run.done:
        run.write([])


def _peaks(run: Run, text: str) -> dict[str, Any] | None:
    """What matrix products and memory reach here at their best; None where it was not asked."""
    if not run.plan.peaks:
        return None
    run.progress(run.clock.step(text))
    return roofline.measure(run.plan.threads)


def _cell(run: Run, cell: Cell) -> None:
    """The rounds of one cell; what fails is missing, and the rest goes on."""
    share = run.clock.share()
    if share is not None and share <= 0:
        _all_missing(run, cell, "the time budget was spent before it")
        return
    run.progress(run.clock.step(f"{cell.workload.name}: preparing"))
    with TemporaryDirectory(prefix="isthmus-") as name:
        try:
            facts = _prepared(cell, Path(name))
        except IsthmusError as problem:
            _all_missing(run, cell, str(problem))
            return
        bench = Bench(cell, Path(name), facts)
        entries: list[Entry] = []
        try:
            for entries in _rounds(run, bench, share):
                run.write(entries)
        finally:
            run.done += entries


def _prepared(cell: Cell, folder: Path) -> Facts:
    needs = {variant.needs for variant in cell.variants}
    low = any(variant.low for variant in cell.variants)
    return prepare(cell.scenario.workload(cell.workload), folder, named="named" in needs, low=low)


def _rounds(run: Run, bench: Bench, share: float | None) -> Iterator[list[Entry]]:
    """The entries after each round; every second round runs the variants the other way round."""
    started = monotonic()
    _without_files(run, bench)
    _make(run, bench)
    _reference(run, bench)
    _reference_of_accuracy(run, bench)
    for number in range(run.plan.rounds_of(bench.cell)):
        began = monotonic()
        for name, record in _round(run, bench, number).items():
            bench.records.setdefault(name, []).append(record)
        if number == 0:
            _compare(run, bench)
        if not any(bench.records.values()):
            return
        yield bench.entries(run.plan.threads)
        if share is not None and 2 * monotonic() - started - began > share:
            return


def _without_files(run: Run, bench: Bench) -> None:
    """Variants whose prepared file does not exist: an OpenVINO IR is read by OpenVINO alone."""
    for variant in bench.cell.variants:
        if reason := bench.facts.absent.get(variant.needs):
            _miss(run, bench.cell, variant.name, reason)
        if variant.model not in ("", bench.facts.measured["model"]):
            _miss(run, bench.cell, variant.name, f"it runs {variant.model} alone")


def _make(run: Run, bench: Bench) -> None:
    """The files that variants make themselves, such as quantized ones."""
    for variant in bench.cell.variants:
        if not variant.maker or _place(bench.cell, variant.name) in run.missing:
            continue
        run.progress(run.clock.step(f"{bench.cell.workload.name} {variant.name}: making its file"))
        try:
            make(bench.folder, variant, run.plan.threads, classes=bench.facts.classes)
        except IsthmusError as problem:
            _failed(run, bench.cell, variant, problem)


def _reference(run: Run, bench: Bench) -> None:
    """The reference's outputs, where the plan does not run the reference itself."""
    (variant,) = find([REFERENCE])
    names = {v.name for v in bench.cell.variants}
    if REFERENCE in names or variant.needs in bench.facts.absent:
        return
    run.progress(run.clock.step(f"{bench.cell.workload.name}: the reference's outputs"))
    measured(bench.folder, variant, run.plan.threads, 0.0, outputs=bench.outputs(REFERENCE))


def _reference_of_accuracy(run: Run, bench: Bench) -> None:
    """Float32's outputs for the inputs that accuracy is judged by, of the first that can."""
    expected = bench.judged("reference")
    for variant in find(list(ACCURACY_REFERENCES)) if expected else []:
        if variant.needs in bench.facts.absent:
            continue
        run.progress(run.clock.step(f"{bench.cell.workload.name}: outputs to judge accuracy by"))
        outputs = bench.folder / "unused.npz"
        try:
            measured(
                *(bench.folder, variant, run.plan.threads, 0.0),
                outputs=outputs,
                judged=expected,
                is_reference=True,
            )
        except IsthmusError:  # the next one can; without any, timed inputs alone are compared
            continue
        bench.accuracy_reference = variant.name
        return


def _round(run: Run, bench: Bench, number: int) -> dict[str, Record]:
    """A fresh process of each variant that is not missing. They take turns, as many as memory
    holds at a time; every second round opens them in the other order."""
    order = bench.cell.variants if number % 2 == 0 else bench.cell.variants[::-1]
    waiting = [v for v in order if _place(bench.cell, v.name) not in run.missing]
    began, records = monotonic(), dict[str, Record]()
    while waiting:
        with ExitStack() as ended:
            group: list[Process | Copies] = []
            while waiting and memory_suffices(sum(max(1, p.variant.copies) for p in group)):
                group += _opened(run, bench, waiting.pop(0), number, ended)
            run.progress(run.clock.step(f"{bench.cell.workload.name} turns of round {number + 1}"))
            cycles(group, lambda one, problem: _failed(run, bench.cell, one.variant, problem))
            # Windows of different groups are not paired.
            about = {"group": len(records)}
            records |= {p.variant.name: {**p.record, **about} for p in group if p.record}
    run.clock.ran(monotonic() - began, len(records))
    return records


def _opened(
    run: Run, bench: Bench, variant: Variant, number: int, ended: ExitStack
) -> list[Process | Copies]:
    """The process of a variant, warm and stopped; none where it failed."""
    cell = bench.cell
    run.progress(run.clock.step(f"{cell.workload.name} {variant.name} round {number + 1}"))
    try:
        process = begun(
            ended,
            runner_of(variant),
            bench.folder,
            variant,
            run.plan.threads,
            cell.seconds or run.plan.seconds,
            scenario=cell.scenario.job(),
            outputs=bench.outputs(variant.name) if number == 0 else None,
            judged=bench.judged(variant.name) if number == 0 else None,
        )
        return [process.opened()]
    except IsthmusError as problem:
        _failed(run, cell, variant, problem)
        return []


def _failed(run: Run, cell: Cell, variant: Variant, problem: IsthmusError) -> None:
    run.absent |= isinstance(problem, BackendMissing)
    _miss(run, cell, variant.name, str(problem))


def _compare(run: Run, bench: Bench) -> None:
    """Parity of each variant with the reference; one of other shapes is no variant of the work."""
    expected = bench.outputs(REFERENCE)
    if not expected.exists():
        return
    reference = read_outputs(expected)
    for name in [name for name in bench.records if name != REFERENCE]:
        try:
            parity = compared(read_outputs(bench.outputs(name)), reference, bench.facts.classes)
            accuracy = _accuracy(bench, name)
        except IsthmusError as problem:
            del bench.records[name]
            _miss(run, bench.cell, name, str(problem))
        else:
            bench.parities[name] = {"reference": REFERENCE, **parity}
            bench.accuracies |= {name: accuracy} if accuracy else {}


def _accuracy(bench: Bench, name: str) -> dict[str, Any] | None:
    """Of a variant below float32, on more inputs than are timed; None for others."""
    by, found, expected = bench.facts.judged_by, bench.judged(name), bench.judged("reference")
    if not (by and found and found.exists() and expected and bench.accuracy_reference):
        return None
    measures = accuracy_of(read_outputs(found), read_outputs(expected), by)
    return {"reference": bench.accuracy_reference, **measures}


def _place(cell: Cell, variant: str) -> tuple[str, str, str]:
    return cell.workload.name, cell.scenario.name, variant


def _miss(run: Run, cell: Cell, variant: str, reason: str) -> None:
    run.missing[_place(cell, variant)] = reason


def _all_missing(run: Run, cell: Cell, reason: str) -> None:
    for variant in cell.variants:
        _miss(run, cell, variant.name, reason)


def _nothing(run: Run) -> IsthmusError:
    """Why there is no result: the first reason of each variant."""
    reasons = dict.fromkeys(f"{name}: {reason}" for (_, _, name), reason in run.missing.items())
    said = "; ".join(list(reasons)[:3]) or "no variant was asked for"
    return (BackendMissing if run.absent else NothingMeasured)(f"nothing was measured: {said}")
