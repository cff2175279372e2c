"""Upper bounds of percentiles from few queries: the early-stopping rule of MLPerf's LoadGen.

The percentile p of latency is at most L with confidence c when of n queries no more than t took
longer than L, where t is such that P(X <= t) <= 1 - c for X ~ Binomial(n, 1 - p): if more than
1 - p of all queries took longer, so few among n would be a rare accident. The largest such t
gives the bound: the t - 1 worst queries are discarded and the worst of the rest is reported.
(MLCommons, Inference Rules, "Early stopping"; c = 0.99.)
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache

__all__ = ["bound", "nearest_rank", "queries_needed"]

CONFIDENCE = 0.99


def allowed(queries: int, percentile: float) -> int:
    """The most of so many queries that may take longer than a bound of the percentile; -1: none can
    be tolerated, there are too few."""
    exceeding = 1 - percentile / 100
    log_odds = math.log(exceeding / (1 - exceeding))
    log_term, probability = queries * math.log1p(-exceeding), 0.0
    for count in range(queries + 1):
        probability += math.exp(log_term)
        if probability > 1 - CONFIDENCE:
            return count - 1
        log_term += math.log((queries - count) / (count + 1)) + log_odds
    return queries


@cache
def queries_needed(over: int, percentile: float) -> int:
    """The fewest queries of which so many may take longer than a bound of the percentile."""
    most = 2 * (over + 1)
    while allowed(most, percentile) < over:
        most *= 2
    return bisect_left(range(most), over, key=lambda queries: allowed(queries, percentile))


def bound(latencies: Sequence[float], percentile: float) -> tuple[float | None, int]:
    """The percentile's upper bound, and how many more queries it takes where there is none yet."""
    queries = len(latencies)
    over = allowed(queries, percentile)
    if over < 1:
        return None, queries_needed(1, percentile) - queries
    return sorted(latencies)[queries - over], 0


def nearest_rank(latencies: Sequence[float], percentile: int) -> float:
    """The percentile itself: the least latency that so many per cent do not exceed."""
    return sorted(latencies)[-(-percentile * len(latencies) // 100) - 1]
