"""How many times as fast as NumPy: a bar with its 95 % interval per workload and variant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from isthmus.reports.display import Facts, interval, label, significant
from isthmus.reports.files.result import NATIVE
from isthmus.reports.stats.intervals import LogRatio, geometric_mean
from isthmus.reports.tables.speedup import Row

from .bars import Bar, margin, panel
from .panels import LOG_FROM, Limits, Picture
from .points import few, grouped, setting, titles
from .style import Look, Looks

__all__ = ["panels"]

LONGEST_WHISKER = 3  # times the longest bar; a wider interval must not flatten every bar


class Claim(NamedTuple):
    """A bar: the name and setting of its panel, the variant, and the ratio."""

    name: str
    facts: Facts
    variant: str
    speedup: LogRatio
    outside: bool = False  # of its budget of accuracy: an outline, and in no mean


def panels(rows: Sequence[Row], looks: Looks) -> Picture:
    """The geometric means, then a panel per workload; all on one axis, 1× is native NumPy."""
    measured = [
        Claim(
            row.workload,
            setting(row.result, row.machine) | {"precision": ""},
            row.variant,
            row.speedup,
            bool(row.outside),
        )
        for row in rows
        if row.result and row.speedup and row.variant != NATIVE
    ]
    if not measured:
        return Picture()
    claims = [*_means([claim for claim in measured if not claim.outside]), *measured]
    named = titles([(claim.name, claim.facts) for claim in claims])
    groups, left_out = few(grouped(claims, named), lambda claim: claim.variant)
    bars = {title: [_bar(one, looks[one.variant]) for one in at] for title, at in groups.items()}
    left = margin([bar for group in bars.values() for bar in group])
    limits, log = _axis([claim.speedup for group in groups.values() for claim in group])
    drawn = [
        panel(title, at, limits, log, left=left, after="×", mark=1) for title, at in bars.items()
    ]
    return Picture(drawn, left_out)


def _means(measured: Sequence[Claim]) -> list[Claim]:
    """One per variant and setting, over workloads of any sequence, where there are several."""
    every = [claim._replace(facts=claim.facts | {"sequence": ""}) for claim in measured]
    groups = grouped(every, [(claim.variant, *claim.facts.values()) for claim in every])
    return [
        first._replace(
            name=f"geometric mean of {len(group)} workloads",
            speedup=geometric_mean([claim.speedup for claim in group]),
        )
        for group in groups.values()
        for first in group[:1]
        if len(group) > 1
    ]


def _axis(speedups: Sequence[LogRatio]) -> tuple[Limits, bool]:
    """From 0, or logarithmic where the ratios and 1 span more than tenfold."""
    ratios = [1.0, *(speedup.ratio for speedup in speedups)]
    most, least = LONGEST_WHISKER * max(ratios), min(ratios) / LONGEST_WHISKER
    ends = [end for speedup in speedups for end in speedup.interval() if least <= end <= most]
    every = [*ratios, *ends]
    if max(ratios) / min(ratios) > LOG_FROM:
        return (min(every), max(every)), True
    return (0.0, max(every)), False


def _bar(claim: Claim, look: Look) -> Bar:
    low, high = claim.speedup.interval()
    known = math.isfinite(high)
    text = f"{significant(claim.speedup.ratio)}×"
    return Bar(
        label(claim.variant),
        claim.speedup.ratio,
        text,
        look.light,
        low if known else math.nan,
        high if known else math.nan,
        hollow=claim.outside,
        says=f"{text} [{interval(claim.speedup)}]{', outside its budget' * claim.outside}",
    )
