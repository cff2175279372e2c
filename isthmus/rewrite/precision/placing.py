"""The nodes that run in half precision, chosen one after another, operands first.

A node that runs low has its operands and results rounded to the format: `Node.precision` says so,
and types stay float32. So borders between what runs low and what does not lie where a node reads a
value of the other kind, and inputs and outputs of the program and of loops keep their types.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from dataclasses import replace

from isthmus import np
from isthmus.graph.half import holds
from isthmus.graph.nodes import Constant, Graph, Node, Result, Value, topological
from isthmus.graph.operator import FOLLOWS, FULL, LOW, Operator
from isthmus.graph.passes import Known, copy_node, with_bodies

from .overrides import LOWERED, Overrides

__all__ = ["in_half"]

Keeps = Callable[[Node], bool]
ROUNDING: Operator = np.positive  # the node that does nothing but round


def in_half(graph: Graph, precision: str, overrides: Overrides, keeps: Keeps) -> Graph:
    """The graph with the nodes that run in "bf16" or "f16".

    Matrix products and convolutions do, what sums or could overflow does not, and the rest where
    all its float operands come from nodes that do (`Operator.precision`). keeps: which composites
    run whole; of the others each part decides, except that one which follows or stays does so as a
    whole: its parts compute in float32 and its results are rounded. What holds a constant that the
    format does not, such as an epsilon or a mask, stays in float32.

    >>> import isthmus as im
    >>> from isthmus import npx
    >>> from isthmus.rewrite.precision import Overrides, in_half
    >>> x, w = im.spec("float32", [8, 4]), im.spec("float32", [4, 2])
    >>> graph = im.trace(lambda x, w: npx.softmax(npx.relu(x @ w)), (x, w)).graph
    >>> found = in_half(graph, "bf16", Overrides({}), lambda node: True)
    >>> [(node.op, node.precision) for node in found.nodes()]
    [(np.matmul, 'bf16'), (npx.relu, 'bf16'), (npx.softmax, '')]
    """
    placing = _Placing(precision, overrides, keeps)
    placing.place(graph.outputs)
    outputs = tuple(placing.known.get(id(v), v) for v in graph.outputs)
    return replace(graph, outputs=outputs)


class _Placing:
    """New nodes for those of a graph, and which of their values are rounded already."""

    def __init__(self, precision: str, overrides: Overrides, keeps: Keeps) -> None:
        self.precision = precision
        self.overrides = overrides
        self.keeps = keeps
        self.known: Known = {}
        self.low: set[int] = set()  # ids of new values
        self.done: set[int] = set()

    def place(self, outputs: Sequence[Value]) -> None:
        """Make the nodes that the outputs need."""
        for node in topological(outputs, self.done):
            self.done.add(id(node))
            made = self._made(node)
            self.known.update(zip(map(id, node.results), made, strict=True))

    def _made(self, node: Node) -> Sequence[Value]:
        decision = self.overrides.decision(node)
        if not node.expansion or self.keeps(node):
            return self._whole(node, decision)
        if decision in (FULL, FOLLOWS, LOWERED):
            return self._as_a_unit(node, decision)
        self.place(node.expansion)
        return [self.known.get(id(value), value) for value in node.expansion]

    def _whole(self, node: Node, decision: str) -> Sequence[Value]:
        copy = copy_node(node, self.known)
        if node.bodies:
            copy.attributes = with_bodies(node, self._body)
        elif self._is_low(node, copy.operands, decision):
            copy.precision = self.precision
            self.low.update(map(id, copy.results))
        return copy.results

    def _body(self, body: Graph) -> Graph:
        return in_half(body, self.precision, self.overrides, self.keeps)

    def _as_a_unit(self, node: Node, decision: str) -> Sequence[Value]:
        """A composite that is taken apart later: operands rounded, computed in float32, rounded."""
        operands = [None if v is None else self.known.get(id(v), v) for v in node.operands]
        if not self._is_low(node, operands, decision):
            return copy_node(node, self.known).results
        rounded = {
            id(old): new if isinstance(new, Constant) or id(new) in self.low else self._rounded(new)
            for old, new in zip(node.operands, operands, strict=True)
            if new is not None and _is_float(new)
        }
        copy = copy_node(node, ChainMap(rounded, self.known))
        return [self._rounded(result) if _is_float(result) else result for result in copy.results]

    def _rounded(self, value: Value) -> Result:
        node = Node(ROUNDING, (value,), {}, precision=self.precision)
        result = Result(value.type, node, 0)
        node.results = (result,)
        self.low.add(id(result))
        return result

    def _is_low(self, node: Node, operands: Sequence[Value | None], decision: str) -> bool:
        """Whether a node runs low, for the new values of its operands."""
        if decision not in (LOW, FOLLOWS, LOWERED) or not _is_of_float32(node):
            return False
        floats = [value for value in operands if value is not None and _is_float(value)]
        constants = [value.array for value in floats if isinstance(value, Constant)]
        if not all(holds(array, self.precision) for array in constants):
            return False
        computed = [value for value in floats if not isinstance(value, Constant)]
        if decision == FOLLOWS:
            return bool(computed) and all(id(value) in self.low for value in computed)
        return True


def _is_float(value: Value) -> bool:
    return value.type.dtype.name == "float32"


def _is_of_float32(node: Node) -> bool:
    """Whether all it computes with is float32, beside integers and truth values."""
    values = [value for value in (*node.operands, *node.results) if value is not None]
    others = any(v.type.dtype.kind in "fc" and not _is_float(v) for v in values)
    return not others and any(map(_is_float, node.results))
