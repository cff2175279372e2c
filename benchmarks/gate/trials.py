"""Trials of the gate itself: comparisons of equals, and slowdowns of a known size.

A trial is samples of the suite, measured as the gate measures them, base and head from the same
files. In one of the benchmarks, another in each trial, head's calls wait a share of their own time
on top: 0 %, 3 %, 5 % and 10 %, in turn from one cycle of turns to the next. Cycle by cycle, the
rounds fall apart into comparisons of each size, and the gate judges every one of them by its own
code, with the time that it alone would have taken:

    2 gates of equals      all benchmarks at 0 %, in the first sample and in the second
    3 gates of a slowdown  that benchmark at 3, 5 or 10 %, the others at 0 %

The two gates of equals share nothing: what a sample of theirs finds regressed is measured again in
a sample of its own, the third or the fourth. The gates of a slowdown begin with the first sample
and confirm by the second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from isthmus.benchmarks.gate.rule.observations import Observation, Observed
from isthmus.benchmarks.gate.rule.sampling import Effort, Gate, Progress, part_of
from isthmus.benchmarks.gate.rule.suite import Found
from isthmus.benchmarks.gate.rule.terms import TermsOf
from isthmus.benchmarks.gate.rule.verdict import Verdict
from isthmus.benchmarks.gate.suites.workload_suite import WorkloadSuite, name_of
from isthmus.benchmarks.harness.variants import Variant

__all__ = ["LEVELS", "Answer", "Round", "Trial", "answers", "benchmarks_of", "level_text"]

LEVELS = (0.0, 0.03, 0.05, 0.10)
NONE = LEVELS[:1]
SAMPLES_OF_EQUALS = ((0, 2), (1, 3))


@dataclass(frozen=True)
class Round:
    """One benchmark's round: base and head at each level, and what a gate of one would take."""

    levels: Mapping[float, Observed]
    seconds: float


@dataclass
class Trial:
    """Rounds that are measured when a gate first asks for them; `slowed`: the benchmark."""

    suite: WorkloadSuite
    slowed: str
    rounds: dict[tuple[int, int, str], Round] = field(default_factory=dict)

    @property
    def benchmarks(self) -> Mapping[str, tuple[str, Variant]]:
        return benchmarks_of(self.suite)

    def round(self, sample: int, number: int, name: str) -> Round:
        """Round `number` of a sample."""
        key = (sample, number, name)
        if key not in self.rounds:
            self.rounds[key] = self._measured(number, name)
        return self.rounds[key]

    def _measured(self, number: int, name: str) -> Round:
        levels, seconds = (LEVELS if name == self.slowed else NONE), self.suite.seconds
        work, variant = self.benchmarks[name]
        both = self.suite.both(work, variant, number, len(levels) * seconds, levels)
        return Round(
            by_level(both.observations, levels),
            both.opening_seconds + both.turning_seconds / len(levels),
        )


def benchmarks_of(suite: WorkloadSuite) -> dict[str, tuple[str, Variant]]:
    """The workload and the variant of each."""
    return {name_of(work, v): (work, v) for work in suite.works for v in suite.variants}


def by_level(both: Observed, levels: Sequence[float]) -> dict[float, Observed]:
    """The turns of each level: turn k has level k modulo their number, on both sides."""
    base, head = both
    return {
        level: (_every(base, at, len(levels)), _every(head, at, len(levels)))
        for at, level in enumerate(levels)
    }


def _every(one: Observation, at: int, step: int) -> Observation:
    """The turns whose cycle is `at` modulo `step`, and their samples."""
    ends = list(accumulate(one.calls))
    kept = [
        (cycle, begin, end)
        for cycle, begin, end in zip(one.turns, [0, *ends], ends, strict=False)
        if cycle % step == at
    ]
    return replace(
        one,
        seconds=[value for _, begin, end in kept for value in one.seconds[begin:end]],
        turns={cycle: one.turns[cycle] for cycle, _, _ in kept},
        calls=[end - begin for _, begin, end in kept],
    )


@dataclass
class View:
    """A trial as the suite of one gate: the slowed benchmark at a level, the others equal.

    samples: the trial's samples in the order in which this gate has them. It keeps the time that
    the gate would have taken alone.
    """

    trial: Trial
    level: float
    samples: Sequence[int] = (0, 1)
    seconds: float = 0.0
    only_base: Collection[str] = ()
    only_head: Collection[str] = ()
    begun: int = -1

    def round(self, number: int, names: Collection[str] | None) -> Found:
        self.begun += number == 0  # a sample's first round is its round 0
        return dict(self._found(number, self.trial.benchmarks if names is None else names))

    def _found(self, number: int, names: Collection[str]) -> Iterator[tuple[str, Observed]]:
        for name in self.trial.benchmarks:
            if name in names:
                one = self.trial.round(self.samples[self.begun], number, name)
                self.seconds += one.seconds
                yield name, one.levels[self.level if name == self.trial.slowed else 0.0]

    def defined_in(self, name: str) -> str:
        return ""

    def clock(self) -> float:
        """Seconds of a gate that measures this view alone."""
        return self.seconds


@dataclass(frozen=True)
class Answer:
    """What a gate said of a view: of which slowdown, whether it failed, and in what time."""

    level: float
    found: bool
    false_alarms: Sequence[str]
    seconds: float
    rounds: int
    verdicts: Sequence[Verdict]


def level_text(level: float) -> str:
    """What a gate judges: equals, or a slowdown of a known size."""
    return f"slowed by {level:.0%}" if level else "equals"


def answers(
    trial: Trial, terms_of: TermsOf, effort: Effort, progress: Progress = lambda step: None
) -> list[Answer]:
    """The five gates of a trial."""
    equals = [View(trial, 0.0, samples) for samples in SAMPLES_OF_EQUALS]
    views = [*equals, *(View(trial, level) for level in LEVELS[1:])]
    return [_answer(view, terms_of, effort, progress) for view in views]


def _answer(view: View, terms_of: TermsOf, effort: Effort, progress: Progress) -> Answer:
    tell = part_of(level_text(view.level), progress)
    gate = Gate(view, terms_of, effort, progress=tell, clock=view.clock)
    found = gate.verdicts()
    regressed = [verdict for verdict in found if verdict.kind == "regressed"]
    right = view.trial.slowed if view.level else ""
    return Answer(
        level=view.level,
        found=any(verdict.benchmark == right for verdict in regressed),
        false_alarms=[f"{v.benchmark} {v.metric}" for v in regressed if v.benchmark != right],
        seconds=view.seconds,
        rounds=sum(sample.number for sample in gate.samples),
        verdicts=found,
    )
