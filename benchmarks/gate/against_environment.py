"""This environment against another one: the same Isthmus and models, other runtimes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from isthmus.benchmarks.gate.environments.asked import Requirements, asked_of
from isthmus.benchmarks.gate.environments.made import environment_of
from isthmus.benchmarks.gate.environments.own_code import home_of, placed
from isthmus.benchmarks.gate.environments.told import Told, differing, older, told
from isthmus.benchmarks.gate.rule.agreement import judged_agreement
from isthmus.benchmarks.gate.rule.control import Control
from isthmus.benchmarks.gate.rule.metrics import PARITY
from isthmus.benchmarks.gate.rule.process_observations import price_of
from isthmus.benchmarks.gate.rule.sampling import Effort, Gate, Progress
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.rule.suite import Sides
from isthmus.benchmarks.gate.rule.verdict import Outcome, Side, Verdict
from isthmus.benchmarks.gate.suites.naming import check_files, check_works
from isthmus.benchmarks.gate.suites.workload_suite import WorkloadSuite
from isthmus.benchmarks.harness import fingerprint, variants
from isthmus.benchmarks.harness.processes import Home
from isthmus.reports.files.same_machine import machine_of
from isthmus.system.threads import available_threads

from .against import USUAL_VARIANTS, warnings_of

__all__ = ["EnvironmentRequest", "gate"]

HERE = "this environment"
# Where a runtime is another one, the variant that computes by it.
RUN_BY: Mapping[str, str] = {
    "openvino": "cpu",
    "onnxruntime": "onnxruntime-cpu",
    "numpy": "numpy",
}


@dataclass(frozen=True)
class EnvironmentRequest:
    """What to measure, against which environment: as `environments.asked` takes it.

    variants: of the workloads; none: those whose runtime differs between the two.
    """

    environment: str
    works: Sequence[str]
    shapes: Sequence[str] = ()
    variants: Sequence[str] = ()
    threads: int = field(default_factory=available_threads)
    seconds: float = 1.0
    folder: Path = field(default_factory=Path.cwd)


def gate(
    request: EnvironmentRequest,
    settings: Settings,
    effort: Effort,
    progress: Progress,
    *,
    strict: bool = False,
) -> Outcome:
    """Head is the environment that runs now, base the other one; errors are those of finding or
    making that one, and of the suite.

    The budget begins once it is made.
    """
    check_works(request.works, request.shapes)
    check_files(request.works, (), {HERE: request.folder})
    wanted = asked_of(request.environment, request.folder)
    with ExitStack() as stack:
        python = stack.enter_context(_interpreter(wanted, progress))
        place = Path(stack.enter_context(TemporaryDirectory(prefix="isthmus-gate-")))
        code, empty = placed(place / "code"), place / "empty"
        empty.mkdir()
        base, head = (home_of(one, code, empty) for one in (python, Path(sys.executable)))
        both = told(base, request.environment), told(head, HERE)
        suite = _suite(request, settings.usd_per_hour, Sides(base, head), place, both)
        control = Control(place / "control", request.threads, settings.margin)
        run = Gate(suite, settings.terms_of, effort, control, progress)
        suite.prepare(effort.budget_seconds, progress)
        found = (*run.verdicts(), *_agreements(suite, settings))
        return Outcome(
            verdicts=found,
            base=_side(request.environment, both[0], differing(*both)),
            head=_side(HERE, both[1], differing(*both)),
            strict=strict,
            control=run.control_verdict(),
            warnings=tuple(_warnings(run, *both)),
            machine={name: str(value) for name, value in fingerprint.fingerprint().items()},
            threads=request.threads,
            spent_seconds=run.spent_seconds,
            budget_seconds=effort.budget_seconds,
        )


@contextmanager
def _interpreter(wanted: Path | Requirements, progress: Progress) -> Iterator[Path]:
    """The one that is there, or that of the environment which is made."""
    if isinstance(wanted, Path):
        yield wanted
        return
    with environment_of(wanted, progress) as python:
        yield python


def _suite(
    request: EnvironmentRequest,
    usd_per_hour: float | None,
    sides: Sides,
    place: Path,
    both: tuple[Told, Told],
) -> WorkloadSuite:
    """Models are traced here, in the user's folder; both sides run what was made."""
    names = list(request.variants or _variants(*both))
    return WorkloadSuite(
        sides,
        request.works,
        variants.find(names),
        place,
        request.threads,
        request.seconds,
        request.shapes,
        price_of(machine_of({"isthmus": {"fingerprint": fingerprint.fingerprint()}}), usd_per_hour),
        preparer=Home(sides.head.python, request.folder, sides.head.variables),
    )


def _variants(base: Told, head: Told) -> Sequence[str]:
    """Of the runtimes that differ and that both have."""
    found = [
        RUN_BY[name]
        for name in differing(base, head)
        if name in RUN_BY and {name} <= base.versions.keys() & head.versions.keys()
    ]
    return found or USUAL_VARIANTS


def _agreements(suite: WorkloadSuite, settings: Settings) -> Iterator[Verdict]:
    """Of each benchmark of which parity is asked."""
    for name, found in suite.agreements.items():
        terms = settings.terms_of(name)
        if PARITY in terms.metrics:
            yield judged_agreement(found)


def _side(named: str, found: Told, differs: Sequence[str]) -> Side:
    """Called by what differs: `openvino 2026.3.0-22451 (openvino==2026.3.0)`."""
    names = differs or RUN_BY.keys()
    label = ", ".join(f"{name} {found.versions.get(name, 'absent')}" for name in names)
    return Side(
        f"{label} ({named})",
        environment=named,
        python=found.python,
        versions=found.versions,
    )


def _warnings(run: Gate, base: Told, head: Told) -> Iterator[str]:
    if not differing(base, head):
        yield "both environments have the same versions: equals are compared"
    yield from older(base)
    yield from warnings_of(run)
