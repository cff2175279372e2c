"""Probabilities of classes, of those of each pair of them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.dims import same
from isthmus.graph.nodes import Type
from isthmus.trace.op import primitive

__all__ = ["pairwise_probabilities"]

MOST_STEPS = 100
PRECISION = 0.005  # over the number of classes: where the steps end


def _type(r: Type) -> Type:
    if r.ndim != 3 or r.dtype.kind != "f" or not same(r.shape[1], r.shape[2]):
        raise UsageError(f"r of {r}; give probabilities of pairs, [N, C, C], real floats")
    return Type(r.dtype, r.shape[:2])


@primitive(infer=_type, checked=True, host_only="no runtime repeats its steps for each row")
def pairwise_probabilities(r: Any, /) -> Any:
    """The p with sum 1 for which the sum of (r[j, i] p[i] - r[i, j] p[j])**2 over pairs is least.

    r: [N, C, C], real floats; r[n, i, j] says how probable class i is where it is i or j -> [N, C],
    by up to 100 steps, the last where no derivative is 0.005 / C off their mean. The diagonal of r
    is not read. Raises UsageError for other arrays. The second method of Wu, Lin and Weng 2004,
    "Probability estimates for multi-class classification by pairwise coupling", as in libsvm.

    >>> import numpy
    >>> from isthmus import npx
    >>> r = numpy.array([[[0, 0.9, 0.8], [0.1, 0, 0.5], [0.2, 0.5, 0]]])
    >>> npx.pairwise_probabilities(r).round(3)
    array([[0.735, 0.102, 0.163]])
    """
    wide = numpy.asarray(r, numpy.float64)
    count = wide.shape[1]
    back = wide * (1 - numpy.eye(count))
    q = -back * numpy.swapaxes(back, 1, 2)
    line = numpy.arange(count)
    q[:, line, line] = numpy.sum(back * back, axis=1)
    p = numpy.full(wide.shape[:2], 1 / max(count, 1))
    rows = numpy.arange(len(p))
    for _ in range(MOST_STEPS):
        slope = numpy.matmul(q[rows], p[rows, :, None])[:, :, 0]
        mean = numpy.sum(p[rows] * slope, axis=1)
        far = numpy.max(numpy.abs(slope - mean[:, None]), axis=1, initial=0) >= PRECISION / count
        rows, slope, mean = rows[far], slope[far], mean[far]
        if not len(rows):
            break
        p[rows] = _stepped(q[rows], p[rows], slope, mean)
    return p.astype(numpy.asarray(r).dtype)


def _stepped(q: Any, p: Any, slope: Any, mean: Any) -> Any:
    """p after each class in turn went to where its own derivative is their mean."""
    for i in range(p.shape[1]):
        change = (mean - slope[:, i]) / q[:, i, i]
        p[:, i] += change
        whole = 1 + change
        mean = (mean + change * (change * q[:, i, i] + 2 * slope[:, i])) / whole / whole
        slope = (slope + change[:, None] * q[:, i]) / whole[:, None]
        p /= whole[:, None]
    return p
