"""Two result files, one measured before the change and one after it.

Benchmarks are joined by their full name. The rounds of two files were not measured together, so
that whatever the machine did between the two runs is in the ratio as well: `--against` keeps it
out. What must not be compared is refused (refusal.py), what is worth knowing is said (caveats.py).

The control of two files is what both hold and the change cannot have touched: peers, unless the
project names others. OpenVINO by hand runs none of Isthmus's code: where the slowest of them moved,
the machine did. They are no benchmarks of the project's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from isthmus.benchmarks.gate.rule import noise
from isthmus.benchmarks.gate.rule.observations import Observation, Pair
from isthmus.benchmarks.gate.rule.process_observations import USD, observations_of, price_of
from isthmus.benchmarks.gate.rule.refusal import check, check_present, invalid, loaded
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.rule.terms import Terms
from isthmus.benchmarks.gate.rule.verdict import ALONE, Kind, Outcome, Side, Verdict
from isthmus.errors import NothingMeasured
from isthmus.reports import Machine, Result, ResultFile, read
from isthmus.reports.files.results import uncollected
from isthmus.reports.files.variants import EVERY_PEER

from .caveats import caveats
from .damage import damaged
from .disturbance import Disturbance, believed, disturbance_of
from .judging import Stored, alone, outcome_of, place_of, under_load

__all__ = ["compare", "compare_files"]

SHOWN_OF_THE_MACHINE = ("cpu_model", "cores", "gpu", "instance_type")

Both = tuple[Result, Result]


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

    Errors: `FileError` for a benchmark gone from HEAD, `UsageError` for machines, interpreters,
    threads, clocks or work that differ, `NothingMeasured`.
    """
    settings = _believed(settings or Settings(), base, head)
    names = {*base.fullnames, *head.fullnames}
    terms = {name: settings.terms_of(name) for name in names}
    base, head = (_without_skipped(file, terms) for file in (base, head))
    broken = damaged(base, head)
    both = _shared(base, head, broken)
    if not allow_missing:
        check_present(base, head)
    check(base, head, both, anywhere=allow_different_machines)
    ours, controls = _split(_with_base(both, base, broken), terms)
    pairs = [_pair(terms[old.fullname], old, new, base, head) for old, new in ours]
    disturbance = disturbance_of(pairs)
    stored = Stored(
        pairs=pairs if settings.lone_margin is not None else believed(pairs, disturbance),
        controls=[_control(*one, settings.control_terms) for one in controls],
        base=_side(base),
        head=_side(head),
        alone=(
            *broken,
            *_without_base(both),
            *_alone(base, head, "missing"),
            *_alone(head, base, "new"),
        ),
        caveats=(*caveats(base, head, both), *_of_disturbance(disturbance, settings)),
        unused=settings.unused(names),
        machine=_machine(head),
        threads=_threads(both),
    )
    return outcome_of(stored, strict)


def _believed(settings: Settings, base: ResultFile, head: ResultFile) -> Settings:
    """Without the noise between processes of this machine, where they may be of another."""
    here = settings.between is None or all(noise.is_here(file.machine) for file in (base, head))
    return settings if here else replace(settings, between=None)


def _of_disturbance(found: Disturbance, settings: Settings) -> Iterator[str]:
    """Nothing where the project says itself what it believes."""
    return found.lines(settings.lone) if settings.lone_margin is None else iter(())


def _without_skipped(file: ResultFile, terms: Mapping[str, Terms]) -> ResultFile:
    return replace(
        file,
        results=tuple(one for one in file.results if not terms[one.fullname].skip),
        damaged=tuple(one for one in file.damaged if not terms[one.fullname].skip),
    )


def _pair(terms: Terms, old: Result, new: Result, base: ResultFile, head: ResultFile) -> Pair:
    before, after = _observed(old, base.machine, terms), _observed(new, head.machine, terms)
    name = old.fullname
    return under_load(Pair(name, before, after, terms=terms, place=place_of(name)))


def _observed(result: Result, machine: Machine, terms: Terms) -> list[Observation]:
    priced = USD in terms.metrics
    return observations_of(result, price_of(machine, terms.usd_per_hour) if priced else None)


def _control(old: Result, new: Result, terms: Terms) -> Pair:
    return Pair(old.fullname, observations_of(old), observations_of(new), terms=terms)


def _split(both: Sequence[Both], terms: Mapping[str, Terms]) -> tuple[list[Both], list[Both]]:
    """The project's own, and the control; files of nothing but peers are of peers' own."""
    found: dict[bool, list[Both]] = {True: [], False: []}
    for old, new in both:
        found[_is_control(old, new, terms[old.fullname])].append((old, new))
    return (found[False], found[True]) if found[False] else (found[True], [])


def _is_control(old: Result, new: Result, terms: Terms) -> bool:
    """The same version of the same runtime on both sides, one call after another."""
    named = old.variant in EVERY_PEER if terms.control is None else terms.control
    return named and old.runtime == new.runtime and not loaded(old) and not loaded(new)


def _shared(base: ResultFile, head: ResultFile, broken: Sequence[Verdict]) -> list[Both]:
    after = {result.fullname: result for result in head.results}
    both = [(old, after[old.fullname]) for old in base.results if old.fullname in after]
    if not both and not broken:
        raise NothingMeasured(f"{base.path} and {head.path} share no benchmark; compare like runs")
    return both


def _with_base(both: Sequence[Both], base: ResultFile, broken: Sequence[Verdict]) -> list[Both]:
    """Those whose base can be compared with."""
    found = [(old, new) for old, new in both if not invalid(old)]
    if not found and not broken:
        first = both[0][0]
        why = f"{first.fullname} is INVALID: {invalid(first)}"
        raise NothingMeasured(f"{base.path}: {why}; an INVALID run shows nothing, measure it again")
    return found


def _without_base(both: Sequence[Both]) -> Iterator[Verdict]:
    """The others."""
    for old, _ in both:
        if why := invalid(old):
            reason = f"BASE is INVALID: {why}; measure it again"
            yield alone(old.fullname, "inconclusive", reason)


def _alone(file: ResultFile, other: ResultFile, kind: Kind) -> list[Verdict]:
    """The benchmarks of `file` that `other` lacks."""
    known = set(other.fullnames)
    return [alone(name, kind, ALONE[kind]) for name in file.fullnames if name not in known]


def _side(file: ResultFile) -> Side:
    return Side(file.path, file.commit, file.measured)


def _machine(file: ResultFile) -> dict[str, str]:
    told = {name: str(getattr(file.machine, name)) for name in SHOWN_OF_THE_MACHINE}
    return {name: text for name, text in told.items() if text}


def _threads(both: Iterable[Both]) -> int | None:
    """Where all have the same."""
    counts = {result.threads for one in both for result in one}
    return counts.pop() if len(counts) == 1 else None
