"""The trees of TreeEnsemble, whose branches and leaves have positions in lists of their own."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.npx.trees import COMPARISONS

from ..facts import Facts
from .forests import Forest, comparisons, remembered, weights_of

__all__ = ["by_numbers"]

NUMBERED = ("<=", "<", ">=", ">", "==", "!=")  # its modes; then membership in a set
MEMBER = 6


@remembered
def by_numbers(facts: Facts) -> Forest:
    nodes = _Numbered(facts)
    leaves = numpy.array(facts["leaf_targetids"], numpy.int64)
    first, total = len(nodes.features), len(nodes.features) + len(leaves)
    onward = numpy.array([nodes.false, nodes.true], numpy.int64).T.reshape(-1, 2)
    branches = numpy.where(onward < 0, first - 1 - onward, onward)  # -1 - i is leaf i
    own = numpy.repeat(numpy.arange(first, total)[:, None], 2, axis=1)
    padding = numpy.zeros(len(leaves), numpy.int64)
    values, splits = facts["leaf_weights"], facts["nodes_splits"]
    at = numpy.arange(first, total)
    how = {2: "MIN", 3: "MAX"}.get(facts.get("aggregate_function", 1), "SUM")
    weights, present = weights_of(total, facts["n_targets"], at, leaves, values, how)
    missing = numpy.concatenate([numpy.array(nodes.missing, bool), padding.astype(bool)])
    return Forest(
        roots=numpy.array(facts["tree_roots"], numpy.int64),
        features=numpy.concatenate([numpy.array(nodes.features, numpy.int64), padding]),
        thresholds=numpy.concatenate([nodes.thresholds, padding]).astype(splits.dtype),
        comparisons=comparisons([*nodes.comparisons, *[-1] * len(leaves)]),
        branches=numpy.concatenate([branches, own]),
        missing=missing if missing.any() else None,
        weights=weights,
        present=present,
    )


class _Numbered:
    """Branches as lists; one that asks for membership is a chain of comparisons."""

    def __init__(self, facts: Facts) -> None:
        self.features = list(facts["nodes_featureids"])
        modes = numpy.asarray(facts["nodes_modes"]).tolist()
        self.thresholds = numpy.asarray(facts["nodes_splits"]).tolist()
        self.missing = list(facts.get("nodes_missing_value_tracks_true") or [0] * len(modes))
        self.true = _onward(facts["nodes_truenodeids"], facts["nodes_trueleafs"])
        self.false = _onward(facts["nodes_falsenodeids"], facts["nodes_falseleafs"])
        unknown = set(modes) - set(range(MEMBER + 1))
        if unknown:
            raise UsageError(f"nodes_modes with {min(unknown)}; known are 0 to {MEMBER}")
        self.comparisons = [COMPARISONS[NUMBERED[m]] if m < MEMBER else -1 for m in modes]
        members = [i for i, mode in enumerate(modes) if mode == MEMBER]
        sets = _sets(facts.get("membership_values"))
        if len(sets) != len(members):
            raise UsageError(f"{len(sets)} sets of membership_values for {len(members)} nodes")
        for node, values in zip(members, sets, strict=True):
            self._chain(node, values or [numpy.nan])

    def _chain(self, node: int, values: list[float]) -> None:
        otherwise = self.false[node]
        for i, value in enumerate(values):
            self.thresholds[node], self.comparisons[node] = value, COMPARISONS["=="]
            if i == len(values) - 1:
                self.false[node] = otherwise
                return
            self.false[node] = len(self.features)
            for column in (self.features, self.missing, self.true, self.false):
                column.append(column[node])
            self.thresholds.append(value)
            self.comparisons.append(COMPARISONS["=="])
            node = len(self.features) - 1


def _onward(nodes: Any, are_leaves: Any) -> list[int]:
    """Nodes, and leaves as -1 - their number."""
    return [-1 - n if leaf else n for n, leaf in zip(nodes, are_leaves, strict=True)]


def _sets(values: Any) -> list[list[float]]:
    """What lies before each NaN."""
    found: list[list[float]] = [[]]
    for value in () if values is None else numpy.asarray(values).tolist():
        if value != value:
            found.append([])
        else:
            found[-1].append(value)
    return found[:-1]
