"""What a million calls cost, by the price list and the rule of the cost tables.

The instance is the one that was asked for; or this machine's own type; or the first of the list's
usual ones that a setting fits. On a machine that is no such instance the dollars are projected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from isthmus.benchmarks.harness.fingerprint import conditions, fingerprint
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.same_machine import machine_of
from isthmus.reports.money.cost import MEASURED, PROJECTED, usd_per_million
from isthmus.reports.money.price import Price
from isthmus.reports.money.prices import DEFAULT_INSTANCES, choose, read_prices
from isthmus.reports.money.projection import Fit, fit

from .setting import Setting

__all__ = ["Quote", "prices_for", "quote"]


@dataclass(frozen=True)
class Quote:
    """usd: of a million calls at one call a second; divide it by the calls a second there are."""

    usd: float
    instance: str
    status: str
    usd_per_hour: float
    date: str


def prices_for(instance: str | None) -> tuple[Price, ...]:
    """The instances that are considered, in order; UsageError for one that has no price."""
    known = read_prices()
    if instance is not None:
        return choose(known, [instance])
    own = machine_of(_told()).instance_type
    listed = {price.instance for price in known}
    return choose(known, [*([own] if own in listed else []), *DEFAULT_INSTANCES])


def quote(setting: Setting, prices: Sequence[Price]) -> Quote | str:
    """The price of a setting's calls, or why there is none."""
    file, result = _file(), _result(setting)
    reasons = []
    for price in prices:
        found = fit(file, result, price, {})
        if isinstance(found, Fit):
            usd = usd_per_million(found.replicas * found.speed, price.usd_per_hour)
            status = MEASURED if found.measured else PROJECTED
            return Quote(usd, price.instance, status, price.usd_per_hour, price.date)
        reasons.append(found)
    return reasons[0] if reasons else "the list is empty"


def _result(setting: Setting) -> Result:
    """What the projection asks of a result: where it ran, and on how many threads."""
    where = setting.device or setting.backend
    return Result(
        "", "", "work", where, 1.0, precision=setting.precision,
        threads=setting.threads * setting.copies,
    )  # fmt: skip


@cache
def _file() -> ResultFile:
    return ResultFile("", machine_of(_told()), "", "", ())


def _told() -> dict[str, object]:
    return {"isthmus": {"fingerprint": fingerprint(), "conditions": conditions()}}
