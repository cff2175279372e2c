"""A clock that only goes on when it is read or told to, for loops that wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class SimulatedClock:
    """Seconds; every reading takes one tick."""

    tick: float = 1e-6
    now: float = 0.0

    def __call__(self) -> float:
        self.now += self.tick
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def taking(self, seconds: float) -> Any:
        """A program whose calls take so long."""

        def call(arrays: Any) -> list[Any]:
            self.sleep(seconds)
            return []

        return call
