"""A row of the trade-off table: what became of one setting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any, Literal

from isthmus.reports.stats.intervals import FEWEST_ROUNDS, log_ratio

from .setting import Setting, read_setting

__all__ = ["Amount", "Row", "State", "amount", "read_row"]

State = Literal["chosen", "raced", "slower", "inaccurate", "failed", "missing", "untried"]


@dataclass(frozen=True)
class Amount:
    """The median over turns, and its 95 % interval, None of fewer than three turns."""

    value: float
    low: float | None = None
    high: float | None = None


def amount(turns: Sequence[float]) -> Amount | None:
    """Of what each turn showed; None without any."""
    if not turns:
        return None
    middle = median(turns)
    if len(turns) < FEWEST_ROUNDS:
        return Amount(middle)
    ratio = log_ratio([[turn] for turn in turns], [[1.0]] * len(turns), paired=True)
    low, high = ratio.interval()
    if not math.isfinite(high):
        return Amount(middle)
    return Amount(middle, min(low, middle), max(high, middle))


@dataclass(frozen=True)
class Row:
    """setting: None for a backend that is missing. state: "chosen"; "raced" to the end; "slower"
    and given up; "inaccurate"; "failed", "missing" and "untried" were not measured. reason: why.

    speed: how many times as fast as the default in the last round, by the objective. turns: how
    many of 0.1 s or more are behind the figures. usd_per_million: of calls, on `instance`.
    """

    name: str
    state: State
    setting: Setting | None = None
    is_default: bool = False
    reason: str = ""
    latency_ms: Amount | None = None
    per_second: Amount | None = None
    speed: Amount | None = None
    turns: int = 0
    memory_bytes: int | None = None
    open_seconds: float | None = None
    relative_error: float | None = None
    cosine: float | None = None
    top1: float | None = None
    metric: float | None = None
    usd_per_million: Amount | None = None
    instance: str = ""
    price_status: str = ""

    def document(self) -> dict[str, Any]:
        """For JSON."""
        setting = None if self.setting is None else self.setting.document()
        return {**asdict(self), "setting": setting}


AMOUNTS = ("latency_ms", "per_second", "speed", "usd_per_million")


def read_row(document: Mapping[str, Any]) -> Row:
    """What `Row.document` gave; KeyError or TypeError for anything else."""
    values = {field.name: document[field.name] for field in fields(Row)}
    for name in AMOUNTS:
        values[name] = None if values[name] is None else Amount(**values[name])
    if values["setting"] is not None:
        values["setting"] = read_setting(values["setting"])
    return Row(**values)
