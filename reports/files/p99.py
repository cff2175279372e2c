"""p99_ms: an upper bound of the 99th percentile of latency, with 99 % confidence, from the file.

The bound is the early-stopping one of MLCommons' Inference Rules: it takes 662 calls at least.
Raw times are not enough to work it out here, since a sample may be the mean of several calls.
"""

from __future__ import annotations

from .result import Result

__all__ = ["p99_ms", "why_none"]

PERCENTILE = "99"
FEWEST = 662


def p99_ms(result: Result) -> float | None:
    """The bound, of a call; None where the file has none, or its scenario is INVALID."""
    outcome = result.scenario_result
    if outcome is None or not outcome.valid:
        return None
    return outcome.bounded_ms.get(PERCENTILE)


def why_none(result: Result) -> str:
    """Why there is no bound."""
    outcome = result.scenario_result
    if outcome is None:
        return "the file has no bound of it"
    if not outcome.valid:
        return f"INVALID: {outcome.reason or 'no reason given'}"
    if not outcome.percentiles_ms:
        return f"the {outcome.scenario} scenario has no latencies"
    return f"{outcome.queries or 'too few'} calls, a bound takes {FEWEST}"
