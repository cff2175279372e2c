"""Lookups and updates at computed positions that the runtime does and reports on.

A runtime makes something of a position outside where NumPy raises, so the host would have the
lookup, which cuts the program. Instead the positions are brought inside, and whether any was not
is one more result of the segment. Where it says so NumPy runs the call anew, and raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from isthmus.analysis.index_checks import index_reason, is_checked
from isthmus.analysis.intervals import moved
from isthmus.graph.dims import Dim
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Graph, Input, Node, Result, Value
from isthmus.graph.operator import Operator
from isthmus.graph.passes import with_replaced
from isthmus.graph.shapes import product
from isthmus.np.watched import any_outside, inside

from .partition import partition
from .splitting import Longest

__all__ = ["watched"]

Refuses = Callable[[Node], str | None]


def watched(
    graph: Graph, refuses: Refuses, longest: Longest | None = None
) -> tuple[Graph, tuple[Value, ...]]:
    """The graph with its lookups watched where that cuts it less, and what says that one was
    outside: its first outputs. Else the graph itself, and nothing."""
    watch = Watch(refuses)
    lookups = [node for node in graph.nodes() if _is_watchable(node, refuses)]
    instead = {id(node): y for node in lookups if (y := watch.lookup(node)) is not None}
    if not instead:
        return graph, ()
    flags = tuple(watch.flags.values())
    names = _unused(len(flags), graph.output_names)
    whole = replace(
        graph, outputs=(*flags, *graph.outputs), output_names=(*names, *graph.output_names)
    )
    found = with_replaced(whole, instead, lambda body: body)
    if len(partition(found, refuses, longest)) >= len(partition(graph, refuses, longest)):
        return graph, ()
    return found, found.outputs[: len(flags)]


def _unused(count: int, names: Sequence[str]) -> tuple[str, ...]:
    """Names of results that there are not."""
    word = "outside"
    while any(name.startswith(word) for name in names):
        word += "_"
    return tuple(f"{word}.{i}" for i in range(count))


def _is_watchable(node: Node, refuses: Refuses) -> bool:
    """Whether a lookup or an update along one axis is the host's because its positions are
    computed."""
    if not is_checked(node) or (node.op.limits is not None and len(node.op.limits(node)) != 1):
        return False
    return refuses(node) is not None and index_reason(node) is not None


class Watch:
    """What is watched of a graph. Positions that several lookups read are watched once, and before
    they are broadcast, where there are fewest of them."""

    def __init__(self, refuses: Refuses) -> None:
        self.refuses = refuses
        self.flags: dict[tuple[int, str], Value] = {}  # by id of the positions, and size
        self.within: dict[tuple[int, str], Value | None] = {}

    def lookup(self, node: Node) -> Value | None:
        """The same of positions that are inside; None where the backend refuses one of them."""
        x, positions = node.operands[:2]
        assert x is not None and positions is not None
        if isinstance(positions, Input) or positions.type.dtype.kind != "i":
            return None
        within = self._inside(node, positions, _size(node, x))
        if within is None:
            return None
        lookup = _with_operands(node, (x, within, *node.operands[2:]))
        return lookup.results[0] if self.refuses(lookup) is None else None

    def _inside(self, lookup: Node, positions: Value, size: int | Dim) -> Value | None:
        key = id(positions), str(size)
        if key not in self.within:
            self.within[key] = self._made(lookup, positions, size)
        return self.within[key]

    def _made(self, lookup: Node, positions: Value, size: int | Dim) -> Value | None:
        """Positions brought inside: those that others are moved from before they are moved."""
        mover = positions.node if isinstance(positions, Result) else None
        if mover is not None and mover.op.interval is moved and self.refuses(mover) is None:
            source = mover.operands[0]
            assert source is not None
            within = self._inside(lookup, source, size)
            if within is None:
                return None
            return _with_operands(mover, (within, *mover.operands[1:])).results[0]
        flag = _made(lookup, any_outside, (positions,), size)
        within_node = _made(lookup, inside, (positions, flag.results[0]), size)
        if any(self.refuses(new) is not None for new in (flag, within_node)):
            return None
        self.flags[id(positions), str(size)] = flag.results[0]
        return within_node.results[0]


def _size(lookup: Node, x: Value) -> int | Dim:
    """Of the axis that positions are along."""
    if lookup.op.limits is not None:
        (size,) = lookup.op.limits(lookup)
        return size
    axis, shape = lookup.attributes["axis"], x.type.shape
    return product(shape) if axis is None else shape[one_axis(axis, len(shape))]


def _with_operands(node: Node, operands: tuple[Value | None, ...]) -> Node:
    made = replace(node, operands=operands)
    made.results = tuple(Result(r.type, made, r.index) for r in node.results)
    return made


def _made(lookup: Node, op: Operator, operands: tuple[Value, ...], size: int | Dim) -> Node:
    """A node beside a lookup, after the array whose axis has a size that may be found late."""
    shown = tuple(v for v in lookup.operands[:1] if v is not None and isinstance(size, Dim))
    made = Node(op, operands, {"size": size}, lookup.location, shown=shown, block=lookup.block)
    made.results = tuple(Result(t, made, i) for i, t in enumerate(made.inferred()))
    return made
