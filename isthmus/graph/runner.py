"""What a loaded graph is: called with arrays and sizes, it gives arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy

__all__ = ["Arrays", "Runner"]

Arrays = Sequence[numpy.ndarray[Any, Any]]


class Runner(Protocol):
    """A loaded graph.

    >>> import isthmus as im
    >>> from isthmus.extend import Options
    >>> from isthmus.numpy_backend import NumpyBackend
    >>> graph = im.trace(lambda x: x + 1, im.spec("float32", ["n"])).graph
    >>> runner = NumpyBackend().load(graph, Options())
    >>> runner.describe()
    ['np.add(float32[n], float32[])']
    """

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[numpy.ndarray[Any, Any]]:
        """The outputs for the inputs, in the graph's order; safe to call from several threads."""

    def describe(self) -> list[str]:
        """What the runtime made of the graph, a line an operation."""
