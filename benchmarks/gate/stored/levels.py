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
from isthmus.benchmarks.gate.rule.metrics import Metric, values_of
from isthmus.benchmarks.gate.rule.observations import Observation, Pair
from isthmus.benchmarks.gate.rule.verdict import Verdict
from isthmus.reports import LogRatio, log_ratio
from isthmus.reports.stats.changes import FEWEST_RUNS, LEAST, changes

__all__ = ["Inquiry", "inquiry"]

MOST_RUNS = 30
FEWEST = 5  # runs of a level, for a prediction


@dataclass(frozen=True)
class Inquiry:
    """What is asked of a metric of a pair: HEAD against BASE; against the first level, too.

    too_few: what is said where BASE does not suffice. since: the run that ended the first level.
    """

    pair: Pair
    now: Question | None
    too_few: Verdict | None = None
    crept: Question | None = None
    since: str = ""

    @property
    def questions(self) -> list[Question]:
        return [one for one in (self.now, self.crept) if one]

    def verdict(self, answers: Iterator[Verdict]) -> Verdict:
        """One, from those on its questions, which are next."""
        now = self.too_few or next(answers)
        crept = next(answers) if self.crept else None
        if crept is None or crept.kind != "regressed" or now.kind in ("regressed", "improved"):
            return now
        return replace(crept, reason=f"{crept.reason}: slow creep since {self.since}")


@dataclass(frozen=True)
class Line:
    """A metric of a pair: the runs that have it, oldest first, their logs, and HEAD's log."""

    pair: Pair
    metric: Metric
    runs: Sequence[Observation]
    logs: Sequence[float]
    head: float

    @property
    def margin(self) -> float:
        return self.pair.terms.margins[self.metric.name]

    @property
    def least(self) -> float:
        """The smallest change of level to look for."""
        return min(LEAST, self.margin)

    def worse_than(self, level: float) -> bool:
        """Whether HEAD is beyond the margin of a level's log."""
        worse = self.head - level if self.metric.higher_is_worse else level - self.head
        return worse > math.log1p(self.margin)

    def question(self, ratio: LogRatio, base: slice, head: Sequence[float]) -> Question:
        """Of two levels, as the rule takes it: the runs of base, and the logs of head."""
        pair = replace(self.pair, base=self.runs[base])
        values = [_typical(logs) for logs in (self.logs[base], head)]
        return Question(pair, self.metric, ratio, values[0], values[1], self.margin)


def inquiry(pair: Pair, metric: Metric) -> Inquiry | None:
    """None where HEAD, or every run, lacks the metric; errors are those of `changes`."""
    head = values_of(metric, pair.head)
    known = [(run, value) for run in pair.base if (value := metric.of(run)) is not None]
    if head is None or not known:
        return None
    runs, logs = [run for run, _ in known], [math.log(value) for _, value in known]
    return _asked(Line(pair, metric, runs, logs, math.log(head[0])))


def _asked(line: Line) -> Inquiry:
    level = slice(max(_begin(line), len(line.logs) - MOST_RUNS), None)
    logs = line.logs[level]
    if len(logs) < FEWEST:
        return _with_creep(Inquiry(line.pair, None, _too_few(line, logs)), line)
    now = line.question(prediction(logs, line.head), level, [line.head])
    return _with_creep(Inquiry(line.pair, now), line)


def _begin(line: Line) -> int:
    """Where the newest level begins."""
    if len(line.logs) < FEWEST_RUNS:
        return 0
    return changes(line.logs, line.least).segments[-1].begin


def _with_creep(asked: Inquiry, line: Line) -> Inquiry:
    """Asked of the first level, too, where HEAD is of another and beyond the margin of it."""
    every = [*line.logs, line.head]
    if len(every) < FEWEST_RUNS:
        return asked
    segments = changes(every, line.least).segments
    if len(segments) == 1 or not line.worse_than(segments[0].level):
        return asked
    first, last = (slice(one.begin, one.end) for one in (segments[0], segments[-1]))
    crept = line.question(_welch(every[last], every[first]), first, every[last])
    return replace(asked, crept=crept, since=line.runs[segments[1].begin].label)


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


def _typical(logs: Sequence[float]) -> float:
    return math.exp(float(numpy.median(logs)))


def _too_few(line: Line, level: Sequence[float]) -> Verdict:
    runs = "run" if len(level) == 1 else "runs"
    return Verdict(
        benchmark=line.pair.benchmark,
        metric=line.metric.name,
        kind="inconclusive",
        reason=f"{len(level)} stored {runs} of this level; {FEWEST} are needed",
        unit=line.metric.unit,
        base=_typical(level),
        head=math.exp(line.head),
        margin=line.margin,
        rounds=len(level),
        place=line.pair.place,
    )
