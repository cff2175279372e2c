"""usd_per_million = 1e6 / (requests_per_s * utilisation) * usd_per_hour / 3600.

requests_per_s is that of the whole instance: as measured where it ran on that instance type, else
projected (projection.py). One item of a batch is one request. The interval of the dollars is that
over the rounds; it knows nothing of how good the projection is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy

from isthmus.errors import UsageError
from isthmus.reports.files.budget import outside
from isthmus.reports.files.p99 import p99_ms
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.stats.intervals import FEWEST_ROUNDS, log_ratio
from isthmus.system.extras import require

from .price import Price
from .projection import Fit, Peaks, fit, on_gpu, peaks_of

if TYPE_CHECKING:
    import pandas

__all__ = ["Cost", "costs", "frame", "on_gpu", "unpriced", "usd_per_million", "within"]

MEASURED, PROJECTED, PUBLISHED = "measured", "projected", "published 2020"
SERVER = "server"


@dataclass(frozen=True)
class Cost:
    """One workload under one variant on one instance, with all that the dollar depends on.

    `status`: measured on that instance type, projected, or published 2020 by others. `low`, `high`:
    the dollars' 95 % interval, None where none is known. `replicas` copies run side by side, each
    `speed` times as fast as where it was measured; `p99_ms` bounds their 99th percentile (p99.py).
    `proven`: the outputs were compared with the reference's, and are within the budget of their
    precision (files/budget.py). None: not stated.

    >>> from isthmus import reports
    >>> files = reports.read_all(["head.json"])
    >>> cost = reports.costs(files, reports.read_prices())[0]
    >>> cost.instance, cost.status, round(cost.usd_per_million, 2)
    ('c5.xlarge', 'projected', 10.04)
    """

    workload: str
    model: str
    sequence: int | str | None
    batch: int | None
    scenario: str
    variant: str
    precision: str
    threads: int | None
    status: str
    instance: str
    usd_per_million: float
    low: float | None
    high: float | None
    requests_per_s: float
    utilisation: float
    replicas: int | None
    speed: float | None
    p99_ms: float | None
    proven: bool
    provider: str
    vcpus: int | None
    cores: int | None
    accelerator: str
    accelerators: int | None
    region: str
    os: str
    price_model: str
    usd_per_hour: float
    date: str
    source: str
    machine: str
    file: str


def usd_per_million(
    requests_per_second: float, usd_per_hour: float, utilisation: float = 1.0
) -> float:
    """1e6 / (requests_per_second * utilisation) * usd_per_hour / 3600, in dollars.

    Errors: `UsageError` for a utilisation outside (0, 1].

    >>> from isthmus import reports
    >>> round(reports.usd_per_million(100, usd_per_hour=0.36), 6)
    1.0
    """
    check_utilisation(utilisation)
    return 1e6 / (requests_per_second * utilisation) * usd_per_hour / 3600


def check_utilisation(utilisation: float) -> None:
    """`UsageError` unless it is a share above 0 and at most 1."""
    if not 0 < utilisation <= 1:
        raise UsageError(f"utilisation is {utilisation}; give a share above 0 and at most 1")


def costs(
    files: Sequence[ResultFile], prices: Sequence[Price], utilisation: float = 1.0
) -> tuple[Cost, ...]:
    """A cost per result and instance that fit (projection.py), in the order of the results.

    >>> from isthmus import reports
    >>> files = reports.read_all(["head.json"])
    >>> {cost.status for cost in reports.costs(files, reports.read_prices())}
    {'projected'}
    """
    check_utilisation(utilisation)
    peaks = peaks_of(files)
    return tuple(
        cost
        for file in files
        for result in file.results
        if not _unserved(result)
        for cost in _costs(file, result, prices, peaks, utilisation)
    )


def within(cost: Cost, p99_ms: float | None) -> bool:
    """True where the p99 is known to be no longer; always without a limit."""
    return p99_ms is None or (cost.p99_ms is not None and cost.p99_ms <= p99_ms)


def unpriced(files: Sequence[ResultFile], prices: Sequence[Price]) -> tuple[str, ...]:
    """One line per reason why results have no dollar, with the results."""
    peaks, reasons = peaks_of(files), dict[str, list[str]]()
    for file in files:
        for result in file.results:
            if why := _why(file, result, prices, peaks):
                reasons.setdefault(why, []).append(f"{result.workload} {result.variant}")
    return tuple(f"No price ({why}): {few(names)}." for why, names in reasons.items())


def few(names: Sequence[str], most: int = 4) -> str:
    """The first of the names, and how many more."""
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def frame(costs: Iterable[Cost]) -> pandas.DataFrame:
    """The costs as a tidy table, unrounded."""
    require("report", "pandas")
    import pandas

    columns = [field.name for field in fields(Cost)]
    table = pandas.DataFrame(list(map(vars, costs)), columns=columns)
    whole = ("batch", "threads", "replicas", "vcpus", "cores", "accelerators")
    texts = table["sequence"].map(lambda length: isinstance(length, str)).any()
    return table.astype(dict.fromkeys(whole if texts else (*whole, "sequence"), "Int64"))


def _why(file: ResultFile, result: Result, prices: Sequence[Price], peaks: dict[str, Peaks]) -> str:
    """Why a result has no dollar; "" where it has one. The reason of most instances stands."""
    if reason := _unserved(result):
        return reason
    found = [fit(file, result, price, peaks) for price in prices]
    reasons = [reason for reason in found if isinstance(reason, str)]
    if len(reasons) < len(found):
        return ""
    return max(reasons, key=reasons.count, default="the list is empty")


def _unserved(result: Result) -> str:
    """Why the rate of a server scenario is not one that can be sold; "" where it is."""
    outcome = result.scenario_result
    if outcome is None or outcome.valid or outcome.scenario != SERVER:
        return ""
    return f"INVALID: {outcome.reason or 'no reason given'}"


def _costs(
    file: ResultFile,
    result: Result,
    prices: Sequence[Price],
    peaks: dict[str, Peaks],
    utilisation: float,
) -> Iterator[Cost]:
    """A cost per instance that fits; what does not depend on the instance is worked out once."""
    every = [(price, fit(file, result, price, peaks)) for price in prices]
    fitting = [(price, found) for price, found in every if isinstance(found, Fit)]
    if not fitting:
        return
    ends, tail = _interval(result), p99_ms(result)
    for price, found in fitting:
        yield _cost(file, result, price, found, utilisation, ends, tail)


def _cost(
    file: ResultFile,
    result: Result,
    price: Price,
    found: Fit,
    utilisation: float,
    ends: tuple[float | None, float | None],
    tail: float | None,
) -> Cost:
    rate = result.requests_per_second * found.replicas * found.speed
    usd = usd_per_million(rate, price.usd_per_hour, utilisation)
    low, high = (None if end is None else usd * end for end in ends)
    return Cost(
        workload=result.workload,
        model=result.model or result.workload,
        sequence=result.sequence,
        batch=result.batch,
        scenario=result.scenario,
        variant=result.variant,
        precision=result.precision,
        threads=result.threads,
        status=MEASURED if found.measured else PROJECTED,
        usd_per_million=usd,
        low=low,
        high=high,
        requests_per_s=rate,
        utilisation=utilisation,
        replicas=found.replicas,
        speed=found.speed,
        p99_ms=None if tail is None else tail / found.speed,
        proven=not outside(result),
        machine=file.machine.instance_type or file.machine.cpu_model,
        file=file.path,
        **_facts(price),
    )


@lru_cache(maxsize=1024)  # of each price there are as many costs as results
def _facts(price: Price) -> dict[str, Any]:
    """What a cost says of its instance."""
    known = vars(price) | {"cores": price.cores}
    return {field.name: known[field.name] for field in fields(Cost) if field.name in known}


def _interval(result: Result) -> tuple[float, float] | tuple[None, None]:
    """The bounds of seconds per request as shares of it, over rounds: of their means where the
    rate is calls / seconds, of their medians where it is 1 / median.

    Where calls overlap or arrive on schedule, a call's time says nothing of the rate.
    """
    if result.scenario == SERVER or result.rate_per_s or not result.rounds:
        return None, None
    rounds: Sequence[Sequence[float]] = result.rounds
    if result.scenario_result is not None and len(rounds) >= FEWEST_ROUNDS:
        rounds = [[float(numpy.mean(samples))] for samples in rounds]
    ratio = log_ratio(rounds, [[1.0] * len(samples) for samples in rounds])
    low, high = ratio.interval()
    if not math.isfinite(high):
        return None, None
    return min(1.0, low / ratio.ratio), max(1.0, high / ratio.ratio)
