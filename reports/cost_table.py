"""The cost table, a column per instance, and the price list that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .cost import RULE, Cost
from .display import ABSENT, Cell, Table, facts, label, readable, significant, split

SETTINGS = ("sequence", "batch", "precision", "threads", "utilisation")
PRICE_FACTS = (
    "usd_per_hour",
    "date",
    "vcpus",
    "accelerator",
    "region",
    "os",
    "price_model",
)

Key = tuple[str, ...]
Column = tuple[str, str, float]


def cost_table(costs: Sequence[Cost], notes: Iterable[str] = ()) -> Table:
    """Dollars per million requests: a row per workload and variant, a column per instance."""
    shared, varying = split([facts(cost, SETTINGS) for cost in costs])
    columns = list(dict.fromkeys(map(_column, costs)))
    names, settings = map(Cell, ("workload", "variant", "status")), map(Cell, varying)
    return Table(
        title="Dollars per million requests",
        headers=(
            *names,
            *(Cell(instance, f"${usd:g}/h") for instance, _, usd in columns),
            *settings,
        ),
        rows=tuple(_cells(group, varying, columns) for group in _grouped(costs).values()),
        left=3,
        shared=shared,
        notes=(RULE, *notes),
    )


def price_table(costs: Sequence[Cost]) -> Table:
    """Where each $/h comes from: date, region, price model, source."""
    used = list({_column(cost): cost for cost in costs}.values())
    every = [facts(cost, PRICE_FACTS) for cost in used]
    shared, varying = split(every, keep=("usd_per_hour", "date", "region", "price_model"))
    sources = dict.fromkeys(f"Source, {cost.provider}: {cost.source}." for cost in used)
    return Table(
        title="Prices",
        headers=tuple(Cell(readable(name)) for name in ("instance", *varying)),
        rows=tuple(
            (Cell(cost.instance), *(Cell(row[name]) for name in varying))
            for cost, row in zip(used, every, strict=True)
        ),
        left=1,
        shared=shared,
        notes=tuple(sources),
    )


def _column(cost: Cost) -> Column:
    """What a column of dollars is for: regions and price models are different columns."""
    return cost.instance, f"{cost.provider} {cost.region} {cost.price_model}", cost.usd_per_hour


def _grouped(costs: Sequence[Cost]) -> dict[Key, dict[Column, Cost]]:
    groups: dict[Key, dict[Column, Cost]] = {}
    for cost in costs:
        key = (cost.workload, cost.variant, cost.status, *facts(cost, SETTINGS).values())
        groups.setdefault(key, {})[_column(cost)] = cost
    return groups


def _cells(
    group: dict[Column, Cost], varying: Sequence[str], columns: Sequence[Column]
) -> tuple[Cell, ...]:
    first = next(iter(group.values()))
    settings = [Cell(facts(first, varying)[name]) for name in varying]
    dollars = [_dollars(group.get(column)) for column in columns]
    names = map(Cell, (first.workload, label(first.variant), first.status))
    return (*names, *dollars, *settings)


def _dollars(cost: Cost | None) -> Cell:
    return Cell(ABSENT if cost is None else f"${significant(cost.usd_per_million)}")
