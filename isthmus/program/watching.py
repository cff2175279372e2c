"""Lookups at computed positions that the runtime does and reports on.

A runtime makes something of a position outside where NumPy raises, so the host would have the
lookup, which cuts the program. Instead the positions are brought inside, and whether any was not
is one more result of the segment. Where it says so NumPy runs the call anew, and raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from isthmus.analysis.index_checks import index_reason, is_checked
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
    lookups = [node for node in graph.nodes() if _is_watchable(node, refuses)]
    made = [made for node in lookups if (made := _watched(node, refuses)) is not None]
    if not made:
        return graph, ()
    flags = tuple(flag for _, _, flag in made)
    names = _unused(len(flags), graph.output_names)
    whole = replace(
        graph, outputs=(*flags, *graph.outputs), output_names=(*names, *graph.output_names)
    )
    found = with_replaced(whole, {id(node): y for node, y, _ in made}, lambda body: body)
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
    """Whether a lookup along one axis is the host's because its positions are computed."""
    if not is_checked(node) or node.op.limits is not None or len(node.operands) != 2:
        return False
    return refuses(node) is not None and index_reason(node) is not None


def _watched(node: Node, refuses: Refuses) -> tuple[Node, Value, Value] | None:
    """The lookup, the same of positions that are inside, and whether one was not; None where the
    backend refuses one of them."""
    x, positions = node.operands
    assert x is not None and positions is not None
    if isinstance(positions, Input) or positions.type.dtype.kind != "i":
        return None
    axis, shape = node.attributes["axis"], x.type.shape
    size = product(shape) if axis is None else shape[one_axis(axis, len(shape))]
    flag = _made(node, any_outside, (positions,), size)
    within = _made(node, inside, (positions, flag.results[0]), size)
    lookup = replace(node, operands=(x, within.results[0]))
    lookup.results = tuple(Result(r.type, lookup, r.index) for r in node.results)
    if any(refuses(new) is not None for new in (within, flag, lookup)):
        return None
    return node, lookup.results[0], flag.results[0]


def _made(lookup: Node, op: Operator, operands: tuple[Value, ...], size: int | Dim) -> Node:
    """A node beside a lookup, after the array whose axis has a size that may be found late."""
    shown = tuple(v for v in lookup.operands[:1] if v is not None and isinstance(size, Dim))
    made = Node(op, operands, {"size": size}, lookup.location, shown=shown, block=lookup.block)
    made.results = tuple(Result(t, made, i) for i, t in enumerate(made.inferred()))
    return made
