"""Convolutions of integers of eight bits, in parts whose sums are exact in float32."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.graph.dims import Dim
from isthmus.npx.integer_convolution import EXACT, convolution_of_integers
from isthmus.npx.quantization import NARROW
from isthmus.trace.traced import is_traced

__all__ = ["convolved_in_parts"]

LARGEST = 255  # of an integer of eight bits less another


def convolved_in_parts(
    x: Any, weight: Any, x_zero: Any, w_zero: Any, options: Mapping[str, Any]
) -> Any:
    """The convolution of x - x_zero and weight - w_zero, int32; None where no parts are exact.

    w_zero: one number, or one that broadcasts to the weight. The parts are of input channels.
    """
    if {x.dtype.name, weight.dtype.name} - set(NARROW) or any(
        isinstance(size, Dim) for size in weight.shape
    ):
        return None
    if x_zero is not None and math.prod(x_zero.shape) != 1:
        return None
    centred = np.astype(weight, numpy.float32)
    centred = centred if w_zero is None else centred - np.astype(w_zero, numpy.float32)
    ends = _ends(centred, _largest(x.dtype, x_zero))
    if ends is None or (options["groups"] > 1 and len(ends) > 1):
        return None
    zero = 0 if x_zero is None else np.reshape(x_zero, ())
    image = npx.dequantize(x, 1.0, zero)
    if len(ends) == 1:
        return convolution_of_integers(image, centred, **options)
    parts = zip(*(np.split(array, ends[:-1], axis=1) for array in (image, centred)), strict=True)
    return functools.reduce(np.add, (convolution_of_integers(*pair, **options) for pair in parts))


def _largest(dtype: Any, zero: Any) -> int:
    """How far a number of the dtype may be from the zero point."""
    if zero is None or is_traced(zero):
        return LARGEST
    ends, known = numpy.iinfo(dtype), int(numpy.reshape(zero, ()))
    return max(known - int(ends.min), int(ends.max) - known)


def _ends(weight: Any, largest: int) -> list[int] | None:
    """Where parts of the channels end, of each of which the products are below 2**24 together."""
    outputs, channels, *window = weight.shape
    if is_traced(weight):
        rows = numpy.full((1, channels), LARGEST * math.prod(window), numpy.float64)
    else:
        rows = numpy.abs(weight).reshape(outputs, channels, -1).sum(axis=2, dtype=numpy.float64)
    rows = rows * largest
    ends, start = [], 0
    while start < channels:
        sums = numpy.cumsum(rows[:, start:], axis=1).max(axis=0, initial=0)
        count = int(numpy.searchsorted(sums, EXACT))
        if count == 0:
            return None
        start += count
        ends.append(start)
    return ends or None
