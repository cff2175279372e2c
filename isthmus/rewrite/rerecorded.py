"""A graph recorded once more, with other nodes in place of some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from isthmus.graph.constraints import assuming
from isthmus.graph.nodes import Graph, Node, Value
from isthmus.graph.passes import Known, copy_node
from isthmus.trace.blocks import inside_block
from isthmus.trace.constants import copying
from isthmus.trace.discovery import recording
from isthmus.trace.location import located
from isthmus.trace.recording import as_value

__all__ = ["rerecorded"]


def rerecorded(
    graph: Graph, known: Known, made: Callable[[Node], Any], names: Mapping[int, str]
) -> Graph:
    """The graph with what `made` records for a node of one result, and a copy where that is None.

    known: what stands for each value that was met, which `made` reads and this fills. names: of
    the new graph's constants, to which `made` may add.
    """
    with assuming(graph.constraints), recording(), copying():
        for node in graph.nodes():
            with located(node.location), inside_block(node.block):
                found = made(node)
            results: tuple[Value, ...] = (
                copy_node(node, known).results if found is None else (as_value(found),)
            )
            known.update(zip(map(id, node.results), results, strict=True))
    outputs = tuple(known.get(id(value), value) for value in graph.outputs)
    return replace(graph, outputs=outputs, constant_names=names)
