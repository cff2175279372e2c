"""The cost table: a row per workload under a variant, a column per instance, as in 2020."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from isthmus.reports.display import (
    ABSENT,
    Cell,
    Facts,
    Table,
    facts,
    label,
    readable,
    significant,
    split,
)
from isthmus.reports.files.result import NATIVE
from isthmus.reports.files.variants import AUTO, OURS

from .cost import MEASURED, PROJECTED, PUBLISHED, Cost, within

__all__ = ["bound", "cost_table", "dollars", "milliseconds", "price_table", "shown"]

SETTINGS = ("batch", "precision", "scenario", "threads", "utilisation", "machine")
PRICE_FACTS = (
    *("usd_per_hour", "date", "vcpus", "cores", "accelerator", "region", "os", "price_model"),
)
MARKS = {MEASURED: "m", PROJECTED: "p", PUBLISHED: "2020"}
RULE = (
    "$/1M = 1e6 / (requests/s × utilisation) × $/h / 3600; an item of a batch is a request. "
    "m: measured on that instance type. p: projected. 2020: published, not measured by us."
)

Key = tuple[object, ...]
Column = tuple[str, str, float]


def cost_table(
    costs: Sequence[Cost], notes: Iterable[str] = (), p99_ms: float | None = None
) -> Table:
    """Dollars per million requests, those under the bound of the p99 where one is given."""
    costs = shown(costs, p99_ms)
    rows, columns = [*_rows(costs)], _columns(costs)
    auto = _auto(rows)
    ours = [row[0] for row in rows if row[0].status != PUBLISHED]
    shared, varying = split([_settings(cost) for cost in ours])
    dollars = [Cell(name, f"${usd:g}/h") for name, _, usd in columns]
    return Table(
        title=f"Dollars per million requests{bound(p99_ms)}",
        headers=(
            *map(Cell, ("variant", "workload", "sequence")),
            *dollars,
            *map(Cell, ("95 % interval", *map(readable, varying))),
        ),
        rows=(
            *(_cells(row, varying, columns) for row in rows),
            *(_auto_cells(row, varying, columns) for row in auto),
        ),
        left=2,
        strong=frozenset(range(len(rows), len(rows) + len(auto))),
        shared=shared.replace("Every row:", "Every row of ours:"),
        notes=(RULE, *notes),
    )


def price_table(costs: Sequence[Cost]) -> Table:
    """Where each $/h comes from: date, region, price model, source."""
    used = list({_column(cost): cost for cost in costs if cost.status != PUBLISHED}.values())
    every = [facts(cost, PRICE_FACTS) | _accelerators(cost) for cost in used]
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


def bound(p99_ms: float | None) -> str:
    """For a title: " under p99 <= 50 ms"."""
    return "" if p99_ms is None else f" under p99 <= {p99_ms:g} ms"


def dollars(usd: float) -> str:
    """Three digits of them."""
    return f"${significant(usd)}"


def milliseconds(tail: float | None) -> str:
    """Three digits and the unit, or a dash."""
    return ABSENT if tail is None else f"{significant(tail)} ms"


def shown(costs: Sequence[Cost], p99_ms: float | None) -> list[Cost]:
    """What is within the bound, and the dollars of 2020 for the same workloads."""
    ours = [cost for cost in costs if cost.status != PUBLISHED and within(cost, p99_ms)]
    workloads = {cost.workload for cost in ours}
    return ours + [c for c in costs if c.status == PUBLISHED and c.workload in workloads]


def _accelerators(cost: Cost) -> Facts:
    """ "8 × T4" where there are several."""
    several = cost.accelerators is not None and cost.accelerators > 1
    return {"accelerator": f"{cost.accelerators} × {cost.accelerator}"} if several else {}


def _settings(cost: Cost) -> Facts:
    """What the dollars of a row depend on; the p99 is that of where it was measured."""
    here = None if cost.p99_ms is None else cost.p99_ms * (cost.speed or 1)
    return facts(cost, SETTINGS) | {"p99 below": milliseconds(here)}


def _rows(costs: Iterable[Cost]) -> list[list[Cost]]:
    """A row per result, those of a variant together, those of 2020 below our first of a kind."""
    groups: dict[Key, list[Cost]] = {}
    for cost in costs:
        key = (cost.variant, cost.workload, cost.file, *_settings(cost).values())
        groups.setdefault(key, []).append(cost)
    places = {variant: at for at, (variant, *_) in reversed(list(enumerate(groups)))}
    rows = sorted(groups.values(), key=lambda row: places[row[0].variant])
    ours = [row for row in rows if row[0].status != PUBLISHED]
    for row in (row for row in rows if row[0].status == PUBLISHED):
        alike = [at for at, other in enumerate(ours) if _beside(row[0], other[0])]
        ours.insert(alike[0] + 1 if alike else len(ours), row)
    return ours


def _auto(rows: Iterable[Sequence[Cost]]) -> list[Sequence[Cost]]:
    """Of each work that was measured in several precisions what tuning chose, if it is within the
    budget of accuracy, else the cheapest row of ours that is."""
    groups: dict[Key, list[Sequence[Cost]]] = {}
    for row in rows:
        first = row[0]
        if first.status != PUBLISHED and first.variant in OURS:
            known = _settings(first) | {"precision": "", "p99 below": ""}
            groups.setdefault((first.workload, first.file, *known.values()), []).append(row)
    several = [group for group in groups.values() if len({row[0].precision for row in group}) > 1]
    proven = [[row for row in group if row[0].proven] for group in several]
    return [
        max(group, key=lambda row: (row[0].variant == AUTO, row[0].requests_per_s))
        for group in proven
        if group
    ]


def _auto_cells(
    row: Sequence[Cost], varying: Sequence[str], columns: Sequence[Column]
) -> tuple[Cell, ...]:
    first, rest = row[0], _cells(row, varying, columns)[1:]
    return (Cell("auto within the budget", f"{label(first.variant)}, {first.precision}"), *rest)


def _beside(old: Cost, cost: Cost) -> bool:
    return cost.workload == old.workload and cost.variant != NATIVE


def _column(cost: Cost) -> Column:
    """What a column of dollars is for: regions and price models are different columns."""
    return cost.instance, f"{cost.provider} {cost.region} {cost.price_model}", cost.usd_per_hour


def _columns(costs: Sequence[Cost]) -> list[Column]:
    """Those of the price list, then those that only 2020 had."""
    listed = list(dict.fromkeys(_column(cost) for cost in costs if cost.status != PUBLISHED))
    old = dict.fromkeys(_column(cost) for cost in costs if cost.status == PUBLISHED)
    known = {(name, usd) for name, _, usd in listed}
    return listed + [column for column in old if (column[0], column[2]) not in known]


def _cells(
    row: Sequence[Cost], varying: Sequence[str], columns: Sequence[Column]
) -> tuple[Cell, ...]:
    first = row[0]
    settings = _settings(first)
    return (
        Cell(label(first.variant), first.precision if first.status == PUBLISHED else ""),
        Cell(first.workload),
        Cell(ABSENT if first.sequence is None else str(first.sequence)),
        *(_dollars(row, column) for column in columns),
        Cell(_interval(first)),
        *(Cell(settings[name]) for name in varying),
    )


def _dollars(row: Sequence[Cost], column: Column) -> Cell:
    """A published dollar stands in the column of that instance and $/h, whatever the region."""
    for cost in row:
        old = cost.status == PUBLISHED and (cost.instance, cost.usd_per_hour) == column[::2]
        if old or _column(cost) == column:
            return Cell(dollars(cost.usd_per_million), MARKS[cost.status])
    return Cell(ABSENT)


def _interval(cost: Cost) -> str:
    """The same shares of every dollar of the row: -1.2 % +1.3 %."""
    if cost.low is None or cost.high is None:
        return "not known"
    low, high = (100 * (end / cost.usd_per_million - 1) for end in (cost.low, cost.high))
    return f"{low:+.1f} % {high:+.1f} %"
