"""Positions along an axis, between its elements: known, or computed as quotients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus import np

__all__ = ["ROUNDED", "Positions", "Quotients"]


@dataclass(frozen=True)
class Positions:
    """m positions that are known: float64."""

    at: Any

    def floor(self) -> Any:
        """The whole numbers that are not more, as int64."""
        return numpy.floor(self.at).astype(numpy.int64)

    def ceil(self) -> Any:
        """The whole numbers that are not less, as int64."""
        return numpy.ceil(self.at).astype(numpy.int64)

    def moved(self, halves: int) -> Positions:
        """The positions plus so many halves."""
        return Positions(self.at + halves / 2)

    def beyond_before(self) -> Any:
        """How far they are from the last whole number that is less: above 0, up to 1; float64."""
        return self.at - numpy.ceil(self.at) + 1

    def spread(self, values: Any, dtype: Any) -> Any:
        """A number for each position, of what `beyond_before` gave numbers for."""
        return values


@dataclass(frozen=True)
class Quotients(Positions):
    """m positions `at / below`, whole numbers that are computed; below is positive."""

    below: Any

    def floor(self) -> Any:
        return np.floor_divide(self.at, self.below)

    def ceil(self) -> Any:
        return -np.floor_divide(-self.at, self.below)

    def moved(self, halves: int) -> Positions:
        return Quotients(self.at * 2 + self.below * halves, self.below * 2)

    def beyond_before(self) -> Any:
        rest = np.astype(self.at - (self.ceil() - 1) * self.below, numpy.float64)
        return rest / np.astype(self.below, numpy.float64)


ROUNDED: dict[str, Callable[[Positions], Any]] = {
    "ceil": lambda at: at.ceil(),
    "floor": lambda at: at.floor(),
    "round_prefer_ceil": lambda at: at.moved(1).floor(),
    "round_prefer_floor": lambda at: at.moved(-1).ceil(),
}
