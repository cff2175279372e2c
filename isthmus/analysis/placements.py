"""Updates of an array at positions: whether two go to one place, where a runtime needs NumPy's
order, and of which numbers a runtime makes what NumPy makes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy

from isthmus.graph.dims import Dim, same
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Constant, Node
from isthmus.graph.shapes import product

from .index_checks import index_reason

__all__ = ["placement_reason"]

REDUCED = {"add", "mul", "none"}  # of float32; maximum and minimum lose NaN in runtimes


def placement_reason(
    node: Node, repeated: Collection[str] = (), *, checks: bool = False
) -> str | None:
    """Why a runtime may not do this update: None, or what it may make otherwise than NumPy.

    repeated: the reductions of which it makes what NumPy makes where a place comes twice. checks:
    whether a position outside is an error there, as it is in NumPy.

    >>> import isthmus as im
    >>> from isthmus.analysis.placements import placement_reason
    >>> types = im.spec("float32", [3]), im.spec("int64", [1, 1]), im.spec("float32", [1])
    >>> (node,) = im.trace(im.npx.scatter_nd, types).graph.nodes()
    >>> placement_reason(node) is None  # one place, and an input, which every call checks
    True
    """
    x, reduction = node.operands[0], node.attributes["reduction"]
    assert x is not None
    if reduction not in (REDUCED.union(repeated) if x.type.dtype.name == "float32" else {"none"}):
        return f"a runtime has another {reduction!r} of {x.type.dtype} than NumPy"
    outside = None if checks else index_reason(node)
    if outside is not None or reduction in repeated or _are_apart(node):
        return outside
    return "two updates may go to one place, and the runtime makes them in any order"


def _are_apart(node: Node) -> bool:
    """Whether all updates go to different places: there is one, or their places are known."""
    x, indices = node.operands[:2]
    assert x is not None and indices is not None
    shape, sizes = indices.type.shape, x.type.shape
    if node.op.limits is not None:
        return same(product(shape[:-1]), 1) or _differ(indices, _lines(indices), sizes)
    along = one_axis(node.attributes["axis"], len(sizes))
    if same(shape[along], 1):
        return True
    lines = numpy.moveaxis(indices.array, along, 0) if isinstance(indices, Constant) else None
    return lines is not None and all(
        _differ(indices, line[:, None], sizes[along : along + 1])
        for line in lines.reshape(len(lines), -1).T
    )


def _lines(indices: Any) -> Any:
    return (
        indices.array.reshape(-1, indices.array.shape[-1])
        if isinstance(indices, Constant)
        else None
    )


def _differ(indices: Any, lines: Any, sizes: tuple[int | Dim, ...]) -> bool:
    """Whether known positions are different ones, negative ones as those that they stand for."""
    if lines is None:
        return False
    columns = []
    for column, size in zip(lines.T, sizes, strict=False):
        if not isinstance(size, Dim):
            column = numpy.where(column < 0, column + size, column)
        elif (column < 0).any():
            return False
        columns.append(column)
    whole = numpy.stack(columns, axis=1)
    return len(numpy.unique(whole, axis=0)) == len(whole)
