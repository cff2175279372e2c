"""How much is measured: rounds while anything is inconclusive, and what regressed once more.

Screening, the first draw of a sample: a few rounds of everything, then one more of what is still
inconclusive, and so on; until all is decided, the budget is spent but for as many rounds of the
suspects, or what is left could not decide anything.
Confirmation, the second draw: what regressed, by new processes and in the same way, with what is
left of the budget.
A budget that does not hold the first rounds of either ends it, inconclusive; only the very first
round is measured whatever it takes, and tells what a budget has to hold.

Looking after every round makes a false verdict likelier than an interval says. A regression has
to be found in both samples, and the chances multiply: of changes that are as large as the margin,
which should raise no alarm, fewer than 2.5 % do (`tests/benchmarks/gate/test_gate_sampling.py`).
The figures of a regression are the confirmation's, which were not chosen for being large.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from isthmus.benchmarks.harness.clock import Step
from isthmus.errors import NothingMeasured, UsageError
from isthmus.reports.money.cost import few

from .control import Control, under_control
from .judge import Question, judged, judged_parity
from .metrics import PARITY
from .prospects import is_suspect, may_be_decided
from .refusal import refused
from .sample import Sample, questions_of
from .suite import Suite
from .terms import TermsOf
from .verdict import ALONE, Kind, Verdict

__all__ = ["MOST_ROUNDS", "Effort", "Gate", "Progress", "part_of"]

FIRST_ROUNDS = 5
MOST_ROUNDS = 30

Key = tuple[str, str]  # a benchmark and a metric
Progress = Callable[[Step], None]


def part_of(whole: str, progress: Progress) -> Progress:
    """Tells each step as a part of something larger."""
    return lambda step: progress(replace(step, text=f"{whole}, {step.text}"))


@dataclass(frozen=True)
class Effort:
    """Seconds for both samples together, and rounds of each."""

    budget_seconds: float = 300.0
    first_rounds: int = FIRST_ROUNDS
    most_rounds: int = MOST_ROUNDS


@dataclass
class Gate:
    """A suite under the rule: what is asked of it, effort, the control and the clock."""

    suite: Suite
    terms_of: TermsOf
    effort: Effort
    control: Control | None = None
    progress: Progress = lambda step: None
    clock: Callable[[], float] = monotonic
    allow_missing: bool = False
    samples: list[Sample] = field(default_factory=list)
    started: float = field(init=False)
    round_seconds: float = 0.0  # of the last round of all benchmarks, with its control
    least_seconds: float = 0.0  # of a budget that decides something; known after the first round
    ended_early: bool = False  # the budget did not hold the first rounds

    def __post_init__(self) -> None:
        self.started = self.clock()

    def verdicts(self) -> list[Verdict]:
        """All that was decided; see the module's first lines."""
        screening = self._sample(self.terms_of)
        found = [*self._until_decided(screening), *self._alone()]
        suspects = {_key(verdict) for verdict in found if verdict.kind == "regressed"}
        if suspects:
            confirmation = self._sample(screening.terms.__getitem__)
            found = _confirmed(found, self._until_decided(confirmation, suspects))
        return under_control(found, self.control_verdict())

    def control_verdict(self) -> Verdict | None:
        return self.control.verdict() if self.control else None

    @property
    def spent_seconds(self) -> float:
        return self.clock() - self.started

    def _sample(self, terms_of: TermsOf) -> Sample:
        self.samples.append(Sample(self.suite, terms_of, self.clock))
        return self.samples[-1]

    def _round(self, sample: Sample, names: Collection[str] | None) -> None:
        left = max(0.0, self._left_seconds)
        text = f"draw {len(self.samples)}, round {sample.number + 1}"
        self.progress(Step(text, self.spent_seconds, left))
        began = self.clock()
        sample.more(names)
        if self.control:
            self.control.measure()
        if names is None:
            self.round_seconds = self.clock() - began
        if not self.least_seconds:
            self._estimate(sample, began - self.started)

    def _estimate(self, sample: Sample, before_seconds: float) -> None:
        """Say early what a budget must hold: the first rounds of all, and again of one suspect."""
        rounds = self.effort.first_rounds * (1 + 1 / max(1, len(sample.rounds)))
        self.least_seconds = before_seconds + rounds * self.round_seconds
        if self.least_seconds > self.effort.budget_seconds:
            text = f"the budget is short: a verdict takes {self.least_seconds:.0f} s"
            self.progress(Step(text, self.spent_seconds, max(0.0, self._left_seconds)))

    def _affords(self, sample: Sample, names: Collection[str] | None) -> bool:
        """Whether the budget holds another round; the very first is measured whatever it takes."""
        if not self.round_seconds:
            return True
        every = max(1, len(self.samples[0].rounds))
        share = 1.0 if names is None else len(names) / every
        self.ended_early |= self.round_seconds * share > self._left_seconds
        return not self.ended_early

    @property
    def _left_seconds(self) -> float:
        return self.effort.budget_seconds - self.spent_seconds

    def _until_decided(self, sample: Sample, only: Collection[Key] | None = None) -> list[Verdict]:
        """The verdicts of a sample.

        only: benchmarks and metrics that are asked about; all for None, as screening does.
        """
        names = None if only is None else {name for name, _ in only}
        for _ in range(self.effort.first_rounds):
            if not self._affords(sample, names):
                break
            self._round(sample, names)
            if not sample.rounds:
                raise NothingMeasured("the suite has no benchmark on both sides; see its output")
            self._check(sample)
        while not self.ended_early and (names := self._worth_more(sample, only)):
            self._round(sample, names)
        return self._judged(sample, only)

    def _check(self, sample: Sample) -> None:
        """UsageError where the sides did other work, or head lacks some of it."""
        gone = sorted(self.suite.only_base)
        if gone and not self.allow_missing:
            step = "bring them back, or pass --allow-missing"
            raise UsageError(f"HEAD lacks {few(gone)}; {step}")
        different = [
            text
            for name, rounds in sample.rounds.items()
            for text in refused(name, *(one.facts for one in rounds[-1]))
        ]
        if different:
            raise UsageError(f"BASE | HEAD differ in {few(different)}; that is other work")

    def _worth_more(self, sample: Sample, only: Collection[Key] | None) -> set[str]:
        """Inconclusive benchmarks that the time left may decide."""
        said = self._asked(sample, only)
        waiting = [
            (asked, verdict)
            for asked, verdict in said
            if verdict.kind == "inconclusive" and asked.pair.rounds < self.effort.most_rounds
        ]
        names = {asked.pair.benchmark for asked, _ in waiting}
        rounds = self._rounds_left(sample, [asked for asked, _ in said] if only is None else [])
        if rounds < len(names):
            return set()
        return {
            asked.pair.benchmark
            for asked, verdict in waiting
            if may_be_decided(
                asked, verdict.confidence, rounds if is_suspect(asked) else rounds / len(names)
            )
        }

    def _rounds_left(self, sample: Sample, again: Sequence[Question]) -> float:
        """Of a single benchmark; without those that a confirmation of suspects `again` would take,
        if it were as long as this sample."""
        suspects = {asked.pair.benchmark for asked in again if is_suspect(asked)}
        return self._left_seconds / sample.took_seconds - (sample.number + 1) * len(suspects)

    def _judged(self, sample: Sample, only: Collection[Key] | None = None) -> list[Verdict]:
        """Of each metric of each benchmark, or of those named; parity beside them."""
        timed = [verdict for _, verdict in self._asked(sample, only)]
        asked = (pair for pair in sample.pairs() if PARITY in pair.terms.metrics)
        parity = [judged_parity(pair) for pair in asked]
        right = [one for one in parity if one and (only is None or _key(one) in only)]
        return [*timed, *right]

    def _asked(
        self, sample: Sample, only: Collection[Key] | None = None
    ) -> list[tuple[Question, Verdict]]:
        questions = [
            one
            for one in questions_of(sample.pairs())
            if only is None or (one.pair.benchmark, one.metric.name) in only
        ]
        return list(zip(questions, judged(questions), strict=True))

    def _alone(self) -> list[Verdict]:
        """The benchmarks of one side."""
        sides: dict[Kind, Collection[str]] = {
            "missing": self.suite.only_base,
            "new": self.suite.only_head,
        }
        return [
            Verdict(name, "", kind, ALONE[kind])
            for kind, names in sides.items()
            for name in sorted(names)
        ]


