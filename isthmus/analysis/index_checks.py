"""Indices outside an array: NumPy raises, runtimes return zeros or garbage. So check at the border.

Where a lookup's indices are an input of the program or provably in range, the runtime
may do it; the inputs are checked at every call. Where they are computed, the host does it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from isthmus.errors import IndexOutside
from isthmus.graph.dims import Dim
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Graph, Input, Node, Value
from isthmus.graph.shapes import evaluate, product

from .intervals import Interval, columns, interval

__all__ = [
    "IndexGuards",
    "UnusualSizes",
    "body_reason",
    "index_reason",
    "is_checked",
    "lookup_requirements",
]

MOST_REMEMBERED = 10_000  # combinations of sizes


def is_checked(node: Node) -> bool:
    """Whether it is a lookup that raises IndexError for an index outside."""
    return node.op.looks_up and node.attributes.get("mode", "raise") == "raise"


def index_reason(node: Node) -> str | None:
    """Why a runtime may not do this lookup: None, or that its indices cannot be checked.

    >>> import isthmus as im
    >>> from isthmus.extend import index_reason
    >>> types = (im.spec("float32", [3]), im.spec("int32", ["n"]))
    >>> (node,) = im.trace(lambda x, i: im.np.take(x, i, axis=0), types).graph.nodes()
    >>> index_reason(node) is None  # an input, which every call checks
    True
    """
    if not node.op.looks_up:
        return None
    indices = node.operands[1]
    if indices is not None and indices.type.dtype.kind not in "i":
        return f"indices of {indices.type.dtype}, which no runtime takes"
    if not is_checked(node):
        return None  # backends bring those outside to the ends, or around
    if isinstance(indices, Input) or all(_in_range(*pair) for pair in _bounds(node)):
        return None
    return (
        "its indices are computed, and a runtime does not check that they are in range; bound "
        "them, as np.clip(indices, 0, n - 1) or np.take(x, indices, axis, mode='clip') does"
    )


def _limits(node: Node) -> tuple[int | Dim, ...]:
    """The size that indices are positions in; of positions along several axes the size of each."""
    if node.op.limits is not None:
        return tuple(node.op.limits(node))
    x, axis = node.operands[0], node.attributes["axis"]
    assert x is not None
    return (product(x.type.shape) if axis is None else x.type.shape[one_axis(axis, x.type.ndim)],)


def _bounds(node: Node) -> list[tuple[Interval | None, int | Dim]]:
    """What is known of the indices, and the size they must be in; for each axis they go along."""
    limits, indices = _limits(node), node.operands[1]
    if node.op.limits is None:
        return [(interval(indices), size) for size in limits]
    return list(zip(columns(indices, len(limits)), limits, strict=True))


def _in_range(known: Interval | None, size: int | Dim) -> bool:
    """Whether indices are in range, at most on a condition that `lookup_requirements` states."""
    if known is None:
        return False
    needed = _needed(known)
    if needed is None:
        return False
    return known.attained if isinstance(size - needed, Dim) else needed <= size


def _needed(known: Interval) -> int | Dim | None:
    """The size an axis must have for indices, of which negative ones count from its end."""
    if isinstance(known.lowest, Dim):
        return None
    if known.lowest >= 0:
        return known.highest + 1
    return None if isinstance(known.highest, Dim) else max(known.highest + 1, -known.lowest)


def lookup_requirements(node: Node) -> Iterator[int | Dim]:
    """Sizes that must not be negative for a lookup's indices, known by name, to be in range."""
    for known, size in _bounds(node) if is_checked(node) else ():
        needed = _needed(known) if known is not None and known.attained else None
        if needed is not None:
            yield size - needed


