"""Outliers of few channels moved from what a dense layer reads into its weight.

x @ W.T = (x / s) @ (W * s).T with s = max|x|**alpha / max|W|**(1 - alpha) for each channel (Xiao et
al. 2023, arXiv:2211.10438). In one scale for all channels of x, the large ones leave the others few
of the 256 integers; a weight's rows have a scale each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from .integers import Statistics

__all__ = ["ALPHA", "smoothing"]

Array = numpy.ndarray[Any, Any]

ALPHA = 0.75  # of 0.6 .. 0.95 the nearest to float32 on all-MiniLM-L6-v2 (`studies.quantizers`)


def smoothing(seen: Statistics, weights: Sequence[Array], alpha: float = ALPHA) -> Array:
    """s, of one number for each channel; float32, and 1 for a channel without any range.

    weights: of all layers that read the array, each [O, I].
    """
    most_x = numpy.maximum(numpy.abs(seen.low), numpy.abs(seen.high))
    most_w = numpy.max([numpy.abs(weight).max(axis=0) for weight in weights], axis=0)
    known = (most_x > 0) & (most_w > 0)
    x, w = numpy.where(known, most_x, 1), numpy.where(known, most_w.astype(numpy.float64), 1)
    found = x**alpha / w ** (1 - alpha)
    found /= numpy.exp(numpy.log(found).mean())  # the same for all changes nothing
    return numpy.where(known, found, 1).astype(numpy.float32)
