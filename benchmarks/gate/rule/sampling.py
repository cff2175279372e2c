"""How much is measured: rounds while anything is inconclusive, and what regressed once more.

First draw: a few rounds of everything, then one more of what is still inconclusive, and so on;
until all is decided, the budget is spent but for as many rounds of the suspects, or what is left
could not decide anything.
Second draw: what regressed, by new processes and in the same way, with what is left of the budget.

Looking after every round makes a false verdict likelier than an interval says. A regression has
to be found in both draws, and the chances multiply: of changes that are as large as the margin,
which should raise no alarm, fewer than 2.5 % do (`tests/benchmarks/gate/test_gate_draws.py`). The
figures of a regression are the second draw's, which were not chosen for being large.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from isthmus.benchmarks.harness.clock import Step
from isthmus.errors import NothingMeasured, UsageError
from isthmus.reports.money.cost import few

from .control import Control, under_control
from .judge import Question, judged, judged_parity, question
from .metrics import METRICS, PARITY
from .observations import Pair, Seen
from .prospects import is_suspect, may_be_decided
from .refusal import refused
from .settings import Settings
from .suite import Suite
from .verdict import Kind, Verdict

FIRST_ROUNDS = 5
MOST_ROUNDS = 30
MISSING, NEW = "in BASE, not in HEAD", "in HEAD, not in BASE"

Key = tuple[str, str]  # a benchmark and a metric
Progress = Callable[[Step], None]


def part_of(whole: str, progress: Progress) -> Progress:
    """Tells each step as a part of something larger."""
    return lambda step: progress(replace(step, text=f"{whole}, {step.text}"))


@dataclass(frozen=True)
class Effort:
    """Seconds for both draws together, and rounds of each."""

    budget_seconds: float = 300.0
    first_rounds: int = FIRST_ROUNDS
    most_rounds: int = MOST_ROUNDS


@dataclass
class Draw:
    """Rounds of a suite by benchmark; each draw's processes are its own."""

    suite: Suite
    clock: Callable[[], float]
    rounds: dict[str, list[tuple[Seen, Seen]]] = field(default_factory=dict)
    number: int = 0
    took_seconds: float = 0.0  # the last round's, a benchmark

    def more(self, names: Collection[str] | None) -> None:
        """A round of the named benchmarks; of all for None."""
        began = self.clock()
        found = self.suite.round(self.number, names)
        for name, both in found.items():
            self.rounds.setdefault(name, []).append(both)
        self.number += 1
        self.took_seconds = (self.clock() - began) / max(1, len(found))

    def pairs(self) -> list[Pair]:
        return [
            Pair(
                name,
                [base for base, _ in rounds],
                [head for _, head in rounds],
                interleaved=True,
                place=self.suite.defined_in(name),
            )
            for name, rounds in self.rounds.items()
        ]


