"""usd_per_million = 1e6 / (requests_per_second * utilisation) * usd_per_hour / 3600.

requests_per_second is measured here with T threads and taken unchanged for every instance: no
scaling by cores or by clock, and only instances with at least T vCPUs are listed. Such a dollar
is `projected`; it is `measured` only where the file says that it ran on that instance type.
CPU variants are priced on instances without an accelerator, GPU variants on those with the
accelerator they ran on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

import pandas

from isthmus.errors import UsageError

from .prices import Price
from .results import Result, ResultFile

GPU_WORDS = frozenset({"gpu", "cuda", "tensorrt"})
RULE = (
    "$/1M = 1e6 / (requests/s × utilisation) × $/h / 3600. Projected: requests/s as measured here "
    "with the threads shown, taken unchanged for the instance (no scaling by cores), only for "
    "instances with at least that many vCPUs. Measured: run on that instance type."
)


@dataclass(frozen=True)
class Cost:
    """One workload under one variant on one instance, with all that the dollar depends on."""

    workload: str
    variant: str
    batch: int
    sequence: int | None
    precision: str
    threads: int | None
    requests_per_s: float
    utilisation: float
    status: str
    usd_per_million: float
    provider: str
    instance: str
    vcpus: int
    accelerator: str
    region: str
    os: str
    price_model: str
    usd_per_hour: float
    date: str
    source: str


def usd_per_million(
    requests_per_second: float, usd_per_hour: float, utilisation: float = 1.0
) -> float:
    """1e6 / (requests_per_second * utilisation) * usd_per_hour / 3600, in dollars.

    Errors: `UsageError` for a utilisation outside (0, 1].
    """
    _check(utilisation)
    return 1e6 / (requests_per_second * utilisation) * usd_per_hour / 3600


def _check(utilisation: float) -> None:
    if not 0 < utilisation <= 1:
        raise UsageError(f"utilisation is {utilisation}; give a share above 0 and at most 1")


def costs(
    files: Sequence[ResultFile], prices: Sequence[Price], utilisation: float = 1.0
) -> tuple[Cost, ...]:
    """A cost per result and instance that fit; see the module for which fit."""
    _check(utilisation)
    return tuple(
        _cost(file, result, price, utilisation)
        for file in files
        for result in file.results
        for price in prices
        if fits(file, result, price)
    )


def unpriced(files: Sequence[ResultFile], prices: Sequence[Price]) -> tuple[str, ...]:
    """One line per result that no instance of the list fits, saying why."""
    return tuple(
        f"{result.workload} {result.variant}: no price ({_why(file, result)})"
        for file in files
        for result in file.results
        if not any(fits(file, result, price) for price in prices)
    )


def frame(costs: Iterable[Cost]) -> pandas.DataFrame:
    """The costs as a tidy table, unrounded."""
    columns = [field.name for field in fields(Cost)]
    table = pandas.DataFrame([asdict(cost) for cost in costs], columns=columns)
    return table.astype({"sequence": "Int64", "threads": "Int64"})


def fits(file: ResultFile, result: Result, price: Price) -> bool:
    """True where the instance has the vCPUs, and the accelerator or none as the variant needs."""
    if result.threads is not None and price.vcpus < result.threads:
        return False
    if on_gpu(result.variant):
        return bool(price.accelerator) and price.accelerator in _words(file.machine.gpu)
    return not price.accelerator and result.threads is not None


def on_gpu(variant: str) -> bool:
    """True for "gpu", "onnxruntime-cuda" and the like."""
    return not GPU_WORDS.isdisjoint(variant.lower().split("-"))


def _words(gpu: str) -> set[str]:
    """The words of "NVIDIA A100-SXM4-80GB": A100 must not be found in "A1000"."""
    return set(gpu.replace("-", " ").replace(",", " ").split())


def _why(file: ResultFile, result: Result) -> str:
    if on_gpu(result.variant):
        return f"no instance in the list has the accelerator {file.machine.gpu or 'unknown'}"
    if result.threads is None:
        return "the file does not say how many threads ran"
    return f"no CPU instance in the list has {result.threads} vCPUs"


def _cost(file: ResultFile, result: Result, price: Price, utilisation: float) -> Cost:
    rate = result.requests_per_second
    there = file.machine.instance_type == price.instance
    shared = {field.name for field in fields(Cost)}
    priced = {name: value for name, value in asdict(price).items() if name in shared}
    return Cost(
        workload=result.workload,
        variant=result.variant,
        batch=result.batch,
        sequence=result.sequence,
        precision=result.precision,
        threads=result.threads,
        requests_per_s=rate,
        utilisation=utilisation,
        status="measured" if there else "projected",
        usd_per_million=usd_per_million(rate, price.usd_per_hour, utilisation),
        **priced,
    )