def body_reason(node: Node, refuses: Callable[[Node], str | None]) -> str | None:
    """Why a runtime may not run the bodies of a loop or branch: None, or what is in one of them.

    >>> import isthmus as im
    >>> from isthmus.extend import body_reason
    >>> (node,) = im.trace(im.np.tanh, im.spec("float32", ["n"])).graph.nodes()
    >>> body_reason(node, lambda inner: "no") is None  # it has none
    True
    """
    sliced = _sliced_inputs(node, {id(v) for v in node.operands if isinstance(v, Input)})
    for inner in (inner for body in node.bodies for inner in body.nodes()):
        reason = refuses(inner)
        if reason is None and inner.discovered is not None:
            reason = "how often it runs is found at every step anew"
        if reason is not None:
            return f"{inner.op.name} in it: {reason}"
    for inner in (inner for body in node.bodies for inner in body.all_nodes()):
        indices = inner.operands[1] if is_checked(inner) else None
        if isinstance(indices, Input) and id(indices) not in sliced:
            return f"{inner.op.name} in it: the indices of a step are not checked by a runtime"
    return None


def _sliced_inputs(node: Node, known: Collection[int]) -> dict[int, Value]:
    """The inputs of a scan's body that are slices of known values, by their ids."""
    if node.op.slices is None:
        return {}
    (body,), count = node.bodies, node.attributes[node.op.slices]
    pairs = zip(body.inputs[:count], node.operands, strict=False)
    return {id(slice_): v for slice_, v in pairs if v is not None and id(v) in known}


def _lookups(graph: Graph) -> Iterator[tuple[Value, Node]]:
    """Each lookup with the input of the graph that has its indices, or slices of which have."""
    inputs = {id(value): value for value in graph.inputs}
    for node in graph.nodes():
        if is_checked(node) and id(node.operands[1]) in inputs:
            yield inputs[id(node.operands[1])], node
        sliced = _sliced_inputs(node, inputs)
        for inner in (inner for body in node.bodies for inner in body.nodes() if sliced):
            if is_checked(inner) and id(inner.operands[1]) in sliced:
                yield sliced[id(inner.operands[1])], inner


class IndexGuards:
    """The checks of a graph's inputs that are used as indices."""

    def __init__(self, graph: Graph) -> None:
        position = {id(value): i for i, value in enumerate(graph.inputs)}
        self.checks = [
            (position[id(value)], _limits(node), node) for value, node in _lookups(graph)
        ]
        self.names = [value.name for value in graph.inputs]

    def __call__(self, arrays: Sequence[Any], sizes: Mapping[str, int]) -> None:
        """IndexError for the first index outside, as NumPy raises it."""
        for position, limits, node in self.checks:
            array, name = arrays[position], self.names[position]
            for axis, size in enumerate(limits):
                line = array if node.op.limits is None else array[..., axis]
                _check(line, evaluate(size, sizes), name, node)


def _check(indices: Any, limit: int, name: str, node: Node) -> None:
    if indices.size and not -limit <= int(indices.min()) <= int(indices.max()) < limit:
        outside = indices[(indices < -limit) | (indices >= limit)]
        raise IndexOutside(
            f"{name}: index {outside.flat[0]} is out of bounds for size "
            f"{limit} ({node}{node.at}); {_valid(limit)}"
        )


class UnusualSizes:
    """Whether a call has an empty array, or an axis above `longest`: NumPy then computes it.

    Runtimes make other things than NumPy of empty arrays, and some raise.
    """

    def __init__(self, graph: Graph, longest: int | None = None) -> None:
        nodes = list(graph.all_nodes())
        values = [*graph.inputs, *(result for node in nodes for result in node.results)]
        named = {str(size): size for value in values for size in value.type.shape}
        discovered = (node.discovered for node in nodes)
        found = {name for size in discovered if size is not None for name in size.names()}
        self.sizes = [
            size
            for size in named.values()
            if isinstance(size, Dim) and found.isdisjoint(size.names())
        ]
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


def _valid(limit: int) -> str:
    """The next step of an index that is none."""
    return f"give indices in {-limit}..{limit - 1}" if limit else "it is empty, and no index fits"
