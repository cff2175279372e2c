"""Whether more rounds of a benchmark may decide it.

What looks regressed gets the benefit of the doubt, everything else is taken as it looks: what is
missed costs more than what stays inconclusive.
"""

from __future__ import annotations

import math

from isthmus.reports.stats.student import t_quantile

from .judge import CONFIDENCE, Question

__all__ = ["is_suspect", "may_be_decided"]

# Standard errors by which a suspect may be easier to decide than its estimate says.
LUCK = 1.0
FARTHEST_ROUND = 1000  # nobody waits for a later one


def is_suspect(asked: Question) -> bool:
    """Whether its estimate is a regression, be it decided or not."""
    worse = (asked.ratio.value > 0) == asked.metric.higher_is_worse
    return worse and abs(asked.ratio.value) > math.log1p(asked.margin)


def may_be_decided(asked: Question, confidence: float | None, rounds: float) -> bool:
    """Whether so many more rounds may do."""
    luck = LUCK if is_suspect(asked) else 0.0
    return rounds_to_decide(asked, confidence, luck) <= asked.pair.rounds + rounds


def rounds_to_decide(asked: Question, confidence: float | None, luck: float = 0.0) -> float:
    """The rounds after which the interval would end at the nearest margin.

    n with t(1 - tail, n - 1) * s / sqrt(n) = the distance from that margin, where s is the spread
    of the rounds so far, and the truth is `luck` standard errors farther from the margin than the
    estimate; infinite where no number will do.
    """
    border, at, error = math.log1p(asked.margin), abs(asked.ratio.value), asked.ratio.error
    spread, distance = error * math.sqrt(asked.pair.rounds), abs(at - border) + luck * error
    tail = (1 - (confidence or CONFIDENCE)) / 2
    for count in range(asked.pair.rounds, FARTHEST_ROUND):
        if t_quantile(1 - tail, count - 1) * spread <= distance * math.sqrt(count):
            return count
    return math.inf
