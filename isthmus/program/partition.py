"""A graph cut into segments: what the backend computes as NumPy does, and what the host must.

A node's stage is even on the backend and odd on the host, and never lower than its
operands'. The nodes of one stage are one segment, so that segments are maximal and
run one after another without cycles. What reads an array whose size the backend finds out is in
a later stage, so that the size is known, and checked, before the segment runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from isthmus.graph.nodes import Graph, Input, Node, Result, Value
from isthmus.graph.passes import Known, copy_node

from .splitting import Longest, pieces

__all__ = ["Segment", "partition"]

BACKEND, HOST = 0, 1


@dataclass(frozen=True)
class Segment:
    """A part of a graph that runs in one place; `reasons` says why the host has it."""

    graph: Graph
    on_host: bool
    reads: tuple[Value, ...]  # values of the whole graph, in the order of the segment's inputs
    writes: tuple[Value, ...]  # and in the order of its outputs
    reasons: tuple[str, ...] = ()


def partition(
    graph: Graph, refuses: Callable[[Node], str | None], longest: Longest | None = None
) -> list[Segment]:
    """The segments in the order they run. `refuses(node)` is None, or why the host takes it.

    longest: the most that the backend takes in one segment; more is several, one after another.
    """
    nodes = graph.nodes()
    reasons = {id(node): refuses(node) for node in nodes}
    stages = _latest(nodes, _earliest(nodes, reasons), reasons)
    by_stage: dict[int, list[Node]] = {}
    for node in nodes:
        by_stage.setdefault(stages[id(node)], []).append(node)
    parts = [
        (part, stage % 2 == HOST)
        for stage, whole in sorted(by_stage.items())
        for part in pieces(whole, None if stage % 2 == HOST else longest)
    ]
    shared = _shared(graph, [part for part, _ in parts])
    names = {id(v): name for v, name in zip(graph.outputs, graph.output_names, strict=True)}
    return [
        _segment(graph, part, shared, names, [reasons[id(n)] for n in part], on_host)
        for part, on_host in parts
    ]


def _shared(graph: Graph, parts: Sequence[Sequence[Node]]) -> set[int]:
    """The ids of values that the caller or a node of another part reads."""
    wanted = {id(value) for value in graph.outputs}
    place = {id(node): position for position, part in enumerate(parts) for node in part}
    for node in (node for part in parts for node in part):
        for value in node.needs:
            if isinstance(value, Result) and place[id(value.node)] != place[id(node)]:
                wanted.add(id(value))
    return wanted


def _earliest(nodes: list[Node], reasons: dict[int, str | None]) -> dict[int, int]:
    stages: dict[int, int] = {}
    for node in nodes:
        side = BACKEND if reasons[id(node)] is None else HOST
        before = [
            stages[id(v.node)] + _waits(v.node, reasons)
            for v in node.needs
            if isinstance(v, Result)
        ]
        lowest = max(before, default=side)
        stages[id(node)] = lowest + (lowest - side) % 2
    return stages


def _waits(node: Node, reasons: dict[int, str | None]) -> int:
    """1 where what reads the node's results must be in a later stage, else 0."""
    return int(node.discovered is not None and reasons[id(node)] is None)


def _latest(
    nodes: list[Node], earliest: dict[int, int], reasons: dict[int, str | None]
) -> dict[int, int]:
    """Each node as late as its users allow, which merges what could wait into later segments."""
    last = max(earliest.values(), default=0)
    limits: dict[int, int] = {}
    stages: dict[int, int] = {}
    for node in reversed(nodes):
        limit = limits.get(id(node), last)
        stages[id(node)] = limit - (limit - earliest[id(node)]) % 2
        for value in node.needs:
            if isinstance(value, Result):
                known = limits.get(id(value.node), last)
                limit = stages[id(node)] - _waits(value.node, reasons)
                limits[id(value.node)] = min(known, limit)
    return stages


def _segment(
    graph: Graph,
    nodes: Sequence[Node],
    shared: set[int],
    names: Mapping[int, str],
    reasons: list[str | None],
    on_host: bool,
) -> Segment:
    known: Known = {}
    reads: list[Value] = []
    for node in nodes:
        for value in node.operands:
            if isinstance(value, Input | Result) and id(value) not in known:
                known[id(value)] = Input(value.type, _name(value, len(reads)))
                reads.append(value)
        known.update(zip(map(id, node.results), copy_node(node, known).results, strict=True))
    writes = [value for node in nodes for value in node.results if id(value) in shared]
    part = Graph(
        tuple(known[id(value)] for value in reads),  # type: ignore[misc]
        tuple(known[id(value)] for value in writes),
        tuple(names.get(id(value), f"result.{i}") for i, value in enumerate(writes)),
        graph.constant_names,
    )
    said = (f"{n.op.name}: {r}" for n, r in zip(nodes, reasons, strict=True) if r)
    return Segment(part, on_host, tuple(reads), tuple(writes), tuple(dict.fromkeys(said)))


def _name(value: Value, position: int) -> str:
    return value.name if isinstance(value, Input) else f"value.{position}"
