"""Where the time of a run goes: spent, left by estimate, and each workload's share of a budget."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from time import monotonic

from .plan import Plan

__all__ = ["Clock", "Step", "readable"]

GUESS_SECONDS = 3.0  # to start a process and warm it up, until one has been seen


@dataclass(frozen=True)
class Step:
    """What is done now, and the seconds before and after it."""

    text: str
    spent_seconds: float
    left_seconds: float

    def __str__(self) -> str:
        return f"{self.text}, {readable(self.left_seconds)} left"


class Clock:
    """Counts processes and cells (a workload in a scenario) and how long they took."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.started = monotonic()
        self.cells_left = list(plan.cells)
        self.took: list[float] = []
        self.took_here: list[float] = []

    @property
    def spent(self) -> float:
        """Seconds since the run began."""
        return monotonic() - self.started

    def step(self, text: str) -> Step:
        """What begins now."""
        return Step(text, self.spent, self.left())

    def ran(self, seconds: float, processes: int = 1) -> None:
        """So many processes have ended."""
        each = [seconds / processes for _ in range(processes)]
        self.took += each
        self.took_here += each

    def cell_done(self) -> None:
        """All rounds of the first cell left are over."""
        self.cells_left = self.cells_left[1:]
        self.took_here = []

    def share(self) -> float | None:
        """Seconds that the next cell may take; None without a budget, 0 where it is spent."""
        if self.plan.budget_seconds is None:
            return None
        left = self.plan.budget_seconds - self.spent
        return max(0.0, left) / max(1, len(self.cells_left))

    def left(self) -> float:
        """Seconds to the end: the mean process so far times the processes to come."""
        mine = mean(self.took) if self.took else GUESS_SECONDS + self.plan.seconds
        here = mean(self.took_here) if self.took_here else mine
        to_come = [self.plan.rounds_of(c) * len(c.variants) for c in self.cells_left]
        if not to_come:
            return 0.0
        estimate = max(0, to_come[0] - len(self.took_here)) * here + sum(to_come[1:]) * mine
        if self.plan.budget_seconds is None:
            return estimate
        return max(0.0, min(estimate, self.plan.budget_seconds - self.spent))


def readable(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
