"""Decision trees: where each row of features arrives."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis.intervals import Interval
from isthmus.errors import DimensionError, IndexOutside, UsageError
from isthmus.graph.dims import same
from isthmus.graph.nodes import Node, Type
from isthmus.trace.op import primitive

__all__ = ["COMPARISONS", "tree_leaves"]

INT32 = numpy.dtype(numpy.int32)
TOGETHER = 2**15  # pairs of a row and a tree that step together: their arrays stay in a cache

# By the number of a comparison whether it is true of a feature that is not a number, is below the
# threshold, at it, or above it.
COMPARISONS = {"<=": 0, "<": 1, ">=": 2, ">": 3, "==": 4, "!=": 5}
TRUTH = numpy.array(
    [
        [False, True, True, False],
        [False, True, False, False],
        [False, False, True, True],
        [False, False, False, True],
        [False, False, True, False],
        [True, True, False, True],
    ]
)
FUNCTIONS = (
    numpy.less_equal,
    numpy.less,
    numpy.greater_equal,
    numpy.greater,
    numpy.equal,
    numpy.not_equal,
)


def _type(x: Type, roots: Type, features: Type, *further: Type | None) -> Type:
    if x.ndim != 2 or x.dtype.kind not in "fiu":
        raise UsageError(f"x of {x}; give rows of features, [N, F], of real numbers")
    if roots.ndim != 1 or features.ndim != 1:
        raise DimensionError(f"roots {roots}, features {features}; give one axis each")
    nodes = features.shape[0]
    wanted = ((nodes,), (nodes,), (nodes, 2), (nodes,))
    names = ("thresholds", "comparisons", "branches", "missing")
    for name, found, shape in zip(names, further, wanted, strict=True):
        if found is None:
            continue
        fits = found.ndim == len(shape)
        if not fits or not all(map(same, found.shape, shape)):
            raise DimensionError(f"{name} {found}; give {shape}, as features {features}")
    return Type(INT32, (x.shape[0], roots.shape[0]))


def _between(node: Node, *_: Any) -> Interval | None:
    features = node.operands[2]
    assert features is not None
    count = features.type.shape[0]
    return Interval(0, count - 1) if isinstance(count, int) else None


@primitive(
    infer=_type,
    interval=_between,
    checked=True,
    host_only="no runtime steps through decision trees on every device",
)
def tree_leaves(
    x: Any,
    roots: Any,
    features: Any,
    thresholds: Any,
    comparisons: Any,
    branches: Any,
    missing: Any = None,
    /,
) -> Any:
    """The node of each decision tree at which a row arrives: from its root on, at node i by
    branches[i, 1] where x[row, features[i]] <= thresholds[i], else by branches[i, 0].

    x: rows of features, [N, F], real; roots: [T], the first node of each tree -> int32, [N, T].
    features, thresholds, comparisons: [M], of all nodes of all trees. branches: [M, 2], nodes; a
    leaf is its own. comparisons: 0 for <=, 1 <, 2 >=, 3 >, 4 ==, 5 !=. missing: [M], truth values:
    whether a NaN takes branches[i, 1]; None for nowhere. What a leaf is worth is looked up by
    `np.take`, and the trees are added by `np.sum`. Raises UsageError for trees with a circle,
    IndexOutside for features and nodes that there are not, DimensionError for other shapes. As
    ONNX's TreeEnsemble.

    >>> import numpy
    >>> from isthmus import npx
    >>> x = numpy.array([[0.2, 7.0], [0.9, 1.0], [0.9, 5.0]])
    >>> features, thresholds = numpy.array([0, 1, 0, 0, 0]), numpy.array([0.5, 3.0, 0.0, 0.0, 0.0])
    >>> branches = numpy.array([[1, 2], [3, 4], [2, 2], [3, 3], [4, 4]])
    >>> comparisons = numpy.zeros(5, int)
    >>> npx.tree_leaves(x, numpy.array([0]), features, thresholds, comparisons, branches)
    array([[2],
           [4],
           [3]], dtype=int32)
    """
    x = numpy.ascontiguousarray(x)
    nodes = _Nodes(x.shape[1], roots, features, thresholds, comparisons, branches, missing)
    found = numpy.empty((len(x), len(nodes.roots)), INT32)
    step = max(TOGETHER // max(len(nodes.roots), 1), 1)
    for first in range(0, len(x), step):
        found[first : first + step] = nodes.leaves(x[first : first + step])
    return found


class _Nodes:
    """The nodes of all trees, checked once for all rows."""

    def __init__(
        self,
        width: int,
        roots: Any,
        features: Any,
        thresholds: Any,
        comparisons: Any,
        branches: Any,
        missing: Any,
    ) -> None:
        count = len(features)
        _check_within("a root", roots, count)
        _check_within("a branch", branches, count)
        _check_within("a feature", features, width)
        _check_within("a comparison", comparisons, len(TRUTH))
        self.roots = numpy.asarray(roots, numpy.intp)
        self.features = numpy.asarray(features, numpy.intp)
        self.thresholds = numpy.asarray(thresholds)
        self.comparisons = numpy.asarray(comparisons, numpy.intp)
        self.branches = numpy.asarray(branches, numpy.intp).reshape(-1)
        self.missing = None if missing is None or not numpy.any(missing) else numpy.asarray(missing)
        kinds = numpy.unique(self.comparisons)
        self.compare = FUNCTIONS[kinds[0]] if len(kinds) == 1 else None

    def leaves(self, x: Any) -> Any:
        """[N, T]: all rows step in all trees at once until none goes on."""
        flat, starts = x.reshape(-1), numpy.arange(len(x), dtype=numpy.intp)[:, None] * x.shape[1]
        at = numpy.repeat(self.roots[None], len(x), axis=0)
        for _ in range(len(self.features) + 1):
            after = self.branches.take(2 * at + self._is_true(flat, starts, at))
            if numpy.array_equal(after, at):
                return at
            at = after
        raise UsageError("npx.tree_leaves: a tree with a circle: its branches lead to no leaf")

    def _is_true(self, flat: Any, starts: Any, at: Any) -> Any:
        value, threshold = flat.take(starts + self.features.take(at)), self.thresholds.take(at)
        if self.compare is not None:
            true = self.compare(value, threshold)
        else:
            below, same = value < threshold, value == threshold
            how = below + 2 * same + 3 * (value > threshold)
            true = TRUTH[self.comparisons.take(at), how]
        if self.missing is not None and value.dtype.kind == "f":
            true |= numpy.isnan(value) & self.missing.take(at)
        return true


def _check_within(name: str, found: Any, count: int) -> None:
    if len(found) and not (numpy.min(found) >= 0 and numpy.max(found) < count):
        outside = numpy.min(found) if numpy.min(found) < 0 else numpy.max(found)
        raise IndexOutside(f"npx.tree_leaves: {name} of {outside}; there are {count}")
