"""What a program computes: operations, bytes moved and parameters, by operator.

One multiplication or addition is one operation, so that a multiply-add is two.
Bytes count every operand and result once; a runtime that fuses operators moves fewer.
Of a branch the dearer body counts, of `foreach` a step for each slice. A `while_loop` counts as
the steps that are given for the size of its outputs, or as one step where it has none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from isthmus.errors import UsageError
from isthmus.graph.nodes import Constant, Graph, Node, Type
from isthmus.graph.passes import expand
from isthmus.graph.shapes import evaluate, product

__all__ = ["Cost", "OperatorCost", "cost_of", "operations"]

Use = tuple[Node, int]  # a node, and how often it runs


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
    least_bytes: int = 0  # inputs, outputs and constants once; of a table what is looked up in it

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
    expanded = expand(graph, keep=lambda node: False)
    discovered = (node.discovered for node in expanded.all_nodes())
    found = (sorted(size.names()) for size in discovered if size is not None)
    names = list(dict.fromkeys([*graph.dimension_names(), *itertools.chain(*found)]))
    missing = [name for name in names if name not in sizes]
    if missing:
        raise UsageError(f"cost needs a number for {', '.join(missing)}: cost({missing[0]}=1, ...)")
    uses: dict[str, list[Use]] = {}
    for node, times in _uses(expanded, sizes):
        uses.setdefault(node.op.name, []).append((node, times))
    rows = [_sum(name, group, sizes) for name, group in uses.items()]
    constants = [c.array for c in graph.constants() if id(c.array) in graph.constant_names]
    return Cost(
        tuple(sorted(rows, key=lambda row: -row.operations)),
        dict(sizes),
        sum(array.size for array in constants),
        sum(array.nbytes for array in constants),
        _least_bytes(expanded, uses, sizes),
    )


def _least_bytes(graph: Graph, uses: Mapping[str, list[Use]], sizes: Mapping[str, int]) -> int:
    """What has to be moved however operators are fused: what a call is given, gives and knows."""
    ends = sum(_type_bytes(value.type, sizes) for value in (*graph.inputs, *graph.outputs))
    read: dict[int, int] = {}
    for node, _ in itertools.chain(*uses.values()):
        for position, value in enumerate(node.operands):
            if isinstance(value, Constant):
                is_table = node.op.looks_up and position == 0
                taken = _type_bytes(node.results[0].type, sizes) if is_table else math.inf
                known = read.get(id(value.array), 0)
                read[id(value.array)] = min(value.array.nbytes, int(min(taken + known, 2**62)))
    return ends + sum(read.values())


def _uses(graph: Graph, sizes: Mapping[str, int]) -> Iterator[Use]:
    """The nodes that compute, those of bodies included."""
    for node in graph.nodes():
        if not node.bodies:
            yield node, 1
            continue
        times = _steps(node, sizes)
        for inner, more in _body_uses(node, sizes):
            yield inner, times * more


def _body_uses(node: Node, sizes: Mapping[str, int]) -> list[Use]:
    """The uses in one run of the bodies: in all of a loop's, in the dearer branch."""
    found = [list(_uses(body, sizes)) for body in node.bodies]
    if node.op.chooses:
        return max(found, key=lambda uses: sum(n * operations(u, sizes) for u, n in uses))
    return [use for uses in found for use in uses]


def _steps(node: Node, sizes: Mapping[str, int]) -> int:
    if node.op.slices is not None:
        (data, *_) = node.operands
        assert data is not None
        return evaluate(data.type.shape[0], sizes)
    if node.op.chooses:
        return 1
    return 1 if node.discovered is None else evaluate(node.discovered, sizes)


def _sum(name: str, uses: list[Use], sizes: Mapping[str, int]) -> OperatorCost:
    constants = {
        id(v.array): v.array.size for n, _ in uses for v in n.operands if isinstance(v, Constant)
    }
    return OperatorCost(
        name,
        sum(times for _, times in uses),
        sum(times * operations(node, sizes) for node, times in uses),
        sum(times * _bytes(node, sizes) for node, times in uses),
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
    return sum(_type_bytes(t, sizes) for t in types)


def _type_bytes(t: Type, sizes: Mapping[str, int]) -> int:
    return evaluate(product(t.shape), sizes) * t.dtype.itemsize
