"""What a loaded graph is: called with arrays and sizes, it gives arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy

__all__ = ["Arrays", "Runner"]

Arrays = Sequence[numpy.ndarray[Any, Any]]


class Runner(Protocol):
    """A loaded graph."""

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[numpy.ndarray[Any, Any]]:
        """The outputs for the inputs, in the graph's order; safe to call from several threads."""

    def describe(self) -> list[str]:
        """What the runtime made of the graph, a line an operation."""
