"""What a loaded graph is: called with arrays and sizes, it gives arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy

__all__ = ["Arrays", "Ran", "Runner"]

Arrays = Sequence[numpy.ndarray[Any, Any]]


class Ran(NamedTuple):
    """How many matrix products and convolutions run in each precision, as "f32" or "bf16".

    because: why not all of them run in what was asked for. rest: in which precision the runtime
    computes floats beside integers, where it decides that.
    """

    counts: Mapping[str, int]
    because: str
    rest: str = ""


class Runner(Protocol):
    """A loaded graph. It may have `ran() -> Ran`, asked of programs that are not of float32, and
    `notes() -> list[str]`, further lines for `Executable.explain`.

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
