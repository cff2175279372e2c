"""A long segment in pieces, for runtimes whose time to compile grows faster than the length.

A piece is a run of consecutive nodes, cut where the fewest values are handed from one to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from isthmus.graph.infer import Elementwise, cast, selection
from isthmus.graph.nodes import Constant, Node, Result, Value, topological

__all__ = ["Kernel", "Kernels", "Longest", "is_elementwise", "pieces"]


@dataclass(frozen=True)
class Longest:
    """The most nodes of a piece, and the most elementwise ones in it that become one kernel.

    arrays: the most that such a kernel reads and writes; single numbers do not count.

    >>> from isthmus.extend import Longest
    >>> Longest(nodes=2000, elementwise=256, arrays=11).nodes
    2000
    """

    nodes: int
    elementwise: int
    arrays: int


def pieces(nodes: Sequence[Node], longest: Longest | None) -> list[Sequence[Node]]:
    """The nodes, operands first, in consecutive pieces; each node is looked at twice at most."""
    if longest is None or len(nodes) <= min(longest.nodes, longest.elementwise):
        return [nodes]
    light = [is_elementwise(node) for node in nodes]
    handed_on, written = _handed_on(nodes), _written(nodes, light)
    start, found = 0, []
    while (end := _end(nodes, light, start, longest, written)) < len(nodes):
        half = start + (end - start + 1) // 2
        end = min(range(end, half - 1, -1), key=lambda position: handed_on[position])
        found.append(nodes[start:end])
        start = end
    return [*found, nodes[start:]]


def _end(
    nodes: Sequence[Node],
    light: Sequence[bool],
    start: int,
    longest: Longest,
    written: Collection[int],
) -> int:
    """Where a piece from `start` must end at the latest. light: which nodes are elementwise."""
    kernels = Kernels(longest.arrays, written)
    end = min(start + longest.nodes, len(nodes))
    for position in range(start, end):
        if light[position] and kernels.add(nodes[position]) > longest.elementwise:
            return position
    return end


def _handed_on(nodes: Sequence[Node]) -> list[int]:
    """How many results of the nodes before each position are read from there on."""
    last: dict[int, int] = {}
    for position, node in enumerate(nodes):
        last.update((id(value), position) for value in node.needs if isinstance(value, Result))
    changes = [0] * (len(nodes) + 1)
    for position, node in enumerate(nodes):
        for value in node.results:
            if id(value) in last:
                changes[position + 1] += 1
                changes[last[id(value)] + 1] -= 1
    counts, count = [], 0
    for change in changes:
        count += change
        counts.append(count)
    return counts


def _written(nodes: Sequence[Node], light: Sequence[bool]) -> set[int]:
    """The ids of results that others than elementwise nodes read."""
    inside: set[int] = set()
    others: set[int] = set()
    for node, is_light in zip(nodes, light, strict=True):
        (inside if is_light else others).update(map(id, node.operands))
    results = (id(value) for node in nodes for value in node.results)
    return {result for result in results if result in others or result not in inside}


@dataclass(eq=False, slots=True)
class Kernel:
    """Elementwise nodes, and the ids of the arrays that they read and write together."""

    size: int = 0
    arrays: set[int] = field(default_factory=set)
    joined: Kernel | None = None  # to which it belongs by now


class Kernels:
    """What a runtime makes of elementwise nodes: each joins its operands', if the arrays allow."""

    def __init__(self, arrays: int, written: Collection[int]) -> None:
        self.arrays = arrays
        self.written = written
        self.of: dict[int, Kernel] = {}  # id of a node -> its kernel

    def add(self, node: Node) -> int:
        """How many nodes the kernel has that the node is now in."""
        values = [value for value in node.operands if value is not None and not _is_number(value)]
        makers = {id(v): self.of.get(id(v.node)) for v in values if isinstance(v, Result)}
        joined = {id(k): k for k in map(_whole, makers.values()) if k is not None}
        arrays = {id(value) for value in values if makers.get(id(value)) is None}
        written = {id(result) for result in node.results if id(result) in self.written}
        together = arrays.union(written, *(kernel.arrays for kernel in joined.values()))
        if len(together) > self.arrays:
            joined, together = {}, {*map(id, values), *written}
        own = Kernel(1 + sum(kernel.size for kernel in joined.values()), together)
        for kernel in joined.values():
            kernel.joined = own
        self.of[id(node)] = own
        return own.size


def _whole(kernel: Kernel | None) -> Kernel | None:
    """The kernel it belongs to by now; the way there is halved for the next time."""
    while kernel is not None and kernel.joined is not None:
        kernel.joined = kernel.joined.joined or kernel.joined
        kernel = kernel.joined
    return kernel


def _is_number(value: Value) -> bool:
    return isinstance(value, Constant) and value.array.size == 1


def is_elementwise(node: Node) -> bool:
    """Whether each element of the results depends on one of each operand, broadcast."""
    if node.expansion:
        outside = {id(value.node) for value in node.operands if isinstance(value, Result)}
        return all(map(is_elementwise, topological(node.expansion, outside)))
    return isinstance(node.op.infer, Elementwise) or node.op.infer in (selection, cast)
