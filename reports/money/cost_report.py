"""What a report says of money: dollars, the cheapest, the break-even, the prices, and the terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import UsageError
from isthmus.reports.display import Table, significant
from isthmus.reports.files.p99 import p99_ms, why_none
from isthmus.reports.files.result import ResultFile

from .breakeven_table import break_even_table, cheapest_table
from .cost import PROJECTED, PUBLISHED, Cost, check_utilisation, costs, few, unpriced, within
from .cost_table import cost_table, price_table, shown
from .price import PriceList, Wanted
from .prices import DEFAULT_INSTANCES, price_list
from .projection import F32, cores_used, peaks_per_core
from .published import published

__all__ = ["CostOptions", "cost_tables"]

MOST = 12  # instances of a user's list that are shown without being named
PROJECTION = (
    "Projected: requests/s as measured here × copies × speed. Copies = floor(cores of the instance "
    "/ cores used here), or one on each accelerator, side by side with the threads shown and none "
    "slowing another. Speed = peak GFLOP/s per core there / here where both were measured, else 1: "
    "a core there is taken to be as fast as one here. The interval does not cover this."
)
TAIL = (
    "p99 below: 99 % confidence bound of the 99th percentile as measured here (early stopping, 662 "
    "calls at least); of a batch, the time of the whole batch. Copies are taken to have the same."
)


@dataclass(frozen=True)
class CostOptions:
    """prices: a list of the user's, ours without one. instances: those to show, by name.

    utilisation: share of the paid time that serves requests. p99_ms: only what is shown to be
    within. region, price_model, price_date: of the list, where it holds several or tells none.
    """

    prices: str | Path | None = None
    instances: Sequence[str] = ()
    utilisation: float = 1.0
    p99_ms: float | None = None
    region: str | None = None
    price_model: str | None = None
    price_date: str | None = None


def cost_tables(
    files: Sequence[ResultFile], options: CostOptions
) -> tuple[tuple[Cost, ...], tuple[Table, ...]]:
    """Every cost, whatever its p99, and the tables, which keep to the bound.

    Errors: `FileError`, `UsageError` of the price list, the instances and the options.
    """
    _check(options)
    chosen, notes = _chosen(options)
    priced = costs(files, chosen.prices, options.utilisation)
    every = (*priced, *published(chosen.prices, priced))
    notes = (*_terms(files, every, options), *unpriced(files, chosen.prices), *notes)
    tables = (
        cost_table(every, notes, options.p99_ms),
        cheapest_table(every, options.p99_ms),
        break_even_table(every, options.p99_ms),
        price_table(every),
    )
    return every, tables


def _check(options: CostOptions) -> None:
    check_utilisation(options.utilisation)
    if options.p99_ms is not None and not 0 < options.p99_ms < float("inf"):
        raise UsageError(f"p99 bound is {options.p99_ms}; give milliseconds above 0")


def _chosen(options: CostOptions) -> tuple[PriceList, tuple[str, ...]]:
    """The instances to show, and what is to be said of the others."""
    wanted = Wanted(options.region, options.price_model, date=options.price_date)
    every = price_list(options.prices, wanted)
    if options.instances:
        return every.choose(options.instances), ()
    names = dict.fromkeys(price.instance for price in every.prices)
    if options.prices is not None and len(names) <= MOST:
        return every, every.notes()
    usual = [name for name in DEFAULT_INSTANCES if name in names]
    if not usual:
        some = ", ".join(list(names)[:5])
        raise UsageError(
            f"{every.path}: {len(names)} instances; name some with --instance ({some})"
        )
    return every.choose(usual), every.notes()


def _terms(
    files: Sequence[ResultFile], costs: Iterable[Cost], options: CostOptions
) -> tuple[str, ...]:
    """How to read the dollars: the projection, the peaks, the utilisation, the sources of 2020."""
    costs = list(costs)
    projected = any(cost.status == PROJECTED for cost in costs)
    cited = (cost for cost in shown(costs, options.p99_ms) if cost.status == PUBLISHED)
    old = dict.fromkeys(f"2020: {cost.source}, at {_rate(cost)}." for cost in cited)
    return (
        *((PROJECTION, *_peaks(files)) if projected else ()),
        *((TAIL,) if any(cost.p99_ms for cost in costs) else ()),
        *_left_out(files, costs, options.p99_ms),
        *_unproven(costs),
        *_at_less(options.utilisation),
        *old,
    )


def _peaks(files: Sequence[ResultFile]) -> tuple[str, ...]:
    """What "a core here" is, for each machine that was measured."""
    said = [_peak(file) for file in files]
    return tuple(dict.fromkeys(said))


def _peak(file: ResultFile) -> str:
    name = file.machine.instance_type or file.machine.cpu_model or "unnamed machine"
    peak = peaks_per_core(file).get(F32)
    threads = file.roofline.threads if file.roofline else None
    if peak is None or threads is None:
        return f"Here, {name}: the file has no measured peak."
    cores = cores_used(file.machine, threads)
    taken = "" if "physical_cores" in file.machine.known else ", a processor taken for a core"
    return (
        f"Here, {name}: {significant(peak)} GFLOP/s per core in f32, "
        f"{threads} threads on {cores} cores{taken}."
    )


def _left_out(
    files: Sequence[ResultFile], costs: Sequence[Cost], p99: float | None
) -> tuple[str, ...]:
    """How many rows the bound left out, and those of them whose p99 is not known."""
    if p99 is None:
        return ()
    slow = sum(1 for cost in costs if cost.status != PUBLISHED and not within(cost, p99))
    unknown = {
        why_none(result) for file in files for result in file.results if p99_ms(result) is None
    }
    why = f"; not known: {'; '.join(sorted(unknown)[:3])}" if unknown else ""
    return (f"Left out, p99 above {p99:g} ms or not known: {slow} dollars{why}.",)


def _unproven(costs: Iterable[Cost]) -> tuple[str, ...]:
    """Dollars of outputs that nobody compared with the reference's, or that differ from them."""
    doubtful = (cost for cost in costs if cost.status != PUBLISHED and not cost.proven)
    names = list(dict.fromkeys(f"{cost.workload} {cost.variant}" for cost in doubtful))
    said = f"Outputs not shown to agree with the reference's: {few(names)}."
    return (said,) if names else ()


def _at_less(utilisation: float) -> tuple[str, ...]:
    """A realistic load beside the full one."""
    if utilisation != 1:
        return (
            f"Utilisation {utilisation:g}: every dollar is {1 / utilisation:.3g} × full load's.",
        )
    return ("Utilisation 1 is full load at all hours; at 0.4 every dollar is 2.5 times this.",)


def _rate(cost: Cost) -> str:
    return f"${cost.usd_per_hour:g}/h, implying {significant(cost.requests_per_s)} requests/s"
