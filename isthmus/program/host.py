"""A graph run on the host, by NumPy, in no more threads than its program has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from isthmus.graph.interpreter import Reference
from isthmus.graph.nodes import Graph
from isthmus.graph.runner import Arrays, Ran, Runner
from isthmus.system import blas

__all__ = ["Host"]


class Host:
    """`Reference` within a budget of threads.

    NumPy itself has one thread; what has more is BLAS and LAPACK below it, whichever operators
    call them. Setting their number takes some microseconds a call.
    load: how the bodies of loops and branches are loaded, if not by NumPy as well.
    """

    def __init__(
        self, graph: Graph, threads: int, load: Callable[[Graph], Runner] | None = None
    ) -> None:
        blas.find_libraries()
        self.reference = Reference(graph, load)
        self.threads = threads

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[numpy.ndarray[Any, Any]]:
        with blas.at_most(self.threads):
            return self.reference(arrays, sizes)

    def ran(self) -> Ran:
        return self.reference.ran()

    def describe(self) -> list[str]:
        return self.reference.describe()
