"""Plans of a demand as a table, with the formulas beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from isthmus.reports.display import Cell, Table, label, significant
from isthmus.system.extras import require

from .plan import Demand, Plan

if TYPE_CHECKING:
    import pandas

__all__ = ["frame", "plan_table"]

HEADERS = (
    *("workload", "instance", "variant", "nodes", "$/day", "$/million", "servers a node"),
    *("ms a call", "variation", "busy", "wait ms", "p99 of the wait ms", "wait ms, spare lost"),
    *("waiting", "inside"),
)
FORMULAS = (
    "Nodes = ceil(requests/s / (utilisation × rate of a node)) + spare: with the spare nodes lost "
    "the servers are at most as busy as the utilisation. The rate of a node is that of the dollars "
    "above: measured on that instance type, or projected.",
    "Wait = C / (c / s - l) × (1 + v²) / 2 (Allen and Cunneen): a node has c servers of s seconds "
    "a call, l requests/s at random, C is Erlang's chance to wait, v the variation of a call as "
    "measured (standard deviation / mean); exact for one server, else an approximation.",
    "Waiting = requests/s × wait, inside = requests/s × (wait + s) (Little), of all nodes at the "
    "peak. Of each workload and instance the cheapest variant of Isthmus, of files without "
    "one any; batch 1.",
)


def plan_table(plans: Sequence[Plan], demand: Demand) -> Table:
    """The cheapest instance of each workload is set bold."""
    cheapest = dict[str, int]()
    for at, plan in enumerate(plans):
        cheapest.setdefault(plan.cost.workload, at)
    return Table(
        title=f"Plan of {_number(demand.requests)} requests a day",
        headers=tuple(map(Cell, HEADERS)),
        rows=tuple(map(_cells, plans)),
        left=3,
        strong=frozenset(cheapest.values()),
        shared=_shared(demand),
        notes=FORMULAS if plans else (),
    )


def frame(plans: Sequence[Plan]) -> pandas.DataFrame:
    """The plans as a tidy table, unrounded."""
    require("report", "pandas")
    import pandas

    names = [field.name for field in fields(Plan) if field.name not in ("cost", "demand")]
    of_cost = ("workload", "variant", "instance", "provider", "region", "price_model", "status")
    asked = [field.name for field in fields(Demand)]
    rows = [
        {
            **{name: getattr(plan.cost, name) for name in of_cost},
            **{name: getattr(plan.demand, name) for name in asked},
            **{name: getattr(plan, name) for name in names},
        }
        for plan in plans
    ]
    return pandas.DataFrame(rows, columns=[*of_cost, *asked, *names])


def _shared(demand: Demand) -> str:
    share = f"{100 * demand.utilisation:.3g} %"
    lost = f"{demand.spare} node{'' if demand.spare == 1 else 's'} lost"
    return (
        f"At the peak {significant(demand.per_second)} requests/s, {demand.peak:g} times the mean; "
        f"utilisation at most {share} with {lost}."
    )


def _cells(plan: Plan) -> tuple[Cell, ...]:
    cost = plan.cost
    return (
        Cell(cost.workload),
        Cell(cost.instance, f"${cost.usd_per_hour:g}/h, {cost.status}"),
        Cell(label(cost.variant)),
        Cell(f"{plan.nodes:,}"),
        Cell(f"{plan.usd_per_day:,.2f}"),
        Cell(significant(plan.usd_per_million)),
        Cell(str(plan.servers)),
        *map(_amount, (plan.service_ms, plan.variation)),
        Cell(f"{100 * plan.busy:.1f} %"),
        *map(_amount, (plan.wait_ms, plan.wait_p99_ms, plan.wait_lost_ms)),
        *map(_amount, (plan.waiting, plan.inside)),
    )


def _amount(value: float) -> Cell:
    """A wait of less than a nanosecond is none."""
    return Cell(significant(value) if value > 1e-6 else "0")


def _number(value: float) -> str:
    """`10^9`, `2.5 × 10^9`; small ones as they are."""
    if value < 1e6:
        return f"{value:g}"
    power = math.floor(math.log10(value) + 1e-9)
    factor = value / 10**power
    return f"10^{power}" if abs(factor - 1) < 1e-9 else f"{factor:g} × 10^{power}"
