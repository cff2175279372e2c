"""Two tables: the cheapest instance of each model, and the demand from which the next one pays."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.reports.display import ABSENT, Cell, Table, label, significant

from .breakeven import BreakEven, break_evens, cheapest, family, hourly
from .cost import PUBLISHED, Cost
from .cost_table import bound, dollars, milliseconds

__all__ = ["break_even_table", "cheapest_table"]


def cheapest_table(costs: Sequence[Cost], p99_ms: float | None = None) -> Table:
    """The answer per model, sequence and precision."""
    rows = cheapest(costs, p99_ms)
    names = ("model", "sequence", "precision", "instance", "$/1M", "requests/s")
    choices = ("variant", "batch", "scenario", "p99 below", "status", "price model")
    return Table(
        title=f"Cheapest instance{bound(p99_ms)}",
        headers=tuple(map(Cell, (*names, *choices))),
        rows=tuple(map(_cheapest_cells, rows)),
        left=1,
        notes=(
            "Of the instances, batches, scenarios and variants in the files, at full load; only "
            "outputs that agree with the reference's.",
            *_unanswered(costs, rows, p99_ms),
        ),
    )


def break_even_table(costs: Sequence[Cost], p99_ms: float | None = None) -> Table:
    """The demand from which the next larger instance pays."""
    names = ("model", "sequence", "precision", "below", "from", "requests/s", "for good from")
    rows = tuple(map(_break_even_cells, break_evens(costs, p99_ms)))
    return Table(
        title=f"Break-even between instances{bound(p99_ms)}",
        headers=tuple(map(Cell, names)),
        rows=rows,
        left=1,
        notes=(
            "$/h = ceil(requests/s / requests/s of an instance) × $/h of an instance: an idle one "
            "costs as much as a busy one. Beside the names: instances and $/h at the break-even. "
            "Between the two demands it depends on how full the last instance is.",
            *_none(costs, rows, p99_ms),
        ),
    )


def _none(costs: Sequence[Cost], rows: Sequence[object], p99_ms: float | None) -> tuple[str, ...]:
    """Why the break-even has no row."""
    if rows:
        return ()
    if not cheapest(costs, p99_ms):
        return ("None: there is no dollar to compare.",)
    return ("None: what is cheapest by the hour is cheapest per request too.",)


def _unanswered(
    costs: Sequence[Cost], rows: Sequence[Cost], p99_ms: float | None
) -> tuple[str, ...]:
    """The families that have a price but no proven p99 within the bound."""
    answered = set(map(family, rows))
    own = (cost for cost in costs if cost.status != PUBLISHED and family(cost) not in answered)
    names = dict.fromkeys(" ".join(str(part) for part in family(cost) if part) for cost in own)
    what = "no outputs that agree" if p99_ms is None else "no p99 shown to be within the bound"
    return (f"Without an answer ({what}): {', '.join(names)}.",) if names else ()


def _cheapest_cells(cost: Cost) -> tuple[Cell, ...]:
    return (
        *_family_cells(cost),
        Cell(cost.instance, f"{dollars(cost.usd_per_hour)}/h"),
        Cell(dollars(cost.usd_per_million)),
        Cell(significant(cost.requests_per_s)),
        Cell(label(cost.variant)),
        Cell(str(cost.batch)),
        Cell(cost.scenario),
        Cell(milliseconds(cost.p99_ms)),
        Cell(cost.status),
        Cell(cost.price_model),
    )


def _break_even_cells(found: BreakEven) -> tuple[Cell, ...]:
    return (
        *_family_cells(found.large),
        _instances(found.small, found.first),
        _instances(found.large, found.first),
        Cell(significant(found.first)),
        Cell(significant(found.always)),
    )


def _instances(cost: Cost, demand: float) -> Cell:
    count, usd = hourly(cost, demand * (1 + 1e-9))
    return Cell(f"{cost.instance} {label(cost.variant)}", f"{count} × = {dollars(usd)}/h")


def _family_cells(cost: Cost) -> tuple[Cell, Cell, Cell]:
    sequence = ABSENT if cost.sequence is None else str(cost.sequence)
    return Cell(cost.model), Cell(sequence), Cell(cost.precision or ABSENT)
