"""What a scenario's queries show: percentiles, their upper bounds, VALID or INVALID and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .early_stopping import bound, nearest_rank, queries_needed

__all__ = ["VALID", "Result", "described", "invalid", "judged", "within"]

Result = dict[str, Any]

SHOWN, BOUNDED = (50, 90, 95, 99), (90, 99)
VALID: Result = {"valid": True, "reason": "", "more_queries": 0}


def described(name: str, latencies: Sequence[float] | None, queries: int) -> Result:
    """Percentiles and their bounds in ms; None where the scenario has no latencies."""
    shown = {str(p): latencies and 1e3 * nearest_rank(latencies, p) for p in SHOWN}
    bounded = {str(p): latencies and _ms(bound(latencies, p)[0]) for p in BOUNDED}
    return {
        "scenario": name,
        "queries": queries,
        "rate_per_s": None,
        "bound_ms": None,
        "percentile": None,
        "percentiles_ms": shown,
        "bounded_ms": bounded,
    }


def judged(latencies: Sequence[float], percentile: int, bound_ms: float | None = None) -> Result:
    """VALID if the percentile has an upper bound, and that is at most `bound_ms`."""
    upper, more = bound(latencies, percentile)
    at_ms = 1e3 * nearest_rank(latencies, percentile)
    if bound_ms is not None and at_ms > bound_ms:
        return invalid(f"the p{percentile} is {at_ms:.4g} ms, over {bound_ms:g} ms", more)
    queries = len(latencies)
    if upper is None:
        few = f"{queries} queries are too few to bound the p{percentile}"
        return invalid(f"{few}; {queries + more} are enough", more)
    if bound_ms is None or 1e3 * upper <= bound_ms:
        return VALID
    over = sum(1e3 * latency > bound_ms for latency in latencies)
    needed = queries_needed(over + 1, percentile)
    bounds = f"the p{percentile} is {at_ms:.4g} ms, its upper bound {1e3 * upper:.4g} ms is over"
    return invalid(
        f"{bounds} {bound_ms:g} ms; with {needed} queries it may not be", needed - queries
    )


def within(latencies: Sequence[float], percentile: int, bound_ms: float) -> bool:
    """Whether the percentile keeps the bound: its upper bound does, or where the queries are too
    few for one, the percentile itself."""
    upper, _ = bound(latencies, percentile)
    told = nearest_rank(latencies, percentile) if upper is None else upper
    return 1e3 * told <= bound_ms


def invalid(reason: str, more_queries: int = 0) -> Result:
    """The verdict INVALID."""
    return {"valid": False, "reason": reason, "more_queries": more_queries}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1e3 * seconds
