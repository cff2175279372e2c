"""What a suite is: benchmarks measured on two sides at once, a round of processes at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from isthmus.benchmarks.harness.processes import Home

from .observations import Observed

__all__ = ["Found", "Sides", "Suite"]

Found = Mapping[str, Observed]  # base and head of each benchmark


@dataclass(frozen=True)
class Sides:
    """Where the code of base and of head runs."""

    base: Home
    head: Home


class Suite(Protocol):
    """Raises IsthmusError where a side fails, NothingMeasured where there is no benchmark."""

    def round(self, number: int, names: Collection[str] | None) -> Found:
        """One process of each side: of the named benchmarks, of all for None.

        The side that begins alternates with the number.
        """

    @property
    def only_base(self) -> Collection[str]:
        """Benchmarks that head lacks."""

    @property
    def only_head(self) -> Collection[str]:
        """Benchmarks that base lacks."""

    def defined_in(self, name: str) -> str:
        """The file that defines a benchmark, relative to the project; "" where not known."""
