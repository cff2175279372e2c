"""What a backend is, and how one is found: the entry point group `isthmus.backends`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import numpy

from isthmus.errors import BackendMissing, UsageError
from isthmus.graph.nodes import Graph, Node, Type

Arrays = Sequence[numpy.ndarray[Any, Any]]


@dataclass(frozen=True)
class Options:
    """What a backend is asked for.

    precision: "f32" (more may be offered). threads: compute threads. numerics: "numpy",
    or "fast", which lets max, min and clip drop NaN. device: where a backend has several.
    """

    precision: str = "f32"
    threads: int = 1
    numerics: str = "numpy"
    device: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Runner(Protocol):
    """A loaded graph."""

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[numpy.ndarray[Any, Any]]:
        """The outputs for the inputs, in the graph's order; safe to call from several threads."""

    def describe(self) -> list[str]:
        """What the runtime made of the graph, a line an operation."""


class Backend(Protocol):
    """A way to run graphs.

    `fuses`: whether a composite is run as one operation of the runtime.
    `refuses`: None where the runtime computes a node as NumPy does, else the reason.
    `load`: a graph of accepted nodes, ready to run; raises BackendMissing.
    A backend may have `longest`, a `pieces.Longest`, if a graph can be too long for one `load`.
    """

    name: str

    def fuses(self, node: Node, options: Options) -> bool: ...

    def refuses(self, node: Node, options: Options) -> str | None: ...

    def load(self, graph: Graph, options: Options) -> Runner: ...


class Memory(Protocol):
    """Where a backend keeps the arrays of `isthmus.namespace` between calls.

    A backend has it as the method `memory(options)` if that is not the host's memory; its
    runners then have `on_device(buffers) -> buffers` for graphs whose sizes are all known.
    """

    is_host: bool  # whether it is the host's memory after all, so that `get` copies nothing

    def put(self, array: numpy.ndarray[Any, Any]) -> Any:
        """A buffer with the elements."""

    def get(self, buffer: Any) -> numpy.ndarray[Any, Any]:
        """The elements of a buffer."""

    def type_of(self, buffer: Any) -> Type:
        """The dtype and shape of a buffer."""

    def export(self, buffer: Any) -> Any:
        """The buffer as a DLPack capsule, not copied."""

    def imported(self, other: Any) -> Any:
        """A buffer that shares the memory of another library's array, by DLPack."""

    def dlpack_device(self) -> tuple[Any, int]:
        """DLPack's kind and number of the device."""


def backend_names() -> list[str]:
    """The names of the backends that are installed, ours and others'."""
    from importlib.metadata import entry_points  # with all it imports, slow to start

    return sorted(entry_points(group="isthmus.backends").names)


@cache
def find_backend(name: str) -> Backend:
    """The backend of a name; UsageError if there is none, BackendMissing if it cannot load."""
    from importlib.metadata import entry_points

    found = entry_points(group="isthmus.backends", name=name)
    if not found:
        raise UsageError(f"no backend '{name}'; there are {', '.join(backend_names())}")
    try:
        backend: Backend = next(iter(found)).load()()
    except ImportError as problem:
        raise BackendMissing(f"backend '{name}' cannot be loaded: {problem}") from problem
    return backend
