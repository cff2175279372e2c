"""Two result files, one measured before the change and one after it: what the gate says of them.

Benchmarks are joined by their full name. The rounds of two files were not measured together, so
that whatever the machine did between the two runs is in the ratio as well: `--against` keeps it
out. What must not be compared is refused (refusal.py), what is worth knowing is said (caveats.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from isthmus.benchmarks.gate.rule.control import under_control
from isthmus.benchmarks.gate.rule.judge import judged
from isthmus.benchmarks.gate.rule.process_observations import seen_of
from isthmus.benchmarks.gate.rule.refusal import check, check_present, invalid
from isthmus.benchmarks.gate.rule.settings import TIMED, Settings
from isthmus.benchmarks.gate.rule.verdict import Kind, Outcome, Side, Verdict
from isthmus.errors import NothingMeasured
from isthmus.reports import ResultFile, read
from isthmus.reports.files.results import uncollected
from isthmus.reports.stats.intervals import FEWEST_ROUNDS

from .asked import Asked, Both, asked_of, parities, place_of, questions, unanswered
from .caveats import caveats
from .file_control import split, verdict_of

__all__ = ["compare", "compare_files", "explained", "seen_of"]

SHOWN_OF_THE_MACHINE = ("cpu_model", "cores", "gpu", "instance_type")


def compare_files(
    base_file: str | Path,
    head_file: str | Path,
    settings: Settings | None = None,
    *,
    allow_missing: bool = False,
    allow_different_machines: bool = False,
    strict: bool = False,
) -> Outcome:
    """`compare` of two paths; `FileError` where one is no result file."""
    with uncollected():
        return compare(
            read(base_file),
            read(head_file),
            settings,
            allow_missing=allow_missing,
            allow_different_machines=allow_different_machines,
            strict=strict,
        )


def compare(
    base: ResultFile,
    head: ResultFile,
    settings: Settings | None = None,
    *,
    allow_missing: bool = False,
    allow_different_machines: bool = False,
    strict: bool = False,
) -> Outcome:
    """The verdicts on the benchmarks of both files, then the missing and the new.

    Errors: `FileError` for a benchmark gone from HEAD or one without raw times, `UsageError` for
    machines, threads or work that differ, `NothingMeasured`.
    """
    settings = settings or Settings()
    names = {result.fullname for file in (base, head) for result in file.results}
    base, head = (_without_skipped(file, settings) for file in (base, head))
    both = _shared(base, head)
    if not allow_missing:
        check_present(base, head)
    check(base, head, both, anywhere=allow_different_machines)
    ours, controls = split(_with_base(both, base), settings)
    asked, control = asked_of(ours, base, head, settings), verdict_of(controls, settings)
    verdicts = under_control(_judged(asked, base, head, settings), control)
    return Outcome(
        verdicts=(
            *verdicts,
            *_without_base(both),
            *_alone(base, head, "missing"),
            *_alone(head, base, "new"),
        ),
        base=_side(base),
        head=_side(head),
        strict=strict,
        control=control,
        warnings=(
            *caveats(base, head, both),
            *unanswered(asked, verdicts),
            *settings.unused(names),
        ),
        machine=_machine(head),
        threads=_threads(both),
    )


def _without_skipped(file: ResultFile, settings: Settings) -> ResultFile:
    kept = (result for result in file.results if not settings.skips(result.fullname))
    return replace(file, results=tuple(kept))


def _shared(base: ResultFile, head: ResultFile) -> list[Both]:
    after = {result.fullname: result for result in head.results}
    both = [(old, after[old.fullname]) for old in base.results if old.fullname in after]
    if not both:
        raise NothingMeasured(f"{base.path} and {head.path} share no benchmark; compare like runs")
    return both


def _with_base(both: Sequence[Both], base: ResultFile) -> list[Both]:
    """Those whose base can be compared with."""
    found = [(old, new) for old, new in both if not invalid(old)]
    if not found:
        first = both[0][0]
        why = f"{first.fullname} is INVALID: {invalid(first)}"
        raise NothingMeasured(f"{base.path}: {why}; an INVALID run shows nothing, measure it again")
    return found


def _without_base(both: Sequence[Both]) -> Iterator[Verdict]:
    """The others."""
    for old, _ in both:
        if why := invalid(old):
            reason, place = f"BASE is INVALID: {why}; measure it again", place_of(old.fullname)
            yield Verdict(old.fullname, "", "inconclusive", reason, place=place)


def _judged(
    asked: Sequence[Asked], base: ResultFile, head: ResultFile, settings: Settings
) -> list[Verdict]:
    """In the order of the benchmarks; all intervals hold together."""
    timed = [explained(one, settings) for one in judged(list(questions(asked, settings)))]
    found = [*timed, *parities(asked)]
    if not found:
        names = ", ".join(dict.fromkeys(name for one in asked for name in one.metrics))
        what = f"{base.path} and {head.path} both have none of {names}"
        raise NothingMeasured(f"{what}; ask for other metrics")
    places = {one.pair.benchmark: at for at, one in enumerate(asked)}
    return sorted(found, key=lambda verdict: places[verdict.benchmark])


def explained(verdict: Verdict, settings: Settings) -> Verdict:
    """With the reason why its margin is not the one that was asked for.

    What too few processes show within their wider margin is no proof of the one asked for.
    """
    asked = settings.asked_margin(verdict.benchmark, verdict.metric)
    if verdict.margin is None or verdict.margin <= asked:
        return verdict
    why = FEW if few(verdict) else NOISE
    floor = why.format(margin=verdict.margin, asked=asked, rounds=verdict.rounds)
    if few(verdict) and verdict.kind == "equivalent":
        return replace(verdict, kind="inconclusive", reason=floor)
    return replace(verdict, reason=f"{verdict.reason}; {floor}")


def few(verdict: Verdict) -> bool:
    """Whether its processes are too few to tell how processes differ."""
    rounds = verdict.rounds or FEWEST_ROUNDS
    return verdict.metric in TIMED and rounds < FEWEST_ROUNDS


NOISE = "the noise here is {margin:.1%}, above the margin of {asked:.1%}"
FEW = "by {rounds} process a side, which proves nothing below {margin:.0%}"


ALONE: dict[Kind, str] = {"missing": "in BASE, not in HEAD", "new": "in HEAD, not in BASE"}


def _alone(file: ResultFile, other: ResultFile, kind: Kind) -> list[Verdict]:
    """The benchmarks of `file` that `other` lacks."""
    known = {result.fullname for result in other.results}
    names = (result.fullname for result in file.results if result.fullname not in known)
    return [Verdict(name, "", kind, ALONE[kind], place=place_of(name)) for name in names]


def _side(file: ResultFile) -> Side:
    return Side(file.path, file.commit, file.measured)


def _machine(file: ResultFile) -> dict[str, str]:
    told = {name: str(getattr(file.machine, name)) for name in SHOWN_OF_THE_MACHINE}
    return {name: text for name, text in told.items() if text}


def _threads(both: Iterable[Both]) -> int | None:
    """Where all have the same."""
    counts = {result.threads for one in both for result in one}
    return counts.pop() if len(counts) == 1 else None
