"""The trees of a file as arrays of nodes, which `npx.tree_leaves` takes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from ..facts import Facts

__all__ = ["Forest", "comparisons", "remembered", "weights_of"]

Array = numpy.ndarray[Any, Any]
MOST = 2**22  # elements of one row that are looked up at once


@dataclass(frozen=True)
class Forest:
    """Nodes of all trees, leaves among them, which lead to themselves.

    weights: [M, C], what each leaf adds to each score; present: [M, C], where it says so at all.
    """

    roots: Array
    features: Array
    thresholds: Array
    comparisons: Array
    branches: Array
    missing: Array | None
    weights: Array
    present: Array

    @property
    def leaves(self) -> Array:
        """Which nodes are leaves."""
        return self.branches[:, 0] == numpy.arange(len(self.branches))

    def arrive(self, x: Any) -> Any:
        """[N, T]: the leaves at which rows arrive."""
        return npx.tree_leaves(
            x,
            self.roots,
            self.features,
            self.thresholds,
            self.comparisons,
            self.branches,
            self.missing,
        )

    def total(self, leaves: Any) -> Any:
        """[N, C]: the sum of all trees."""
        return self._together(leaves, self.weights, np.sum, np.add)

    def extreme(self, leaves: Any, largest: bool) -> Any:
        """[N, C]: the largest or smallest of what the trees say; 0 where none says anything."""
        none = numpy.array(-numpy.inf if largest else numpy.inf, self.weights.dtype)
        values = numpy.where(self.present, self.weights, none)
        pair = (np.max, np.maximum) if largest else (np.min, np.minimum)
        found = self._together(leaves, values, *pair)
        return np.where(np.equal(found, none), np.zeros_like(found), found)

    def said(self, leaves: Any) -> Any:
        """[N, C]: 1 where some tree says something of a score, else 0; None where all do."""
        if self.present[self.leaves].all():
            return None
        return self._together(leaves, self.present.astype(numpy.float32), np.max, np.maximum)

    def _together(self, leaves: Any, values: Array, reduction: Any, joined: Any) -> Any:
        """Some trees at a time, so that what is looked up has a bound."""
        count, step = len(self.roots), max(MOST // 1024 // values.shape[1], 1)
        found = None
        for first in range(0, count, step):
            some = np.getitem(leaves, (slice(None), slice(first, first + step)))
            part = reduction(np.take(values, some, axis=0), axis=1)
            found = part if found is None else joined(found, part)
        return found


_forests: OrderedDict[int, tuple[Mapping[str, Any], Forest]] = OrderedDict()
KEPT = 16


def remembered(build: Callable[[Facts], Forest]) -> Callable[[Facts], Forest]:
    """The same, built once for a node: a model is called for row after row."""

    def found(facts: Facts) -> Forest:
        known = _forests.get(id(facts.attributes))
        if known is None or known[0] is not facts.attributes:
            known = facts.attributes, build(facts)
            _forests[id(facts.attributes)] = known
            while len(_forests) > KEPT:
                _forests.popitem(last=False)
        return known[1]

    return found


def comparisons(numbers: Any) -> Array:
    """Those of leaves, -1, as another's: one kind in all is compared at once."""
    found = numpy.array(numbers, numpy.int8)
    return numpy.where(found < 0, max(found.max(initial=0), 0), found)


def weights_of(
    nodes: int, count: int | None, at: Any, ids: Any, values: Any, how: str
) -> tuple[Array, Array]:
    if not count or (len(ids) and not 0 <= ids.min() <= ids.max() < count):
        raise UsageError(f"weights of scores {sorted(set(ids.tolist()))[-3:]}; there are {count}")
    present = numpy.zeros((nodes, count), bool)
    present[at, ids] = True
    weights = numpy.zeros((nodes, count), values.dtype)
    if how in ("MIN", "MAX"):
        weights[at, ids] = numpy.inf if how == "MIN" else -numpy.inf
        (numpy.minimum if how == "MIN" else numpy.maximum).at(weights, (at, ids), values)
    else:
        numpy.add.at(weights, (at, ids), values)
    return weights, present
