"""Dollars: usd_per_hour / 3600 * seconds of processes / processes that the machine has room for.

The instance is this machine's own type if the price list has it; else, projected by cores as the
cost tables do, one that is asked for or the first of `DEFAULT_INSTANCES` that fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.benchmarks.harness.fingerprint import conditions, fingerprint
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.same_machine import machine_of
from isthmus.reports.money.price import Price
from isthmus.reports.money.prices import DEFAULT_INSTANCES, choose, read_prices
from isthmus.reports.money.projection import Fit, fit

__all__ = ["Tariff", "tariff"]

SECONDS_OF_HOUR = 3600.0


@dataclass(frozen=True)
class Tariff:
    """usd_per_second: of one process. measured: whether this machine is of that instance type."""

    usd_per_second: float
    instance: str
    usd_per_hour: float
    date: str
    measured: bool


def tariff(
    where: str, threads: int, processes: int, precision: str, instance: str | None
) -> Tariff | str:
    """What a second of one process costs, or why that is not known.

    where: the backend, or its device. Raises UsageError for an instance that has no price.
    """
    told: dict[str, object] = {
        "isthmus": {"fingerprint": fingerprint(), "conditions": conditions()}
    }
    file = ResultFile("", machine_of(told), "", "", ())
    result = Result("", "", "work", where, 1.0, precision=precision, threads=threads)
    reasons = []
    for price in _prices(instance, file.machine.instance_type):
        found = fit(file, result, price, {})
        if isinstance(found, Fit):
            share = processes if found.measured else found.replicas * found.speed
            rate = price.usd_per_hour / SECONDS_OF_HOUR / share
            return Tariff(rate, price.instance, price.usd_per_hour, price.date, found.measured)
        reasons.append(found)
    return reasons[0] if reasons else "the price list is empty"


def _prices(instance: str | None, own: str | None) -> Sequence[Price]:
    known = read_prices()
    if instance is not None:
        return choose(known, [instance])
    listed = {price.instance for price in known}
    return choose(known, [*([own] if own in listed and own else []), *DEFAULT_INSTANCES])
