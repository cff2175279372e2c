"""A benchmark as pytest-benchmark writes it: its times, or what is left of them.

With raw times it is one round; without them, as that tool leaves files unless it is asked, their
median and quartiles.
"""

from __future__ import annotations

from dataclasses import fields
from statistics import median
from typing import Annotated, Any

from msgspec import Meta

from isthmus.reports.stats.summaries import Summary

from .checks import Seconds, Times, Whole, clean, converted, fail, seconds, text
from .result import Result

__all__ = ["median_of", "of_entry", "rounds_of"]

PYTEST = "pytest-benchmark"
USUAL_TIMERS = ("perf_counter", "default_timer")
ROUNDS = Annotated[tuple[Times, ...], Meta(min_length=1)]

Rounds = tuple[tuple[float, ...], ...]


def of_entry(path: str, name: str, where: str, item: dict[str, Any]) -> Result:
    """Its one round, or its summary; `FileError` names what is wrong."""
    rounds = rounds_of(where, item["stats"], {})
    variant = text(where, "name", item.get("name") or name)
    workload = text(where, "group", item.get("group") or variant)
    middle = median_of(where, rounds, item["stats"])
    return Result(
        path,
        name,
        workload,
        variant,
        middle,
        rounds,
        origin=PYTEST,
        summary=None if rounds else _summary(where, item["stats"]),
        timer=_timer(item.get("options")),
    )


def _summary(where: str, stats: dict[str, Any]) -> Summary | None:
    """Of a file that kept no times; None where it does not tell the quartiles either."""
    said = {field.name: stats.get(field.name) for field in fields(Summary)}
    if any(one is None for name, one in said.items() if name != "mean"):
        return None
    kinds: dict[str, Any] = dict.fromkeys(said, Seconds) | {"rounds": Whole, "mean": Seconds | None}
    found = Summary(
        **{name: converted(where, one, kinds[name], f"stats.{name}") for name, one in said.items()}
    )
    if not found.is_ordered:
        fail(where, "stats has quartiles that are in no order", "measure again")
    return found


def _timer(options: Any) -> str:
    """The clock's name without its module; "" for the usual one, and where it is not told."""
    said = options.get("timer") if isinstance(options, dict) else None
    name = clean(said).rpartition(".")[2] if isinstance(said, str) else ""
    return "" if name in USUAL_TIMERS else name


def rounds_of(where: str, stats: dict[str, Any], extra: dict[str, Any]) -> Rounds:
    """The rounds of `extra_info`, else all times as one; none of a file of statistics alone."""
    if extra.get("rounds") is not None:
        found: Rounds = converted(where, extra["rounds"], ROUNDS, "rounds")
        return found
    data = stats.get("data")
    return () if data is None else (seconds(where, "stats.data", data),)


def median_of(where: str, rounds: Rounds, stats: dict[str, Any]) -> float:
    """Of the raw times where they were kept, else the file's own."""
    if not rounds:
        own: float = converted(where, stats.get("median"), Seconds, "stats.median")
        return own
    return median([value for values in rounds for value in values])
