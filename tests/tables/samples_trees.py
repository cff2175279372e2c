"""Sample rows of operators: decision trees and classes. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, positive

from isthmus import npx
from isthmus.trace.op import Op

# Two trees: of three leaves, 2, 3 and 4, and of two, 6 and 7.
ROOTS = numpy.array([0, 5])
FEATURES = numpy.array([0, 1, 0, 0, 0, 2, 0, 0])
THRESHOLDS = numpy.array([0.2, -0.5, 0, 0, 0, 0.0, 0, 0], numpy.float32)
BRANCHES = numpy.array([[1, 2], [3, 4], [2, 2], [3, 3], [4, 4], [6, 7], [6, 6], [7, 7]])
KINDS = numpy.array([1, 3, 0, 0, 0, 5, 0, 0])
MISSING = FEATURES > 0
X = f32(6, 3)
HOLES = X.copy()
HOLES[::2, 1] = numpy.nan
_FIXED = "so is the number of nodes"


def _nodes(x: Any, kinds: Any, missing: Any) -> Sample:
    operands = (x, ROOTS, FEATURES, THRESHOLDS, kinds, BRANCHES, missing)
    return Sample(operands, fixed=_FIXED)


ROWS: dict[Op[..., Any], list[Sample]] = {
    npx.pairwise_probabilities: [
        Sample((positive(5, 3, 3) / 9,), fixed="so is another axis"),
        Sample((positive(2, 4, 4) / 9,)),
    ],
    npx.tree_leaves: [
        _nodes(X, KINDS * 0, None),
        _nodes(X, KINDS, None),
        _nodes(HOLES, KINDS, MISSING),
        _nodes(i32(4, 3), KINDS * 0 + 3, None),
        _nodes(f32(0, 3), KINDS, None),
    ],
}

WITHOUT_GRADIENT: dict[Op[..., Any], str] = {
    npx.pairwise_probabilities: "its steps end where a derivative is small enough",
}
