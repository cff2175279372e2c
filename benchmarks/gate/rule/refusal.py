"""What forbids a comparison: another machine, other threads, other work, an INVALID run.

It is refused with all that differs in one line, and not warned of: a ratio of unlike things is a
number that means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from isthmus.errors import FileError, UsageError
from isthmus.reports import Machine, Result, ResultFile
from isthmus.reports.files.checks import clean
from isthmus.reports.files.same_machine import NOT_RECORDED
from isthmus.reports.money.cost import few

__all__ = [
    "SETTING",
    "WORK",
    "check",
    "check_present",
    "different_machines",
    "facts_of",
    "invalid",
    "loaded",
    "refused",
]

Facts = Mapping[str, Any]

# What two results of one name must share, by the result's attribute.
WORK = ("workload", "variant", "batch", "sequence", "precision", "scenario")
SETTING = ("threads", "model_hash")
# A pytest-benchmark file's own groups and names of tests say how they are shown, nothing else.
OF_STRANGERS = ("batch", "sequence", "precision", "scenario", "timer", *SETTING)
# What a fact is where it is not told: a processor's time is no time on the wall.
USUAL = {"timer": "perf_counter"}
# A server that keeps another promise, or promises nothing and is asked at another rate, does other
# work. With a promise the rate may be what was searched: then it is the measure.
PROMISE = ("bound_ms", "percentile")

THREADS = "threads"  # the one fact that belongs to the machine as well
MEASURE_BASE = "that is other work; measure BASE again"
SAME_MACHINE = "measure both on one machine, or pass --allow-different-machines"
SAME_INTERPRETER = "measure both by one interpreter, or pass --allow-different-machines"


class Difference(NamedTuple):
    """A fact that the two sides of a benchmark do not share."""

    field: str
    benchmark: str
    base: Any
    head: Any

    def __str__(self) -> str:
        return f"{self.field} of {self.benchmark}: {_shown(self.base)} | {_shown(self.head)}"


def refused(benchmark: str, base: Facts, head: Facts) -> list[str]:
    """`field of benchmark: this | that` for each fact that the sides do not share, told or not."""
    return [str(difference) for difference in differences(benchmark, base, head)]


def differences(benchmark: str, base: Facts, head: Facts) -> Iterator[Difference]:
    """The same before it is text."""
    for name in dict.fromkeys((*base, *head)):
        before, after = (side.get(name, USUAL.get(name)) for side in (base, head))
        if before != after:
            yield Difference(name, benchmark, before, after)


def facts_of(result: Result) -> dict[str, Any]:
    """What a result must share with another of its name to be the same work."""
    names = OF_STRANGERS if result.origin else (*WORK, *SETTING)
    facts = {name: getattr(result, name) for name in names}
    if (outcome := result.scenario_result) and loaded(result):
        served = PROMISE if outcome.bound_ms else (*PROMISE, "rate_per_s")
        facts |= {name: getattr(outcome, name) for name in served}
    return {name: value for name, value in facts.items() if value not in (None, "")}


def loaded(result: Result) -> bool:
    """Whether more happens than one call after another: only there does INVALID forbid anything."""
    return not result.one_by_one


def check(
    base: ResultFile, head: ResultFile, pairs: Sequence[tuple[Result, Result]], *, anywhere: bool
) -> None:
    """UsageError unless all is alike; `anywhere`: machines and threads may differ."""
    _check_valid(pairs)
    found = [
        difference
        for old, new in pairs
        for difference in differences(old.fullname, facts_of(old), facts_of(new))
        if not (anywhere and difference.field == THREADS)
    ]
    machines = () if anywhere else different_machines(base.machine, head.machine)
    if said := [*machines, *_by_field(found)]:
        raise UsageError(f"BASE | HEAD differ in {'; '.join(said)}; {_step(said, found)}")


def _step(said: Sequence[str], found: Sequence[Difference]) -> str:
    if any(difference.field != THREADS for difference in found):
        return MEASURE_BASE
    only_interpreter = all(text.startswith("interpreter: ") for text in said)
    return SAME_INTERPRETER if only_interpreter else SAME_MACHINE


def check_present(base: ResultFile, head: ResultFile) -> None:
    """FileError where HEAD lacks a benchmark of BASE."""
    known = set(head.fullnames)
    gone = [name for name in base.fullnames if name not in known]
    if gone:
        raise FileError(f"{head.path} lacks {few(gone)}; measure them, or pass --allow-missing")


def different_machines(base: Machine, head: Machine) -> tuple[str, ...]:
    """`field: this | that`; another interpreter makes other times, as another machine does."""
    return (*base.differences(head), *filter(None, [base.other_interpreter(head)]))


def _by_field(found: Iterable[Difference]) -> Iterator[str]:
    """A field of many benchmarks is said of the first, with the number of the others."""
    fields: dict[str, list[Difference]] = {}
    for difference in found:
        fields.setdefault(difference.field, []).append(difference)
    for first, *others in fields.values():
        yield f"{first} (and of {len(others)} more)" if others else str(first)


def _check_valid(pairs: Iterable[tuple[Result, Result]]) -> None:
    """UsageError for a loaded scenario that was VALID before the change and no longer is."""
    found = [
        f"{new.fullname} of HEAD: {why}"
        for old, new in pairs
        if (why := invalid(new)) and not invalid(old)
    ]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        step = "measure again, or skip it in tool.isthmus.gate.benchmarks of pyproject.toml"
        raise UsageError(f"INVALID: {found[0]}{more}; an INVALID run shows nothing: {step}")


def invalid(result: Result) -> str:
    """Why a loaded scenario's run shows nothing; "" where it shows something."""
    outcome = result.scenario_result
    if outcome is None or outcome.valid or not loaded(result):
        return ""
    return outcome.reason or "no reason given"


def _shown(value: Any) -> str:
    """A value as text, short; two hashes differ in their first digits."""
    text = NOT_RECORDED if value in (None, "") else clean(str(value))
    return text if len(text) <= 40 else f"{text[:37]}..."