def _confirmed(first: Sequence[Verdict], second: Sequence[Verdict]) -> list[Verdict]:
    """What screening found; a regression is the confirmation's, or none."""
    again = {_key(verdict): verdict for verdict in second}
    return [
        _of_both(one, again.get(_key(one))) if one.kind == "regressed" else one for one in first
    ]


def _of_both(first: Verdict, second: Verdict | None) -> Verdict:
    """The confirmation's figures, which were not chosen for being large."""
    if second is None and first.metric == PARITY:  # no chance decides whether outputs are wrong
        return first
    if second is None:
        reason = f"{first.reason} in a first draw, and not measured in a second; give more --budget"
        return replace(first, kind="inconclusive", reason=reason)
    if second.kind == "regressed":
        return replace(second, reason=f"{second.reason}, in two draws of {_rounds(first, second)}")
    before = "" if first.ratio is None else f" of {first.ratio:.3f}"
    reason = f"a first draw{before} was not reproduced by a second: {second.reason}"
    kind: Kind = "equivalent" if second.kind == "equivalent" else "inconclusive"
    return replace(second, kind=kind, reason=reason)


def _rounds(first: Verdict, second: Verdict) -> str:
    return f"{first.rounds} and {second.rounds} rounds"


def _key(verdict: Verdict) -> Key:
    return verdict.benchmark, verdict.metric
