"""The trees of TreeEnsembleClassifier and -Regressor, whose nodes have the numbers of a tree and of
a node in it."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.npx.trees import COMPARISONS

from ..facts import Facts
from .forests import Forest, comparisons, remembered, weights_of

__all__ = ["MODES", "by_names"]

Array = numpy.ndarray[Any, Any]
MODES = {
    "BRANCH_LEQ": COMPARISONS["<="],
    "BRANCH_LT": COMPARISONS["<"],
    "BRANCH_GTE": COMPARISONS[">="],
    "BRANCH_GT": COMPARISONS[">"],
    "BRANCH_EQ": COMPARISONS["=="],
    "BRANCH_NEQ": COMPARISONS["!="],
}


@remembered
def by_names(facts: Facts) -> Forest:
    kind = "class" if "class_ids" in facts.attributes else "target"
    places = _Places(facts)
    modes = numpy.array(facts["nodes_modes"], object)
    unknown = set(facts["nodes_modes"]) - {*MODES, "LEAF"}
    if unknown:
        raise UsageError(f"nodes_modes with {min(unknown)}; known are LEAF, {', '.join(MODES)}")
    leaf, own = modes == "LEAF", numpy.arange(len(modes))
    onward = [
        numpy.where(leaf, own, places.of(facts["nodes_treeids"], facts[name], ~leaf))
        for name in ("nodes_falsenodeids", "nodes_truenodeids")
    ]
    branches, thresholds = numpy.stack(onward, axis=1), _floats(facts, "nodes_values")
    if (branches == own[:, None])[~leaf].any():
        raise UsageError("a node of a tree leads to itself")
    weights, present = _weights(facts, kind, places)
    return Forest(
        roots=_roots(places.trees, branches, leaf),
        features=numpy.where(leaf, 0, numpy.array(facts["nodes_featureids"])),
        thresholds=numpy.where(leaf, numpy.zeros((), thresholds.dtype), thresholds),
        comparisons=comparisons([MODES.get(mode, -1) for mode in modes]),
        branches=branches,
        missing=_missing(facts, len(modes)),
        weights=weights,
        present=present,
    )


def _floats(facts: Facts, name: str) -> Array:
    """A list of floats, or the tensor of them that files with float64 have."""
    tensor = facts.get(f"{name}_as_tensor")
    return numpy.array(facts.get(name) or (), numpy.float32) if tensor is None else tensor


def _missing(facts: Facts, count: int) -> Array | None:
    given = facts.get("nodes_missing_value_tracks_true")
    if not given:
        return None
    if len(given) != count:
        raise UsageError(f"{len(given)} nodes_missing_value_tracks_true of {count} nodes")
    return numpy.array(given, bool) if any(given) else None


class _Places:
    """Where in the lists a node is, by its tree and its number."""

    def __init__(self, facts: Facts) -> None:
        self.trees = numpy.array(facts["nodes_treeids"], numpy.int64)
        nodes = numpy.array(facts["nodes_nodeids"], numpy.int64)
        self.width = int(nodes.max(initial=0)) + 1
        keys = self.trees * self.width + nodes
        self.order = numpy.argsort(keys, kind="stable")
        self.keys = keys[self.order]
        if (self.keys[1:] == self.keys[:-1]).any():
            raise UsageError("two nodes have one number in a tree")

    def of(self, trees: Any, nodes: Any, where: Any = True) -> Array:
        """Positions of nodes; UsageError for one that is not there, unless it is not asked for."""
        nodes = numpy.array(nodes, numpy.int64)
        keys = numpy.array(trees, numpy.int64) * self.width + nodes
        at = numpy.searchsorted(self.keys, keys).clip(0, len(self.keys) - 1)
        lost = where & ((self.keys[at] != keys) | (nodes < 0) | (nodes >= self.width))
        if lost.any():
            raise UsageError(f"node {nodes[lost][0]} of a tree is not there")
        return self.order[at]


def _roots(trees: Array, onward: Array, leaf: Array) -> Array:
    """The node of each tree to which none leads, and which leads to all others."""
    is_root = numpy.ones(len(trees), bool)
    is_root[onward[~leaf].reshape(-1)] = False
    roots = numpy.flatnonzero(is_root)
    if sorted(trees[roots]) != sorted(set(trees)):
        raise UsageError("a tree has no node or several to which no other leads")
    reached = numpy.zeros(len(trees), bool)
    fresh = roots
    while len(fresh):
        reached[fresh] = True
        after = numpy.unique(onward[fresh])
        fresh = after[~reached[after]]
    if not reached.all():
        raise UsageError("a tree has nodes to which its root does not lead")
    return roots


def _weights(facts: Facts, kind: str, places: _Places) -> tuple[Array, Array]:
    texts, numbers = facts.get("classlabels_strings"), facts.get("classlabels_int64s")
    count = facts.get("n_targets") if kind == "target" else len(texts or numbers or ())
    ids = numpy.array(facts[f"{kind}_ids"], numpy.int64)
    values = _floats(facts, f"{kind}_weights")
    at = places.of(facts[f"{kind}_treeids"], facts[f"{kind}_nodeids"])
    return weights_of(
        len(places.trees), count, at, ids, values, facts.get("aggregate_function", "SUM")
    )
