"""What a gate says of benchmarks that compute below float32: both sides do in the same precision,
as others are refused."""

from __future__ import annotations

from collections.abc import Iterable

from isthmus.reports.files.budget import F32
from isthmus.reports.money.cost import few

from .observations import Pair

__all__ = ["below_f32"]


def below_f32(pairs: Iterable[Pair]) -> tuple[str, ...]:
    """A line a precision, with the benchmarks that compute in it on both sides."""
    names: dict[str, list[str]] = {}
    for pair in pairs:
        precision = pair.head[-1].facts.get("precision") or F32
        if precision != F32:
            names.setdefault(str(precision), []).append(pair.benchmark)
    return tuple(f"in {precision}, not f32: {few(each)}" for precision, each in names.items())
