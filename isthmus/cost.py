"""What a program computes: operations, bytes moved and parameters, by operator.

One multiplication or addition is one operation, so that a multiply-add is two.
Bytes count every operand and result once; a runtime that fuses operators moves fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from isthmus.dims import evaluate, product
from isthmus.errors import UsageError
from isthmus.graph import Constant, Graph, Node
from isthmus.passes import expand


@dataclass(frozen=True)
class OperatorCost:
    """The sum over all uses of one operator."""

    operator: str
    uses: int
    operations: int
    bytes_moved: int
    parameters: int


@dataclass(frozen=True)
class Cost:
    """What one call computes, at the given sizes of the named dimensions."""

    operators: tuple[OperatorCost, ...]  # most operations first
    sizes: Mapping[str, int]
    parameters: int
    parameter_bytes: int

    @property
    def operations(self) -> int:
        return sum(row.operations for row in self.operators)

    @property
    def bytes_moved(self) -> int:
        return sum(row.bytes_moved for row in self.operators)

    def __str__(self) -> str:
        head = f"{'operator':24}{'uses':>6}{'MFLOP':>12}{'MB moved':>12}{'parameters':>14}"
        whole = OperatorCost(
            "total",
            sum(row.uses for row in self.operators),
            self.operations,
            self.bytes_moved,
            self.parameters,
        )
        rows = [
            f"{row.operator:24}{row.uses:>6}{row.operations / 1e6:>12.2f}"
            f"{row.bytes_moved / 1e6:>12.2f}{row.parameters:>14,}"
            for row in (*self.operators, whole)
        ]
        return "\n".join([head, *rows])


def cost_of(graph: Graph, sizes: Mapping[str, int]) -> Cost:
    """The cost of a graph for given sizes; UsageError names the sizes that are missing."""
    discovered = (n.attributes["size"].names() for n in graph.nodes() if n.op.discovers)
    names = [*graph.dimension_names(), *(name for found in discovered for name in found)]
    missing = [name for name in names if name not in sizes]
    if missing:
        raise UsageError(f"cost needs a number for {', '.join(missing)}: cost({missing[0]}=1, ...)")
    nodes = expand(graph, keep=lambda node: False).nodes()
    uses: dict[str, list[Node]] = {}
    for node in nodes:
        uses.setdefault(node.op.name, []).append(node)
    rows = [_sum(name, group, sizes) for name, group in uses.items()]
    constants = [c.array for c in graph.constants() if id(c.array) in graph.constant_names]
    return Cost(
        tuple(sorted(rows, key=lambda row: -row.operations)),
        dict(sizes),
        sum(array.size for array in constants),
        sum(array.nbytes for array in constants),
    )


def _sum(name: str, nodes: list[Node], sizes: Mapping[str, int]) -> OperatorCost:
    constants = {
        id(v.array): v.array.size for n in nodes for v in n.operands if isinstance(v, Constant)
    }
    return OperatorCost(
        name,
        len(nodes),
        sum(operations(node, sizes) for node in nodes),
        sum(_bytes(node, sizes) for node in nodes),
        sum(constants.values()),
    )


def operations(node: Node, sizes: Mapping[str, int]) -> int:
    """The operations of one node: what its operator states, else one an element.

    Elementwise operators and reductions count the elements of their largest array.
    """
    types = [value.type for value in node.operands if value is not None]
    results = [result.type for result in node.results]
    if node.op.operations is not None:
        return evaluate(node.op.operations(types, results, node.attributes), sizes)
    return max(evaluate(product(t.shape), sizes) for t in (*types, *results))


def _bytes(node: Node, sizes: Mapping[str, int]) -> int:
    types = [v.type for v in (*node.operands, *node.results) if v is not None]
    return sum(evaluate(product(t.shape), sizes) * t.dtype.itemsize for t in types)
