"""Wilcoxon's signed ranks: an interval for the middle of a symmetric law, whatever its tails.

The estimate is the median of the Walsh averages (x_i + x_j) / 2, i <= j (Hodges and Lehmann 1963,
Annals of Mathematical Statistics 34); the k-th smallest and largest of them hold the middle with
a probability that is exact. An outlier moves one of n values and is never dropped.
"""

from __future__ import annotations

from functools import lru_cache

import numpy
from numpy.typing import NDArray

__all__ = ["quantile", "walsh_averages"]

Array = NDArray[numpy.float64]


def walsh_averages(values: Array) -> Array:
    """(x_i + x_j) / 2 for i <= j, in ascending order."""
    rows, columns = numpy.triu_indices(len(values))
    averages: Array = numpy.sort((values[rows] + values[columns]) / 2)
    return averages


def quantile(averages: Array, probability: float) -> float:
    """The end of a one-sided interval; infinite where n values cannot give the probability."""
    count = round((numpy.sqrt(8 * len(averages) + 1) - 1) / 2)
    rank = int(numpy.searchsorted(_distribution(count), min(probability, 1 - probability), "right"))
    if rank == 0:
        return -numpy.inf if probability < 0.5 else numpy.inf
    return float(averages[rank - 1] if probability < 0.5 else averages[-rank])


@lru_cache(maxsize=128)
def _distribution(count: int) -> Array:
    """P(W <= w) for w = 0, 1, ...: W is the sum of those ranks 1..count whose coin shows heads."""
    chances = numpy.zeros(count * (count + 1) // 2 + 1)
    chances[0] = 1.0
    for rank in range(1, count + 1):
        chances[rank:] += chances[:-rank].copy()
        chances /= 2
    cumulated: Array = chances.cumsum()
    return cumulated
