"""Whether the gate can fire here: the trials of `trials`, as many as the budget allows.

At 0 % every regression is a false alarm; at 3, 5 and 10 % a missing one is a miss. From the spread
s of the rounds follows the smallest change that a gate of n rounds finds in 80 of 100 runs, twice:

    m + (t(1 - tail, n - 1) + z(sqrt(0.8))) * s / sqrt(n)

with the margin m; n rounds of K benchmarks, and as many of the one that was slowed, are what the
budget holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist, fmean, median
from time import monotonic

from isthmus.benchmarks.gate.rule.judge import CONFIDENCE
from isthmus.benchmarks.gate.rule.noise import Spread, between_of, floor_of, spread_of
from isthmus.benchmarks.gate.rule.sampling import MOST_ROUNDS, Effort, Progress, part_of
from isthmus.benchmarks.gate.rule.settings import Settings
from isthmus.benchmarks.gate.suites.workload_suite import WorkloadSuite
from isthmus.reports.files.turns import round_log
from isthmus.reports.stats.student import t_quantile

from .trials import LEVELS, Answer, Trial, answers, benchmarks_of

__all__ = ["Findings", "self_test"]

POWER = 0.8


@dataclass(frozen=True)
class Findings:
    """What the trials showed: gates by level, the spread of each benchmark, seconds of a round.

    levels: logs of base's median seconds, one a process, by benchmark.
    """

    answers: Sequence[Answer]
    spreads: Mapping[str, Spread]
    round_seconds: float
    margin: float
    effort: Effort
    levels: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def floor(self) -> float:
        return floor_of(self.spreads)

    @property
    def between(self) -> float | None:
        """How far apart two processes of the same work come out, as a share."""
        return between_of(self.levels)

    @property
    def fires(self) -> bool:
        """No false alarm, and the largest slowdown was always found."""
        largest = [one.found for one in self.answers if one.level == LEVELS[-1]]
        return all(largest) and not any(one.false_alarms for one in self.answers)

    def counted(self, level: float) -> tuple[int, int]:
        """(alarms, gates) at a level."""
        gates = [one for one in self.answers if one.level == level]
        alarms = [bool(one.found if level else one.false_alarms) for one in gates]
        return sum(alarms), len(gates)

    @property
    def rounds(self) -> int:
        """Of screening, which the budget holds besides the confirmation of a single benchmark."""
        both_seconds = self.round_seconds * (1 + 1 / len(self.spreads))
        held = self.effort.budget_seconds / both_seconds
        return max(self.effort.first_rounds, min(MOST_ROUNDS, int(held)))

    def smallest_change(self, benchmark: str) -> float:
        """As a share; found in 80 of 100 gates."""
        rounds, spread = self.rounds, self.spreads[benchmark]
        tail = (1 - CONFIDENCE) / 2 / len(self.spreads)
        reach = t_quantile(1 - tail, rounds - 1) + NormalDist().inv_cdf(math.sqrt(POWER))
        margin = max(self.margin, self.floor)
        return math.expm1(math.log1p(margin) + reach * spread.deviation / math.sqrt(rounds))


def self_test(
    suite: WorkloadSuite,
    settings: Settings,
    effort: Effort,
    seconds: float,
    progress: Progress,
) -> Findings:
    """One trial at least, which is finished whatever it takes, and others while the seconds allow.

    The progress is that of each gate in turn, with the time that is left to it.
    """
    began, trials, found = monotonic(), list[Trial](), list[Answer]()
    names = list(benchmarks_of(suite))
    while not trials or (monotonic() - began) * (1 + 1 / len(trials)) < seconds:
        tell = part_of(f"trial {len(trials) + 1}", progress)
        trials.append(Trial(suite, names[len(trials) % len(names)]))
        found += answers(trials[-1], settings.terms_of, effort, tell)
    seen = spreads(trials), round_seconds(trials)
    return Findings(found, *seen, settings.margin, effort, levels_of(trials))


def spreads(trials: Sequence[Trial]) -> dict[str, Spread]:
    """Of each benchmark, from all rounds of equals."""
    logs: dict[str, list[float]] = {}
    for trial in trials:
        for (_, _, name), one in trial.rounds.items():
            base, head = one.levels[0.0]
            if (log := round_log(head.turns, base.turns)) is not None:
                logs.setdefault(name, []).append(log)
    return {name: spread_of(values) for name, values in logs.items() if len(values) > 1}


def levels_of(trials: Sequence[Trial]) -> dict[str, list[float]]:
    """Of base's process in every round: one after the other, as files are measured."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        for (_, _, name), one in trial.rounds.items():
            base, _ = one.levels[0.0]
            if base.seconds:
                found.setdefault(name, []).append(math.log(median(base.seconds)))
    return found


def round_seconds(trials: Sequence[Trial]) -> float:
    """What a round of all benchmarks takes in a gate."""
    by_name: dict[str, list[float]] = {}
    for trial in trials:
        for (_, _, name), one in trial.rounds.items():
            by_name.setdefault(name, []).append(one.seconds)
    return sum(fmean(values) for values in by_name.values())
