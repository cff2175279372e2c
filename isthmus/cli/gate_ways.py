"""The ways into the gate: two files, another revision, the stored series, the gate's own test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import NothingMeasured, UsageError

if TYPE_CHECKING:
    from isthmus.benchmarks.gate.rule.settings import Settings
    from isthmus.benchmarks.gate.rule.verdict import Outcome
    from isthmus.benchmarks.harness.clock import Step

    Show = Callable[[Step], None]


@dataclass(frozen=True)
class Way:
    """What was named: files or workloads, a revision, a history, the self-test."""

    targets: list[str]
    against: str | None
    history: Path | None
    self_test: bool
    since: str = ""


@dataclass(frozen=True)
class Measuring:
    """How a suite is measured; of --against and --self-test alone."""

    pytest: list[str]
    command: str
    shapes: list[str]
    variants: list[str]
    install: list[str]
    shared: bool
    threads: int | None
    seconds: float


@dataclass(frozen=True)
class Asked:
    """All of it, with the project's settings."""

    way: Way
    measuring: Measuring
    settings: Settings
    budget_seconds: float


def checked(way: Way, measuring: Measuring, margin: float | None, budget: str | None) -> Asked:
    """UsageError for options that exclude each other or belong to another way."""
    # Here, not above: what follows imports NumPy, which `--help` need not wait for.
    from isthmus.benchmarks.gate.rule import settings
    from isthmus.benchmarks.harness.plan import seconds_of

    _check(way, measuring)
    found = settings.load(Path.cwd())
    if margin is not None:
        found = replace(found, margin=settings.share("--margin", margin))
    history = way.history or found.history
    if history is not None:
        from isthmus.benchmarks.gate.rule import noise

        found = replace(found, floor=noise.recalled(Path(history)))
    return Asked(way, measuring, found, seconds_of(budget or found.budget))


def _check(way: Way, measuring: Measuring) -> None:
    both = [
        name
        for name, given in (("--against", way.against), ("--self-test", way.self_test))
        if given
    ]
    if len(both) > 1:
        raise UsageError("--against and --self-test exclude each other; give one of them")
    if not both and (measuring.pytest or measuring.command or measuring.shared):
        raise UsageError("--pytest, --command and --shared go with --against REVISION")
    if not 0 < measuring.seconds < 3600:
        raise UsageError(f"--seconds {measuring.seconds}: give a number above 0 and below 3600")
    if not both:
        _check_files(way)


def _check_files(way: Way) -> None:
    wanted = ["HEAD.json"] if way.history else ["BASE.json", "HEAD.json"]
    if len(way.targets) != len(wanted):
        step = "or --against REVISION, --history DIR HEAD.json, --self-test"
        count = len(way.targets)
        named = "1 file was" if count == 1 else f"{count} files were"
        raise UsageError(f"{named} named; give {' '.join(wanted)}, {step}")


def outcome_of(asked: Asked, show: Show, **rules: Any) -> Outcome:
    """The verdicts by the way that was asked for."""
    if asked.way.against:
        allowed = rules["allow_missing"]
        return _against(asked, show, strict=rules["strict"], allow_missing=allowed)
    if asked.way.history:
        allowed = rules["allow_missing"]
        return _history(asked, strict=rules["strict"], allow_missing=allowed)
    from isthmus.benchmarks.gate.stored.file_pair import compare_files

    base, head = asked.way.targets
    return compare_files(base, head, asked.settings, **rules)


def _against(asked: Asked, show: Show, **rules: bool) -> Outcome:
    from isthmus.benchmarks.gate import against
    from isthmus.benchmarks.gate.rule.sampling import Effort
    from isthmus.benchmarks.work import workloads

    how, way = asked.measuring, asked.way
    assert way.against is not None
    alone = not (how.pytest or how.command)
    request = against.Request(
        reference=way.against,
        works=way.targets or (workloads.QUICK if alone else ()),
        shapes=how.shapes,
        variants=how.variants or against.USUAL_VARIANTS,
        pytest=how.pytest,
        command=how.command,
        install=how.install,
        shared=how.shared,
        threads=_threads(how.threads),
        seconds=how.seconds,
    )
    effort = Effort(asked.budget_seconds)
    return against.gate(request, asked.settings, effort, show, **rules)


def _history(asked: Asked, *, strict: bool, allow_missing: bool) -> Outcome:
    """HEAD joins the runs that it is compared with; the first run of a machine begins them."""
    from isthmus.benchmarks.gate.stored import runs, series

    folder, (head,) = asked.way.history, asked.way.targets
    assert folder is not None
    try:
        found = series.gate(
            folder,
            head,
            asked.settings,
            since=asked.way.since,
            allow_missing=allow_missing,
            strict=strict,
        )
    except NothingMeasured as nothing:
        runs.append(folder, head)
        raise NothingMeasured(f"{nothing}; this run is stored, and the next is compared") from None
    runs.append(folder, head)
    return found


def tested(asked: Asked, show: Show, *, as_json: bool, output: Path | None) -> int:
    """The self-test, printed; its exit code."""
    from isthmus.benchmarks.gate import self_testing

    return self_testing.run(
        asked.way.targets,
        asked.measuring.variants,
        _threads(asked.measuring.threads),
        asked.measuring.seconds,
        asked.settings,
        asked.budget_seconds,
        show,
        history=asked.way.history,
        as_json=as_json,
        output=output,
    )


def _threads(wanted: int | None) -> int:
    from isthmus.system.threads import available_threads

    most = available_threads()
    if wanted is not None and not 1 <= wanted <= most:
        raise UsageError(f"--threads {wanted}: give 1 to {most}")
    return wanted or most
