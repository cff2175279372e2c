"""What stored runs are held for: HEAD against their newest level, and against their first.

Here a run is the unit, however many processes it had: what differs between two days on one
machine is in the spread of the runs. base = the runs since the last change of level, n of them,
30 at most; x = log of a run's median; s = their standard deviation. A next run of that level is at

    mean(x) +- t(n - 1) * s * sqrt(1 + 1 / n)          (a prediction interval)

and the rule of `judge` decides by log(HEAD) - mean(x) with that error. What creeps stays within
the margin of every run before it: so where HEAD and its level are beyond the margin of the first
level that is stored, by Welch's t over the runs of both, that is a regression, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy

from isthmus.benchmarks.gate.rule.judge import Question
from isthmus.benchmarks.gate.rule.metrics import Metric
from isthmus.benchmarks.gate.rule.observations import Pair, Seen
from isthmus.benchmarks.gate.rule.verdict import Verdict
from isthmus.reports import LogRatio, log_ratio
from isthmus.reports.files.history.store_record import Record
from isthmus.reports.stats.changes import FEWEST_RUNS, LEAST, changes

MOST_RUNS = 30
FEWEST = 5  # runs of a level, for a prediction


@dataclass(frozen=True)
class Line:
    """A metric of a benchmark: HEAD's log, and those of the runs before it, oldest first."""

    benchmark: str
    metric: Metric
    runs: Sequence[Record]
    logs: Sequence[float]
    head: float
    margin: float
    place: str = ""

    @property
    def least(self) -> float:
        """The smallest change of level to look for."""
        return min(LEAST, self.margin)

    def worse_than(self, level: float) -> bool:
        """Whether HEAD is beyond the margin of a level's log."""
        worse = self.head - level if self.metric.higher_is_worse else level - self.head
        return worse > math.log1p(self.margin)

    def question(self, ratio: LogRatio, base: Sequence[float], head: Sequence[float]) -> Question:
        """Of two levels, as the rule takes it; the logs of base and of head."""
        runs = [Seen(())] * len(base)
        pair = Pair(self.benchmark, runs, runs, place=self.place)
        values = [math.exp(float(numpy.median(logs))) for logs in (base, head)]
        return Question(pair, self.metric, ratio, values[0], values[1], self.margin)


@dataclass(frozen=True)
class Asked:
    """What is asked of a line: HEAD against its level, if runs suffice, and against the first.

    since: the run with which the first level ended.
    """

    line: Line
    level: Sequence[float]
    now: Question | None
    crept: Question | None = None
    since: Record | None = None

    def questions(self) -> list[Question]:
        return [one for one in (self.now, self.crept) if one]

    def verdict(self, found: Iterator[Verdict]) -> Verdict:
        """One, from those on its questions, which are next in `found`."""
        now = next(found) if self.now else _too_few(self.line, self.level)
        crept = next(found) if self.crept else None
        if crept is None or self.since is None or crept.kind != "regressed":
            return now
        if now.kind in ("regressed", "improved"):
            return now
        return replace(crept, reason=f"{crept.reason}: slow creep since {self.since.title}")


def asked_of(line: Line) -> Asked:
    """The questions; errors are those of `changes`, for 6 runs or more."""
    level = line.logs[_begin(line) :][-MOST_RUNS:]
    now = None
    if len(level) >= FEWEST:
        now = line.question(prediction(level, line.head), level, [line.head])
    return _with_creep(Asked(line, level, now))


def _begin(line: Line) -> int:
    """Where the newest level begins."""
    if len(line.logs) < FEWEST_RUNS:
        return 0
    return changes(line.logs, line.least).segments[-1].begin


def _with_creep(asked: Asked) -> Asked:
    """Asked of the first level, too, where HEAD is of another and beyond the margin of it."""
    line, every = asked.line, [*asked.line.logs, asked.line.head]
    if len(every) < FEWEST_RUNS:
        return asked
    segments = changes(every, line.least).segments
    if len(segments) == 1 or not line.worse_than(segments[0].level):
        return asked
    first, last = (every[one.begin : one.end] for one in (segments[0], segments[-1]))
    crept = line.question(_welch(last, first), first, last)
    return replace(asked, crept=crept, since=line.runs[segments[1].begin])


def _welch(last: Sequence[float], first: Sequence[float]) -> LogRatio:
    """log(last / first) of two levels, a run each unit."""
    a, b = ([[math.exp(log)] for log in logs] for logs in (last, first))
    return log_ratio(a, b)


def prediction(logs: Sequence[float], head: float) -> LogRatio:
    """log(HEAD / base) with the error of a single run of base's level."""
    values, count = numpy.asarray(logs), len(logs)
    error = float(values.std(ddof=1)) * math.sqrt(1 + 1 / count)
    method = f"prediction interval, t, {count} runs"
    return LogRatio(head - float(values.mean()), error, count - 1, method)


def _too_few(line: Line, level: Sequence[float]) -> Verdict:
    runs = "run" if len(level) == 1 else "runs"
    return Verdict(
        benchmark=line.benchmark,
        metric=line.metric.name,
        kind="inconclusive",
        reason=f"{len(level)} stored {runs} of this level; {FEWEST} are needed",
        unit=line.metric.unit,
        base=math.exp(float(numpy.median(level))),
        head=math.exp(line.head),
        margin=line.margin,
        rounds=len(level),
        place=line.place,
    )
