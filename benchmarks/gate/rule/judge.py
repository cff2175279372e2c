"""The rule: a verdict from the interval of head / base and a margin m, the change that counts.

    regressed     the whole interval is worse than 1 + m, or parity with the reference was lost
    improved      the whole interval is better than 1 / (1 + m)
    equivalent    the whole interval is between the two
    inconclusive  anything else: more rounds are needed

Holm's correction keeps the chance of any false verdict at 5 % over all questions together.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from isthmus.reports import LogRatio
from isthmus.reports.files.budget import PARITY_LIMIT

from .metrics import PARITY, Metric, ratio_of, values_of
from .observations import Pair, Series
from .verdict import Kind, Verdict

__all__ = ["CONFIDENCE", "Question", "judged", "judged_parity", "question"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Question:
    """One metric of one benchmark: its ratio head / base, its values in the metric's unit."""

    pair: Pair
    metric: Metric
    ratio: LogRatio
    base: float
    head: float
    margin: float


def question(pair: Pair, metric: Metric, margin: float) -> Question | None:
    """None where one of the sides lacks the metric."""
    base, head = (values_of(metric, side) for side in (pair.base, pair.head))
    ratio = ratio_of(metric, pair)
    if base is None or head is None or ratio is None:
        return None
    return Question(pair, metric, ratio, median(base), median(head), margin)


def judged(questions: Sequence[Question], confidence: float = CONFIDENCE) -> list[Verdict]:
    """A verdict for each; all hold together with the confidence."""
    levels = holm(questions, confidence)
    return [_verdict(asked, level) for asked, level in zip(questions, levels, strict=True)]


def holm(questions: Sequence[Question], confidence: float = CONFIDENCE) -> list[float]:
    """The confidence of each interval: 1 - 5 % / (number of questions still undecided).

    Holm 1979: decide what the strictest level decides, then share the 5 % among the rest, until
    nothing more is decided. The chance of any false decision stays at 5 %.
    """
    sizes = [_largest_family(asked, len(questions), confidence) for asked in questions]
    order = sorted(range(len(questions)), key=lambda at: -sizes[at])
    ordered = [-sizes[at] for at in order]
    levels, decided = [confidence] * len(questions), 0
    while undecided := len(order) - decided:
        following = bisect_right(ordered, -undecided)
        end = following if following > decided else len(order)  # or nothing more is decided
        for at in order[decided:end]:
            levels[at] = _shared(confidence, undecided)
        decided = end
    return levels


def _shared(confidence: float, family: int) -> float:
    """Bonferroni's: all of the family hold together with the confidence."""
    return 1 - (1 - confidence) / family


def _largest_family(asked: Question, most: int, confidence: float) -> int:
    """Of how many questions it is one that is decided; 0 where even alone it is not.

    Intervals of a higher confidence hold those of a lower one, so that it can be searched.
    """

    def is_open(family: int) -> bool:
        return kind_of(asked, _shared(confidence, family)) == "inconclusive"

    if not is_open(most):
        return most
    return 0 if is_open(1) else bisect_left(range(1, most), True, key=is_open)


def kind_of(asked: Question, confidence: float) -> Kind:
    """By the interval of this confidence."""
    low, high = asked.ratio.interval(confidence)
    above, below = 1 + asked.margin, 1 / (1 + asked.margin)
    if low > above:
        return "regressed" if asked.metric.higher_is_worse else "improved"
    if high < below:
        return "improved" if asked.metric.higher_is_worse else "regressed"
    return "equivalent" if below < low and high < above else "inconclusive"


def _verdict(asked: Question, confidence: float) -> Verdict:
    low, high = asked.ratio.interval(confidence)
    kind = kind_of(asked, confidence)
    return Verdict(
        benchmark=asked.pair.benchmark,
        metric=asked.metric.name,
        kind=kind,
        reason=REASONS[kind].format(margin=asked.margin),
        unit=asked.metric.unit,
        base=asked.base,
        head=asked.head,
        ratio=asked.ratio.ratio,
        low=low,
        high=high,
        confidence=confidence,
        margin=asked.margin,
        rounds=asked.pair.rounds,
        method=asked.ratio.method,
        place=asked.pair.place,
    )


REASONS = {
    "regressed": "worse by more than {margin:.1%}",
    "improved": "better by more than {margin:.1%}",
    "equivalent": "within {margin:.1%}",
    "inconclusive": "the interval crosses a margin of {margin:.1%}; measure more rounds",
}


def judged_parity(pair: Pair) -> Verdict | None:
    """Whether the outputs became wrong; None where neither side was compared with a reference."""
    before, after = (_worst(side) for side in (pair.base, pair.head))
    if before is None and after is None:
        return None
    wrong = parity_lost(before, after)
    return Verdict(
        benchmark=pair.benchmark,
        metric=PARITY,
        kind="regressed" if wrong else "equivalent",
        reason=wrong or "as right as before",
        base=before,
        head=after,
        rounds=pair.rounds,
        place=pair.place,
    )


def _worst(series: Series) -> float | None:
    known = [one.parity for one in series if one.parity is not None]
    return max((math.inf if math.isnan(error) else error for error in known), default=None)


def parity_lost(before: float | None, after: float | None) -> str:
    """Why HEAD's outputs are worse than BASE's; "" where they are not.

    A reduced precision that was above the limit already is allowed twice its former error.
    """
    if after is None:
        return "" if before is None else "parity with the reference is no longer measured"
    limit = PARITY_LIMIT if before is None or before <= PARITY_LIMIT else 2 * before
    was = "not measured" if before is None else f"{before:.1e}"
    # So written that NaN, outputs that are not even numbers, is lost parity as well.
    return "" if after <= limit else f"relative error {after:.1e}, was {was}"
