"""How long the sums of products of bytes may be: kernels add them in 32 bits, and wrap around."""

from __future__ import annotations

from typing import Any

import numpy

__all__ = ["sums_fit"]

LARGEST_BYTE = 255
LARGEST_SUM = 2**30  # the other half is for a bias


def sums_fit(whole: Any, axis: int) -> bool:
    """Whether 255 * sum(abs(whole)) is at most 2^30 at each place of the axis.

    whole: the integers of a weight. The sum is the largest that any array of bytes makes.

    >>> import numpy
    >>> from isthmus.graph.integer_sums import sums_fit
    >>> ones = numpy.full((40_000, 2), 127, numpy.int8)
    >>> sums_fit(ones, 1), sums_fit(ones[:30_000], 1), sums_fit(ones, 0)
    (False, True, True)
    """
    array = numpy.asarray(whole)
    others = tuple(i for i in range(array.ndim) if i != axis % array.ndim)
    sums = numpy.abs(array.astype(numpy.int64)).sum(axis=others)
    return bool((LARGEST_BYTE * sums <= LARGEST_SUM).all())
