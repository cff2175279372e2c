"""A candidate as the race goes on, and the rule by which two are compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from isthmus.reports.stats.intervals import LogRatio, log_ratio

from .agreement import Figures
from .axes import LATENCY
from .contestant import Contestant, Window
from .row import State
from .setting import Setting

__all__ = ["Cost", "Entry", "cost_by", "ratio"]

Cost = Callable[[Setting, Window], float]


@dataclass
class Entry:
    """windows: its turns in what is or was its last stage; contestant: while it is in the race."""

    setting: Setting
    state: State = "raced"
    reason: str = ""
    figures: Figures | None = None
    windows: list[Window] = field(default_factory=list)
    contestant: Contestant | None = None
    open_seconds: float | None = None
    memory_bytes: int | None = None

    @property
    def races(self) -> bool:
        """Whether it may still be chosen, and has its turns."""
        return self.contestant is not None

    def ends(self, state: State, reason: str) -> None:
        """It is out, and its processes with it."""
        self.state, self.reason = state, reason
        self.close()

    def close(self) -> None:
        """End its processes."""
        if self.contestant is not None:
            self.memory_bytes = self.contestant.memory_bytes
            self.contestant.end()
            self.contestant = None

    def cost(self, by: Cost) -> float:
        """The median of its turns; infinite without any."""
        costs = [by(self.setting, window) for window in self.windows]
        return median(costs) if costs else math.inf


def cost_by(objective: str, usd: Callable[[Setting], float]) -> Cost:
    """What is to be least: seconds of a call, seconds for each call of all, or dollars.

    usd: of a setting's calls at one a second, infinite where no instance of the list fits.
    """
    if objective == LATENCY:
        return lambda setting, window: window.seconds
    if objective == "throughput":
        return lambda setting, window: 1 / window.per_second
    return lambda setting, window: usd(setting) / window.per_second


def ratio(one: Entry, other: Entry, by: Cost) -> LogRatio:
    """The cost of one over that of the other, from the turns of rounds that both had."""
    rounds = min(len(one.windows), len(other.windows))
    costs = [[[by(e.setting, w)] for w in e.windows[-rounds:]] for e in (one, other)]
    return log_ratio(costs[0], costs[1], paired=True)
