"""Indices outside an array: NumPy raises, runtimes return zeros or garbage. So check at the border.

Where a lookup's indices are an input of the program or provably in range, the runtime
may do it; the inputs are checked at every call. Where they are computed, the host does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.dims import Dim, evaluate
from isthmus.errors import IndexOutside
from isthmus.graph import Constant, Graph, Input, Node, Result, Value
from isthmus.infer import one_axis

MOST_REMEMBERED = 10_000  # combinations of sizes
Interval = tuple["int | Dim", "int | Dim"]  # lowest and highest value


def index_reason(node: Node) -> str | None:
    """Why a runtime may not do this lookup: None, or that its indices cannot be checked."""
    if node.op.name != "np.take" or isinstance(node.operands[1], Input):
        return None
    if _in_range(node.operands[1], _looked_up_size(node)):
        return None
    return "its indices are computed, and a runtime does not check that they are in range"


def _looked_up_size(node: Node) -> int | Dim:
    x = node.operands[0]
    assert x is not None
    return x.type.shape[one_axis(node.attributes["axis"] or 0, x.type.ndim)]


def _in_range(value: Value | None, size: int | Dim) -> bool:
    """Whether indices are in range, at most on a condition that `lookup_requirement` states."""
    known = interval(value)
    if known is None:
        return False
    lowest, highest = known
    if not isinstance(lowest, int) or lowest < (-size if isinstance(size, int) else 0):
        return False
    return isinstance(size - highest, Dim) or highest < size


def lookup_requirement(node: Node) -> int | Dim:
    """A size that must not be negative for a lookup's indices, known by name, to be in range."""
    known = interval(node.operands[1])
    return 0 if known is None else _looked_up_size(node) - 1 - known[1]


def interval(value: Value | None) -> Interval | None:
    """The lowest and highest element, where the graph tells."""
    if isinstance(value, Constant) and value.array.size:
        return int(value.array.min()), int(value.array.max())
    if not isinstance(value, Result):
        return None
    node = value.node
    if node.op.name == "np.arange":
        return node.attributes["start"], node.attributes["stop"] - 1
    if node.op.name == "np.full":
        return node.attributes["fill_value"], node.attributes["fill_value"]
    if node.op.name in ("np.astype", "np.reshape", "np.expand_dims", "np.broadcast_to"):
        return interval(node.operands[0])
    if node.op.name in ("np.minimum", "np.maximum"):
        return _bounded(node)
    return None


def _bounded(node: Node) -> Interval | None:
    """minimum(maximum(x, low), high) with constant bounds."""
    bound = interval(node.operands[1])
    inner = node.operands[0]
    if node.op.name == "np.maximum" or bound is None or not isinstance(inner, Result):
        return None
    if inner.node.op.name != "np.maximum":
        return None
    low = interval(inner.node.operands[1])
    return None if low is None else (low[0], bound[1])


class IndexGuards:
    """The checks of a graph's inputs that are used as indices."""

    def __init__(self, graph: Graph) -> None:
        position = {id(value): i for i, value in enumerate(graph.inputs)}
        self.checks = [
            (position[id(node.operands[1])], _looked_up_size(node), node)
            for node in graph.nodes()
            if node.op.name == "np.take" and id(node.operands[1]) in position
        ]
        self.names = [value.name for value in graph.inputs]

    def __call__(self, arrays: Sequence[Any], sizes: Mapping[str, int]) -> None:
        """IndexError for the first index outside, as NumPy raises it."""
        for position, size, node in self.checks:
            limit, array = evaluate(size, sizes), arrays[position]
            if array.size and not -limit <= int(array.min()) <= int(array.max()) < limit:
                outside = array[(array < -limit) | (array >= limit)]
                raise IndexOutside(
                    f"{self.names[position]}: index {outside.flat[0]} is out of bounds for size "
                    f"{limit} ({node} at {node.location}); give indices in {-limit}..{limit - 1}"
                )


class UnusualSizes:
    """Whether a call has an empty array, or an axis above `longest`: NumPy then computes it.

    Runtimes make other things than NumPy of empty arrays, and some raise.
    """

    def __init__(self, graph: Graph, longest: int | None = None) -> None:
        values = [*graph.inputs, *(result for node in graph.nodes() for result in node.results)]
        named = {str(size): size for value in values for size in value.type.shape}
        self.sizes = [size for size in named.values() if isinstance(size, Dim)]
        self.names = sorted({name for size in self.sizes for name in size.names()})
        self.longest = longest
        self.known: dict[tuple[int, ...], bool] = {}

    def __call__(self, sizes: Mapping[str, int]) -> bool:
        if not self.sizes:
            return False
        key = tuple(sizes[name] for name in self.names)
        if key not in self.known:
            if len(self.known) > MOST_REMEMBERED:
                self.known.clear()
            self.known[key] = any(self._unusual(size.evaluate(sizes)) for size in self.sizes)
        return self.known[key]

    def _unusual(self, number: int) -> bool:
        return number == 0 or (self.longest is not None and number > self.longest)
