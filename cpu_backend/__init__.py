"""The cpu backend: graphs on OpenVINO's CPU plugin (oneDNN, AVX-512)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.backend import Options, Runner
from isthmus.graph import Graph, Node

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["CpuBackend", "export_ir"]


class CpuBackend:
    """OpenVINO; imported when the first program is compiled."""

    name = "cpu"

    def fuses(self, node: Node, options: Options) -> bool:
        return _capability().fuses(node)

    def refuses(self, node: Node, options: Options) -> str | None:
        reason: str | None = _capability().refuses(node)
        return reason

    def load(self, graph: Graph, options: Options) -> Runner:
        from .executor import OpenVinoRunner

        return OpenVinoRunner(graph, options)


def _capability() -> ModuleType:
    from . import capability

    return capability


def export_ir(graph: Graph, path: Path) -> None:
    """Write a graph as OpenVINO IR (.xml beside .bin), weights in full precision."""
    from .executor import write_ir

    write_ir(graph, path)
