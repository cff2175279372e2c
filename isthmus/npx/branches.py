"""Branches whose results have other sizes: what runs on the host, since the condition decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.bodies import enclosed
from isthmus.graph.dims import same
from isthmus.graph.shapes import product
from isthmus.trace.array import Array
from isthmus.trace.recording import as_value
from isthmus.trace.scope import entered

from .control_operators import conditional, sized_conditional
from .nests import Nest
from .sizes import computed_size

__all__ = ["either"]

Branch = Callable[[], Any]

NEXT = (
    "where inputs of the file decide the branch, fix these by net.fixed(NAME=array), or run it "
    "without compiling"
)


def either(predicate: Any, then: Branch, otherwise: Branch) -> Any:
    """What one of two functions returns, by a traced truth value: arrays or nests of them.

    Both give the same nesting, and arrays of one place one dtype and number of axes; where their
    sizes differ, the result has those that the branch which runs decides. Raises UsageError for
    another nesting, dtype or number of axes.
    """
    with entered() as scope:
        whole = Nest(then())
    with entered():
        other = Nest(otherwise())
    _check(whole, other)
    found = _arrays(predicate, whole.leaves, other.leaves, scope.since)
    return whole.filled(found)


def _arrays(predicate: Any, left: Sequence[Any], right: Sequence[Any], since: int) -> Sequence[Any]:
    """The same of arrays, which nodes numbered from `since` make."""
    sized = [i for i, pair in enumerate(zip(left, right, strict=True)) if not _same(*pair)]
    with entered():
        one = _flattened(left, sized)
    with entered():
        other = _flattened(right, sized)
    bodies = [list(map(as_value, one)), list(map(as_value, other))]
    taken, (first, second) = enclosed(bodies, (), since, lift=False)
    operands = [np.astype(predicate, np.bool, copy=False), *map(Array, taken)]
    if not left:
        return []
    if not sized:
        return list(conditional(operands, then=first, otherwise=second))
    count = len(sized)
    found = sized_conditional(operands, then=first, otherwise=second, flat=count)
    results = list(found[count + 1 :])
    shapes = found[count]
    for place, (i, flat) in enumerate(zip(sized, found[:count], strict=True)):
        start = sum(left[j].ndim for j in sized[:place])
        results.insert(i, _shaped(flat, shapes, start, left[i].shape, right[i].shape))
    return results


def _check(left: Nest, right: Nest) -> None:
    if left.paths != right.paths:
        raise UsageError(f"its branches give other sequences or optional values; {NEXT}")
    for one, other in zip(left.types, right.types, strict=True):
        if one.dtype != other.dtype or one.ndim != other.ndim:
            what = "dtypes" if one.dtype != other.dtype else "numbers of axes"
            raise UsageError(
                f"its branches give {one} and {other}, of other {what}, which a program cannot "
                f"have; {NEXT}"
            )


def _same(one: Any, other: Any) -> bool:
    return all(same(a, b) for a, b in zip(one.shape, other.shape, strict=True))


def _flattened(arrays: Sequence[Any], sized: Sequence[int]) -> list[Any]:
    """Those of other sizes as lists of one length, filled up with zeros; their shapes; the rest."""
    if not sized:
        return list(arrays)
    counts = [product(arrays[i].shape) for i in sized]
    flat = []
    for place, i in enumerate(sized):
        parts = [np.reshape(arrays[i], (counts[place],))]
        parts += [
            np.zeros((count,), arrays[i].dtype) for j, count in enumerate(counts) if j != place
        ]
        flat.append(np.concat(parts) if len(parts) > 1 else parts[0])
    sizes = [np.asarray(size, numpy.int64) for i in sized for size in arrays[i].shape]
    rest = [array for i, array in enumerate(arrays) if i not in sized]
    return [*flat, np.stack(sizes), *rest]


def _shaped(flat: Any, shapes: Any, start: int, left: Sequence[Any], right: Sequence[Any]) -> Any:
    """The list's first elements in the shape that stands in `shapes` from `start` on."""
    sizes = [
        a if same(a, b) else computed_size(np.getitem(shapes, start + axis)).shape[0]
        for axis, (a, b) in enumerate(zip(left, right, strict=True))
    ]
    part = np.getitem(flat, slice(0, product(sizes)))
    return np.reshape(part, tuple(sizes))
