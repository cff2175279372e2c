"""Waiting in a queue before c equal servers: Erlang's C, and Allen and Cunneen's approximation.

    a = l s                                offered load: l arrivals a second, mean service s
    C = B / (1 - r (1 - B)),  r = a / c    chance to wait (Erlang 1917), B the loss formula's
    W = C s / (c (1 - r)) (1 + v^2) / 2    mean wait, arrivals at random (Poisson)

v is the coefficient of variation of the service time: 1 gives M/M/c and 0 half of it, M/D/c's
usual approximation. Exact for M/M/c, and with one server for any service time (Pollaczek and
Khinchine); else an approximation (Allen 1990, Probability, Statistics and Queueing Theory, 5.4).
How many wait, or are in service, is l W and l (W + s) by Little's law (1961).
"""

from __future__ import annotations

import math

__all__ = ["chance_to_wait", "mean_wait", "wait_below"]


def chance_to_wait(load: float, servers: int) -> float:
    """Erlang's C of an offered load (arrivals * mean service); 1 where the servers are too few.

    >>> from isthmus.reports.stats.queue import chance_to_wait
    >>> round(chance_to_wait(0.5, 1), 9), round(chance_to_wait(1.0, 2), 9)
    (0.5, 0.333333333)
    """
    if load >= servers:
        return 1.0
    if load <= 0:
        return 0.0
    inverse = 1.0  # of the loss formula's, which does not overflow before it is 1 / 0
    for count in range(1, servers + 1):
        inverse = 1 + inverse * count / load
    loss = 1 / inverse
    return loss / (1 - load / servers * (1 - loss))


def mean_wait(rate: float, service: float, servers: int, variation: float) -> float:
    """Mean seconds in the queue: arrivals a second, mean seconds of service and its variation.

    Infinite where the servers are too few.

    >>> from isthmus.reports.stats.queue import mean_wait
    >>> mean_wait(rate=5.0, service=0.1, servers=1, variation=1.0)  # M/M/1: r / (1 - r) s
    0.1
    >>> mean_wait(rate=5.0, service=0.1, servers=1, variation=0.0)  # M/D/1
    0.05
    """
    load = rate * service
    if load >= servers:
        return math.inf
    spread = (1 + variation**2) / 2
    return chance_to_wait(load, servers) * service / (servers - load) * spread


def wait_below(share: float, rate: float, service: float, servers: int, variation: float) -> float:
    """Seconds that so large a share waits at most: the tail taken for exponential, as M/M/c's is.

    >>> from isthmus.reports.stats.queue import wait_below
    >>> round(wait_below(0.99, rate=5.0, service=0.1, servers=1, variation=1.0), 3)
    0.782
    """
    load = rate * service
    if load >= servers:
        return math.inf
    waiting = chance_to_wait(load, servers)
    if waiting <= 1 - share:
        return 0.0
    spread = (1 + variation**2) / 2
    return math.log(waiting / (1 - share)) * spread * service / (servers - load)
