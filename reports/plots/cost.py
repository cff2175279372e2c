"""$ per million requests: a bar per instance, under a heading per sequence length, as in 2020.

The chart of that year (BERT-base with Apache MXNet, one million requests for 20 cents) grouped
bars by instance; the two dollars of it that can still be read stand here as outlines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from isthmus.reports.display import Facts, label, significant
from isthmus.reports.files.variants import OURS
from isthmus.reports.money.cost import MEASURED, PUBLISHED, Cost

from .bars import Bar, Line, bars_of, margin, panel
from .panels import Panel, Picture
from .points import few, grouped, setting, titles, tokens
from .style import SOFT, Looks

__all__ = ["CAPTION", "panels"]

CAPTION = (
    "For each instance the cheapest of Isthmus's variants, at any precision, whose outputs are "
    "within the budget of accuracy. Whiskers: 95 % intervals of the timing. m: measured on that "
    "instance type; the others are projected. Outlines: published in 2020 for BERT-base, batch "
    "not stated."
)


def panels(costs: Sequence[Cost], looks: Looks) -> Picture:
    """A panel per model and setting, each on its own axis from $0."""
    chosen = _cheapest([cost for cost in costs if cost.proven])
    every = grouped(chosen, titles([_named(cost) for cost in chosen]))
    groups, left_out = few(every, lambda cost: (cost.instance, cost.sequence))
    old = [cost for cost in costs if cost.status == PUBLISHED]
    lines = {title: _lines(group, old, looks) for title, group in groups.items()}
    left = margin([line for each in lines.values() for line in each]) if lines else 0.0
    return Picture([_panel(title, each, left) for title, each in lines.items()], left_out)


def _cheapest(costs: Sequence[Cost]) -> list[Cost]:
    """Of Isthmus's variants, or of all where there is none of ours, one per instance."""
    ours = [cost for cost in costs if cost.variant in OURS] or costs
    groups = grouped(
        ours,
        [(cost.instance, cost.sequence, *_named(cost)[1].values(), cost.model) for cost in ours],
    )
    return [min(group, key=lambda cost: cost.usd_per_million) for group in groups.values()]


def _named(cost: Cost) -> tuple[str, Facts]:
    """The model, with all its sequence lengths, and the settings that must not be mixed."""
    facts = setting(cost, cost.machine)
    return cost.model, facts | {
        "sequence": "",
        "precision": "",
        "utilisation": f"{100 * cost.utilisation:g} % used",
        "region": cost.region,
        "price model": cost.price_model,
    }


def _lines(group: Sequence[Cost], old: Sequence[Cost], looks: Looks) -> list[Line]:
    """A heading per sequence length, its instances below, then those of 2020."""
    lengths = grouped(group, [cost.sequence for cost in group])
    lines: list[Line] = []
    for sequence, costs in lengths.items():
        workloads = {cost.workload for cost in costs}
        cited = [cost for cost in old if cost.workload in workloads]
        lines += [tokens(sequence)] if sequence else []
        lines += [_bar(cost, looks[cost.variant].light) for cost in costs]
        lines += [_cited(cost) for cost in cited]
    return lines


def _bar(cost: Cost, colour: str) -> Bar:
    mark = " m" if cost.status == MEASURED else ""
    return Bar(
        cost.instance,
        cost.usd_per_million,
        f"${significant(cost.usd_per_million)}{mark}",
        colour,
        math.nan if cost.low is None else cost.low,
        math.nan if cost.high is None else cost.high,
        says=f"${significant(cost.usd_per_million)} {cost.status}, {label(cost.variant)}",
    )


def _cited(cost: Cost) -> Bar:
    text = f"${cost.usd_per_million:.2f}"
    name = f"{cost.instance}, {cost.date[:4]}"
    return Bar(name, cost.usd_per_million, text, SOFT, hollow=True, says=f"{text} {cost.status}")


def _panel(title: str, lines: Sequence[Line], left: float) -> Panel:
    ends = [max(bar.value, bar.high if bar.high > 0 else 0.0) for bar in bars_of(lines)]
    return panel(title, lines, (0.0, max(ends)), False, before="$", left=left)
