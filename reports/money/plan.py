"""A demand on paper: nodes, dollars and queue, of measured rates and service times.

    peak rate     l = requests a day / 86400 * peak
    nodes         n = ceil(l / (utilisation * rate of a node)) + spare
    a node        c servers of s seconds, s = c / rate of a node; arrivals l / n at random
    wait          Allen and Cunneen's, with the measured variation of a call (stats/queue.py)
    in the house  l * (wait + s), by Little's law

The rate of a node is that of `cost.py`: measured on that instance type or projected, copies times
as fast as here. So the utilisation is kept even while `spare` nodes are lost. What it leaves out:
the network and its balancer, which sends to nodes at random here (one that sends to the least busy
waits less), and arrivals in bursts, which wait more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isthmus.errors import UsageError
from isthmus.reports.files.result import Result, ResultFile
from isthmus.reports.files.variants import EVERY_PEER, NATIVE, alone
from isthmus.reports.stats.queue import mean_wait, wait_below

from .cost import PUBLISHED, Cost

__all__ = ["DAY_SECONDS", "Demand", "Plan", "demand_of", "plans", "variation_of"]

DAY_SECONDS = 86400
ROUNDING = 1e-12  # relative; a whole multiple of a node's rate must count as one
TAIL = 0.99
OTHERS = frozenset((NATIVE, *EVERY_PEER))
USUAL = "such as 1e9, or requests=1e9,peak=2,utilisation=0.6,spare=1"


@dataclass(frozen=True)
class Demand:
    """requests a day; peak: the busiest second's rate over the mean one; utilisation: share of the
    servers' time that is busy then, below 1; spare: nodes that may be lost with that kept.

    Errors: `UsageError` for numbers that are none of these.

    >>> from isthmus import reports
    >>> round(reports.Demand(1e9).per_second)
    23148
    """

    requests: float
    peak: float = 2.0
    utilisation: float = 0.6
    spare: int = 1

    def __post_init__(self) -> None:
        for name, right, wanted in (
            ("requests", 0 < self.requests < 1e18, "a number above 0"),
            ("peak", 1 <= self.peak < 1e6, "1 or more"),
            ("utilisation", 0 < self.utilisation < 1, "a share above 0 and below 1"),
            ("spare", self.spare in range(10**6), "a whole number from 0 on"),
        ):
            if not right:
                raise UsageError(f"plan: {name} is {getattr(self, name)}; give {wanted}")

    @property
    def per_second(self) -> float:
        """Requests a second at the peak."""
        return self.requests / DAY_SECONDS * self.peak


@dataclass(frozen=True)
class Plan:
    """A demand on one instance type under one variant. Times in ms, rates in requests/s.

    servers: of a node, each `service_ms` in the mean with the coefficient of variation
    `variation`. busy: share of the servers' time with all nodes, at the peak; busy_lost: with
    `spare` of them lost. wait_ms, wait_p99_ms: in the queue, with all nodes; wait_lost_ms: the mean
    with those lost. waiting, inside: requests in the queue, and with those in service, of all
    nodes. usd_per_million: of the requests of a day.

    >>> from isthmus import reports
    >>> files = reports.read_all(["head.json"])
    >>> costs = reports.costs(files, reports.read_prices())
    >>> plan = reports.plans(files, costs, reports.Demand(1e9))[0]
    >>> plan.inside > plan.waiting, plan.wait_ms < plan.wait_lost_ms
    (True, True)
    """

    cost: Cost
    demand: Demand
    nodes: int
    servers: int
    service_ms: float
    variation: float
    busy: float
    busy_lost: float
    wait_ms: float
    wait_p99_ms: float
    wait_lost_ms: float
    waiting: float
    inside: float
    usd_per_day: float
    usd_per_million: float


def demand_of(text: str) -> Demand:
    """`1e9`, or `requests=1e9,peak=2`; `UsageError` for what is no such list.

    >>> from isthmus.reports.money.plan import demand_of
    >>> demand_of("1e9,peak=3")
    Demand(requests=1000000000.0, peak=3.0, utilisation=0.6, spare=1)
    """
    given: dict[str, float] = {}
    for at, part in enumerate(text.split(",")):
        name, sign, number = part.strip().rpartition("=")
        name = name.strip() if sign else "" if at else "requests"
        if name not in Demand.__dataclass_fields__ or name in given:
            raise UsageError(f"--plan {text}: give a demand {USUAL}")
        try:
            given[name] = float(number)
        except ValueError:
            raise UsageError(f"--plan {text}: {number} is no number; give {USUAL}") from None
    if "requests" not in given:
        raise UsageError(f"--plan {text}: how many requests a day? give {USUAL}")
    spare = given.pop("spare", float(Demand.spare))
    if not spare.is_integer():
        raise UsageError(f"plan: spare is {spare:g}; give a whole number from 0 on")
    return Demand(**given, spare=int(spare))


def plans(files: Sequence[ResultFile], costs: Sequence[Cost], demand: Demand) -> tuple[Plan, ...]:
    """The cheapest variant of each workload on each instance that has a cost, the cheapest first.

    Of Isthmus's variants, where there are some: peers and NumPy are to compare with. Only calls of
    one request, whose outputs agree with the reference's: somebody has to wait for a batch.

    >>> from isthmus import reports
    >>> files = reports.read_all(["head.json"])
    >>> costs = reports.costs(files, reports.read_prices())
    >>> found = reports.plans(files, costs, reports.Demand(1e9))
    >>> found[0].cost.workload, found[0].nodes > 1, 0.5 < found[0].busy_lost <= 0.6
    ('bert-base-128', True, True)
    """
    results = {(one.file, *_key(one)): one for file in files for one in file.results}
    best: dict[tuple[str, str, str], Plan] = {}
    ours = [cost for cost in costs if alone(cost.variant) not in OTHERS]
    for cost in ours or costs:
        result = results.get((cost.file, *_key(cost)))
        if result is None or not _plannable(cost, result):
            continue
        found = plan_of(cost, result, demand)
        place = cost.workload, cost.provider, cost.instance
        if place not in best or found.usd_per_day < best[place].usd_per_day:
            best[place] = found
    names = list(dict.fromkeys(cost.workload for cost in costs))
    return tuple(
        sorted(
            best.values(),
            key=lambda one: (names.index(one.cost.workload), one.usd_per_day),
        )
    )


def plan_of(cost: Cost, result: Result, demand: Demand) -> Plan:
    """Of one cost, whose result it is."""
    per_node, rate = cost.requests_per_s, demand.per_second
    servers = (cost.replicas or 1) * (result.copies or 1)
    service, variation = servers / per_node, variation_of(result)
    needed = max(1, math.ceil(rate / (demand.utilisation * per_node) * (1 - ROUNDING)))
    nodes = needed + demand.spare
    arriving = (rate / nodes, service, servers, variation)
    wait = mean_wait(*arriving)
    usd_per_day = 24 * nodes * cost.usd_per_hour
    return Plan(
        cost=cost,
        demand=demand,
        nodes=nodes,
        servers=servers,
        service_ms=1e3 * service,
        variation=variation,
        busy=rate / nodes / per_node,
        busy_lost=rate / needed / per_node,
        wait_ms=1e3 * wait,
        wait_p99_ms=1e3 * wait_below(TAIL, *arriving),
        wait_lost_ms=1e3 * mean_wait(rate / needed, service, servers, variation),
        waiting=rate * wait,
        inside=rate * (wait + service),
        usd_per_day=usd_per_day,
        usd_per_million=1e6 * usd_per_day / demand.requests,
    )


def variation_of(result: Result) -> float:
    """The coefficient of variation of a call: standard deviation / mean over all processes.

    Of a sample that is the mean of g calls the variance counts g times, as if calls were
    independent. Copies tell it themselves, as their samples are turns.
    """
    told = [one.call_variation for one in result.processes if one.call_variation is not None]
    if told:
        return math.sqrt(sum(one**2 for one in told) / len(told))
    samples = [(second, grouped) for seconds, grouped in _grouped(result) for second in seconds]
    if len(samples) < 2:
        return 0.0
    mean = sum(second for second, _ in samples) / len(samples)
    squares = sum(grouped * (second - mean) ** 2 for second, grouped in samples)
    return math.sqrt(squares / (len(samples) - 1)) / mean


def _grouped(result: Result) -> Iterator[tuple[Sequence[float], int]]:
    """The samples of each round, and how many calls each of them is the mean of."""
    told = [one.calls_per_sample or 1 for one in result.processes]
    same = told if len(told) == len(result.rounds) else [1] * len(result.rounds)
    yield from zip(result.rounds, same, strict=True)


def _key(one: Cost | Result) -> tuple[object, ...]:
    names = ("workload", "variant", "scenario", "batch", "precision", "sequence", "threads")
    return tuple(getattr(one, name) for name in names)


def _plannable(cost: Cost, result: Result) -> bool:
    """A server's samples are latencies with the wait in them, and an open rate has no service."""
    alone = result.one_by_one or result.copies or result.scenario == "offline"
    return bool(cost.batch == 1 and cost.proven and cost.status != PUBLISHED and alone)
