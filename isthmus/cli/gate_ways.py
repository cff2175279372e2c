"""What each way into the gate does: two files, a revision, stored runs, the gate's own test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import NothingMeasured, UsageError
from isthmus.system.files import try_folder

if TYPE_CHECKING:
    from isthmus.benchmarks.gate.rule.settings import Settings
    from isthmus.benchmarks.gate.rule.verdict import Outcome
    from isthmus.benchmarks.harness.clock import Step

    Show = Callable[[Step], None]

__all__ = [
    "Judging",
    "Measuring",
    "of_environments",
    "of_files",
    "of_history",
    "of_revisions",
    "of_self_test",
    "stored",
]

# Modules of the gate are imported in the functions: they import NumPy, which `--help` need not
# wait for.


@dataclass(frozen=True)
class Judging:
    """What is asked of the verdicts; None is what the project asks."""

    margin: float | None = None
    history: Path | None = None
    strict: bool = False
    allow_missing: bool = False

    def settings(self) -> Settings:
        """The project's, with these and with the noise that a self-test found here."""
        from isthmus.benchmarks.gate.rule import noise, settings

        found = settings.load(Path.cwd())
        if self.margin is not None:
            found = replace(found, margin=settings.share("--margin", self.margin))
        return noise.informed(found, self.history)


@dataclass(frozen=True)
class Measuring:
    """How a suite is measured."""

    pytest: list[str] | None = None
    command: str | None = None
    shapes: list[str] | None = None
    variants: list[str] | None = None
    install: list[str] | None = None
    shared: bool = False
    threads: int | None = None
    seconds: float = 1.0
    budget: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.seconds < 3600:
            raise UsageError(f"--seconds {self.seconds}: give a number above 0 and below 3600")
        if self.budget is not None:
            _seconds(self.budget)

    def budget_seconds(self, settings: Settings) -> float:
        return _seconds(self.budget or settings.budget)

    def thread_count(self) -> int:
        from isthmus.system.threads import available_threads

        most = available_threads()
        if self.threads is not None and not 1 <= self.threads <= most:
            raise UsageError(f"--threads {self.threads}: give 1 to {most}")
        return self.threads or most


def _seconds(budget: str) -> float:
    from isthmus.benchmarks.harness.plan import seconds_of

    return seconds_of(budget)


def of_files(base: str, head: str, judging: Judging, *, across_machines: bool) -> Outcome:
    """Two result files."""
    settings = judging.settings()
    from isthmus.benchmarks.gate.stored.files import compare_files

    return compare_files(
        base,
        head,
        settings,
        allow_missing=judging.allow_missing,
        allow_different_machines=across_machines,
        strict=judging.strict,
    )


def of_history(store: Path, head: str, since: str, judging: Judging) -> Outcome:
    """Stored runs, which HEAD is to join (`stored`); the first run of a machine begins them."""
    try_folder(store)
    settings = judging.settings()
    from isthmus.benchmarks.gate.stored import history

    try:
        return history.gate(
            store,
            head,
            settings,
            since=since,
            allow_missing=judging.allow_missing,
            strict=judging.strict,
        )
    except NothingMeasured as nothing:
        stored(store, head)
        raise NothingMeasured(f"{nothing}; this run is stored, and the next is compared") from None


def stored(store: Path, head: str) -> None:
    """HEAD joins the runs."""
    from isthmus.benchmarks.gate.stored import runs

    runs.append(store, head)


def of_revisions(
    revision: str, works: list[str], how: Measuring, judging: Judging, show: Show
) -> Outcome:
    """The working tree and another revision, in turn."""
    settings = judging.settings()
    from isthmus.benchmarks.gate import against
    from isthmus.benchmarks.gate.rule.sampling import Effort
    from isthmus.benchmarks.work import workloads

    alone = not (how.pytest or how.command)
    effort = Effort(how.budget_seconds(settings))
    request = against.Request(
        reference=revision,
        works=works or (workloads.QUICK if alone else ()),
        shapes=how.shapes or (),
        variants=how.variants or against.USUAL_VARIANTS,
        pytest=how.pytest or (),
        command=how.command or "",
        install=how.install or (),
        shared=how.shared,
        threads=how.thread_count(),
        seconds=how.seconds,
    )
    return against.gate(
        request,
        settings,
        effort,
        show,
        strict=judging.strict,
        allow_missing=judging.allow_missing,
    )


def of_environments(
    environment: str, works: list[str], how: Measuring, judging: Judging, show: Show
) -> Outcome:
    """This environment and another one, in turn."""
    settings = judging.settings()
    from isthmus.benchmarks.gate import against_environment
    from isthmus.benchmarks.gate.rule.sampling import Effort
    from isthmus.benchmarks.work import workloads

    request = against_environment.EnvironmentRequest(
        environment=environment,
        works=works or workloads.QUICK,
        shapes=how.shapes or (),
        variants=how.variants or (),
        threads=how.thread_count(),
        seconds=how.seconds,
    )
    effort = Effort(how.budget_seconds(settings))
    return against_environment.gate(request, settings, effort, show, strict=judging.strict)


def of_self_test(
    works: list[str],
    how: Measuring,
    judging: Judging,
    show: Show,
    *,
    as_json: bool,
    output: Path | None,
) -> int:
    """The self-test, printed; its exit code."""
    settings = judging.settings()
    from isthmus.benchmarks.gate import self_testing

    budget_seconds = how.budget_seconds(settings)
    return self_testing.run(
        works,
        how.variants or (),
        how.thread_count(),
        how.seconds,
        settings,
        budget_seconds,
        show,
        history=judging.history,
        as_json=as_json,
        output=output,
    )
