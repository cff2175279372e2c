"""The cpu backend: graphs on OpenVINO's CPU plugin (oneDNN, AVX-512)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.graph.nodes import Graph, Node
from isthmus.graph.runner import Runner
from isthmus.program.backend import Facts
from isthmus.program.options import Options
from isthmus.program.splitting import Longest

from .quick_import import import_openvino

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["CpuBackend", "export_ir"]


# Milliseconds of OpenVINO 2026.4 for each node it compiles. Of elementwise nodes that hang
# together: 0.9 among 64, 1.8 among 256, 4.7 among 512, 15 among 1,000. Of others: 0.6 among 500,
# 0.7 among 2,000, 1.0 among 4,000. With SNIPPETS_MODE DISABLE the first stay near 0.5, but a
# polynomial of 60 operators then runs 20 times as long.
LONGEST = Longest(nodes=2000, elementwise=256, arrays=11)


class CpuBackend:
    """OpenVINO; imported when the first program is compiled."""

    name = "cpu"
    longest = LONGEST
    adds_in_line = True

    def __init__(self) -> None:
        self.writes = {".xml": export_ir}

    def fuses(self, node: Node, options: Options) -> bool:
        return _capability().fuses(node)

    def refuses(self, node: Node, options: Options) -> str | None:
        known = _capability()
        reason: str | None = known.refuses(node, options)
        by_hint = options.precision == "int8" or self.places_half(options)
        if reason is None and options.precision != "f32" and by_hint:
            reason = known.rounded(node)
        return reason

    def agrees(self, node: Node) -> bool:
        return bool(_capability().agrees(node))

    def load(self, graph: Graph, options: Options) -> Runner:
        import_openvino()
        from .executor import OpenVinoRunner

        return OpenVinoRunner(graph, options)

    def levers(self, options: Options) -> Mapping[str, tuple[str, ...]]:
        """Settings of `Options.extra` that change how a program is computed and not what."""
        import_openvino()
        from .levers import levers

        return levers(options)

    def precisions(self, options: Options) -> tuple[str, ...]:
        import_openvino()
        from .facts import precisions

        return precisions()

    def places_half(self, options: Options) -> bool:
        """By OpenVINO's hint; what users override the graph says, since the hint has no names."""
        return not options.overrides

    def saturates(self, node: Node, options: Options | None) -> bool:
        from .saturation import saturates

        return options is None or saturates(node)

    def facts(self) -> Facts:
        import_openvino()
        from .facts import facts

        return facts()


def _capability() -> ModuleType:
    import_openvino()
    from . import capability

    return capability


def export_ir(graph: Graph, path: Path) -> None:
    """Write a graph as OpenVINO IR (.xml beside .bin), weights in full precision."""
    import_openvino()
    from .executor import write_ir

    write_ir(graph, path)
