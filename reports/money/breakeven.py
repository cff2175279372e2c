"""$/h at a demand of d requests/s: ceil(d / (requests_per_s * utilisation)) * usd_per_hour.

An instance is paid by the hour whether it is busy or not. A large or accelerated one is cheaper
per million requests at full load, yet dearer than a small one that is enough for a low demand; the
break-even is the demand from which it is the cheaper of the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .cost import PUBLISHED, Cost, within

__all__ = ["BreakEven", "break_evens", "cheapest", "family", "hourly"]

ROUNDING = 1e-12  # relative; a whole multiple of a capacity must count as one
NEARLY = 1.001  # closer than 0.1 % per request two instances cost the same
Family = tuple[str, object, str]


@dataclass(frozen=True)
class BreakEven:
    """`first`, `always`: requests/s from which `large` is cheaper than `small`; then for good.

    Between the two it depends on how full the last instance is.
    """

    small: Cost
    large: Cost
    first: float
    always: float


def hourly(cost: Cost, demand: float) -> tuple[int, float]:
    """(instances, dollars an hour) that serve `demand` requests/s."""
    count = max(1, math.ceil(demand / capacity(cost) * (1 - ROUNDING)))
    return count, count * cost.usd_per_hour


def capacity(cost: Cost) -> float:
    """Requests/s of one instance at its utilisation."""
    return cost.requests_per_s * cost.utilisation


def break_even(small: Cost, large: Cost) -> BreakEven | None:
    """Where `large`, the dearer by the hour, becomes the cheaper; None where it never does.

    Costs change at whole multiples of the capacities only. `large` is worst off just above a
    multiple of its own, and wins for good where even one instance more is less than what `small`
    costs if it could be divided.
    """
    if small.usd_per_hour >= large.usd_per_hour:
        return None
    if small.usd_per_million < NEARLY * large.usd_per_million:
        return None
    per_request = (small.usd_per_hour / capacity(small), large.usd_per_hour / capacity(large))
    last = large.usd_per_hour / (per_request[0] - per_request[1])
    cheaper = [step for step in _steps((small, large), last) if _wins(small, large, step)]
    dearer = [step for step in _steps((small, large), last) if not _wins(small, large, step)]
    after = [step for step in cheaper if step >= max(dearer, default=0.0)]
    return BreakEven(small, large, min(cheaper), min(after))


def _steps(costs: Iterable[Cost], last: float) -> list[float]:
    """The demands above which one instance more is needed, a little beyond `last`."""
    steps = {
        at * capacity(cost) for cost in costs for at in range(math.ceil(last / capacity(cost)) + 2)
    }
    return sorted(steps)


def _wins(small: Cost, large: Cost, step: float) -> bool:
    """Just above the step, where the next instance is already running."""
    above = max(step * (1 + 1e3 * ROUNDING), 1e-300)
    return hourly(large, above)[1] < hourly(small, above)[1]


def cheapest(costs: Iterable[Cost], p99_ms: float | None = None) -> tuple[Cost, ...]:
    """The least dollars of each model, sequence and precision under the bound of the p99.

    Batch, variant, scenario and instance are free; outputs must agree with the reference's. Of
    two that differ by less than 0.1 %, the one with the lower $/h.
    """
    return tuple(ladder[-1] for ladder in _ladders(costs, p99_ms))


def break_evens(costs: Sequence[Cost], p99_ms: float | None = None) -> tuple[BreakEven, ...]:
    """Between neighbours among the instances of each family that pay at some demand."""
    pairs = (pair for ladder in _ladders(costs, p99_ms) for pair in pairwise(ladder))
    found = (break_even(small, large) for small, large in pairs)
    return tuple(each for each in found if each is not None)


def _ladders(costs: Iterable[Cost], p99_ms: float | None) -> list[list[Cost]]:
    """A ladder for each family that has an eligible cost."""
    families: dict[Family, list[Cost]] = {}
    for cost in costs:
        if _eligible(cost, p99_ms):
            families.setdefault(family(cost), []).append(cost)
    return [_ladder(alike) for alike in families.values()]


def family(cost: Cost) -> Family:
    """What is compared with each other: the same model, length and precision."""
    return cost.model, cost.sequence, cost.precision


def _eligible(cost: Cost, p99_ms: float | None) -> bool:
    return cost.status != PUBLISHED and cost.proven and within(cost, p99_ms)


def _ladder(costs: Iterable[Cost]) -> list[Cost]:
    """By $/h, only those that are cheaper per request than all below them."""
    ladder: list[Cost] = []
    for cost in sorted(costs, key=lambda cost: (cost.usd_per_hour, cost.usd_per_million)):
        if not ladder or cost.usd_per_million * NEARLY < ladder[-1].usd_per_million:
            ladder.append(cost)
    return ladder