@dataclass
class Gate:
    """A suite under the rule: settings, effort, the control and the clock."""

    suite: Suite
    settings: Settings
    effort: Effort
    control: Control | None = None
    progress: Progress = lambda step: None
    clock: Callable[[], float] = monotonic
    allow_missing: bool = False
    draws: list[Draw] = field(default_factory=list)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def verdicts(self) -> list[Verdict]:
        """All that was decided; see the module's first lines."""
        found = [*self._until_decided(self._draw()), *self._alone()]
        suspects = {_key(verdict) for verdict in found if verdict.kind == "regressed"}
        if suspects:
            found = _confirmed(found, self._until_decided(self._draw(), suspects))
        return under_control(found, self.control_verdict())

    def control_verdict(self) -> Verdict | None:
        return self.control.verdict(self.settings.margin) if self.control else None

    @property
    def spent_seconds(self) -> float:
        return self.clock() - self.started

    def _draw(self) -> Draw:
        self.draws.append(Draw(self.suite, self.clock))
        return self.draws[-1]

    def _round(self, draw: Draw, names: Collection[str] | None) -> None:
        left = max(0.0, self.effort.budget_seconds - self.spent_seconds)
        text = f"draw {len(self.draws)}, round {draw.number + 1}"
        self.progress(Step(text, self.spent_seconds, left))
        draw.more(names)
        if self.control:
            self.control.measure()

    def _until_decided(self, draw: Draw, only: Collection[Key] | None = None) -> list[Verdict]:
        """The verdicts of a draw.

        only: benchmarks and metrics that are asked about; all for None, as the first draw does.
        """
        names = None if only is None else {name for name, _ in only}
        for _ in range(self.effort.first_rounds):
            self._round(draw, names)
            if not draw.rounds:
                raise NothingMeasured("the suite has no benchmark on both sides; see its output")
            self._check(draw)
        while names := self._worth_more(draw, only):
            self._round(draw, names)
        return self._judged(draw, only)

    def _check(self, draw: Draw) -> None:
        """UsageError where the sides did other work, or head lacks some of it."""
        gone = sorted(self.suite.only_base)
        if gone and not self.allow_missing:
            step = "bring them back, or pass --allow-missing"
            raise UsageError(f"HEAD lacks {few(gone)}; {step}")
        different = [
            text
            for name, rounds in draw.rounds.items()
            for text in refused(name, *(seen.facts for seen in rounds[-1]))
        ]
        if different:
            raise UsageError(f"BASE | HEAD differ in {few(different)}; that is other work")

    def _worth_more(self, draw: Draw, only: Collection[Key] | None) -> set[str]:
        """Inconclusive benchmarks that the time left may decide."""
        said = self._asked(draw, only)
        waiting = [
            (asked, verdict)
            for asked, verdict in said
            if verdict.kind == "inconclusive" and asked.rounds < self.effort.most_rounds
        ]
        names = {asked.pair.benchmark for asked, _ in waiting}
        rounds = self._rounds_left(draw, [asked for asked, _ in said] if only is None else [])
        if rounds < len(names):
            return set()
        return {
            asked.pair.benchmark
            for asked, verdict in waiting
            if may_be_decided(
                asked, verdict.confidence, rounds if is_suspect(asked) else rounds / len(names)
            )
        }

    def _rounds_left(self, draw: Draw, again: Sequence[Question]) -> float:
        """Of a single benchmark; without those that a second draw of suspects `again` would take,
        if it were as long as this one."""
        suspects = {asked.pair.benchmark for asked in again if is_suspect(asked)}
        left_seconds = self.effort.budget_seconds - self.spent_seconds
        return left_seconds / draw.took_seconds - (draw.number + 1) * len(suspects)

    def _judged(self, draw: Draw, only: Collection[Key] | None = None) -> list[Verdict]:
        """Of each metric of each benchmark, or of those named; parity beside them."""
        timed = [verdict for _, verdict in self._asked(draw, only)]
        parity = [judged_parity(pair) for pair in draw.pairs() if self._wants_parity(pair)]
        right = [one for one in parity if one and (only is None or _key(one) in only)]
        return [*timed, *right]

    def _asked(
        self, draw: Draw, only: Collection[Key] | None = None
    ) -> list[tuple[Question, Verdict]]:
        questions = [
            one
            for one in self._questions(draw)
            if only is None or (one.pair.benchmark, one.metric.name) in only
        ]
        return list(zip(questions, judged(questions), strict=True))

    def _questions(self, draw: Draw) -> list[Question]:
        return questions_of(draw.pairs(), self.settings)

    def _wants_parity(self, pair: Pair) -> bool:
        known = self.settings
        return PARITY in known.metrics_of(pair.benchmark) and not known.skips(pair.benchmark)

    def _alone(self) -> list[Verdict]:
        """The benchmarks of one side."""
        gone = [Verdict(name, "", "missing", MISSING) for name in sorted(self.suite.only_base)]
        come = [Verdict(name, "", "new", NEW) for name in sorted(self.suite.only_head)]
        return [*gone, *come]


def questions_of(pairs: Sequence[Pair], settings: Settings) -> list[Question]:
    """Each metric that is asked for and known."""
    found = (
        question(pair, METRICS[name], settings.margin_of(pair.benchmark, name))
        for pair in pairs
        for name in settings.metrics_of(pair.benchmark)
        if name != PARITY and not settings.skips(pair.benchmark)
    )
    return [one for one in found if one]


def _confirmed(first: Sequence[Verdict], second: Sequence[Verdict]) -> list[Verdict]:
    """The first draw's verdicts; a regression is the second's, or none."""
    again = {_key(verdict): verdict for verdict in second}
    return [
        _of_both(one, again.get(_key(one))) if one.kind == "regressed" else one for one in first
    ]


def _of_both(first: Verdict, second: Verdict | None) -> Verdict:
    """The second draw's figures, which were not chosen for being large."""
    if second is None:
        return replace(first, kind="inconclusive", reason="not measured in the second draw")
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
