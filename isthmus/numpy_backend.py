"""The numpy backend: every operator by its NumPy body."""

from __future__ import annotations

from isthmus.errors import UsageError
from isthmus.graph.nodes import Graph, Node
from isthmus.program.host import Host
from isthmus.program.options import PRECISIONS, Options

__all__ = ["NumpyBackend"]


class NumpyBackend:
    """Runs every operator by its NumPy body; the oracle of the tests and the native baseline."""

    name = "numpy"

    def emulates(self, options: Options) -> tuple[str, ...]:
        return tuple(name for name in self.precisions(options) if name != "f32")

    def fuses(self, node: Node, options: Options) -> bool:
        return False

    def refuses(self, node: Node, options: Options) -> str | None:
        return None

    def precisions(self, options: Options) -> tuple[str, ...]:
        """All: it computes in float32, and rounds where the others do."""
        return tuple(name for name in PRECISIONS if name != "auto")

    def load(self, graph: Graph, options: Options) -> Host:
        if options.device not in (None, "cpu"):
            raise UsageError(f"device {options.device!r} on backend 'numpy'; leave it out")
        return Host(graph, options.threads)
