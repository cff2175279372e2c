"""The queue's formulas beside exact results, and beside queues that are simulated."""

from __future__ import annotations

import heapq
import math
from fractions import Fraction

import numpy
import pytest

from isthmus.reports.stats.queue import chance_to_wait, mean_wait, wait_below


def exact(load: Fraction, servers: int) -> Fraction:
    """Erlang's C by its sum."""
    term = load**servers / math.factorial(servers) * servers / (servers - load)
    return term / (sum(load**k / math.factorial(k) for k in range(servers)) + term)


@pytest.mark.parametrize("servers", [1, 2, 3, 24, 64])
@pytest.mark.parametrize("busy", [Fraction(1, 100), Fraction(3, 5), Fraction(99, 100)])
def test_erlang_s_c_is_its_sum(servers: int, busy: Fraction) -> None:
    load = busy * servers
    assert chance_to_wait(float(load), servers) == pytest.approx(float(exact(load, servers)))


def test_a_queue_without_an_end_and_one_without_a_beginning() -> None:
    assert chance_to_wait(2.0, 2) == chance_to_wait(2.5, 2) == 1.0
    assert chance_to_wait(0.0, 2) == 0.0
    assert chance_to_wait(1e-6, 500) == 0.0  # nothing overflows
    assert mean_wait(30.0, 0.1, 3, 0.2) == wait_below(0.99, 40.0, 0.1, 3, 0.2) == math.inf
    assert wait_below(0.99, 0.01, 0.1, 4, 1.0) == 0.0
    assert mean_wait(1e4, 0.1, 1500, 0.3) < 1e-12


def waits(random: numpy.random.Generator, rate: float, services: numpy.ndarray, servers: int):  # type: ignore[no-untyped-def]
    """Seconds in the queue of each arrival, first come first served."""
    free = [0.0] * servers
    arrivals = numpy.cumsum(random.exponential(1 / rate, len(services)))
    found = []
    for at, service in zip(arrivals.tolist(), services.tolist(), strict=True):
        start = max(at, heapq.heappop(free))
        heapq.heappush(free, start + service)
        found.append(start - at)
    return numpy.array(found)


@pytest.mark.parametrize(
    ("servers", "busy", "variation", "tolerance"),
    [
        (1, 0.6, 0.0, 0.03),  # exact: Pollaczek and Khinchine
        (1, 0.6, 0.5, 0.03),
        (1, 0.8, 1.0, 0.08),
        (4, 0.7, 1.0, 0.05),  # exact: M/M/c
        (4, 0.7, 0.2, 0.10),
        (8, 0.8, 0.0, 0.12),
    ],
)
def test_waits_are_those_of_simulated_queues(
    servers: int, busy: float, variation: float, tolerance: float
) -> None:
    random, service, count = numpy.random.default_rng(7), 0.1, 400_000
    if variation:
        shape = 1 / variation**2
        services = random.gamma(shape, service / shape, count)
    else:
        services = numpy.full(count, service)
    rate = busy * servers / service
    seen = waits(random, rate, services, servers)[10_000:]
    assert mean_wait(rate, service, servers, variation) == pytest.approx(seen.mean(), rel=tolerance)
    p99 = float(numpy.quantile(seen, 0.99))
    assert wait_below(0.99, rate, service, servers, variation) == pytest.approx(p99, rel=0.15)
