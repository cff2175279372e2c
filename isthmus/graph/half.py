"""The two half precisions, bfloat16 and float16, as float32 numbers that have no more bits.

NumPy has no bfloat16. A graph's values stay float32; a node's `precision` says that its operands
and results are rounded to the numbers that the format has. Runtimes are given the formats
themselves, whose bits `stored` makes.
"""

from __future__ import annotations

from typing import Any

import numpy

__all__ = ["FORMATS", "Format", "holds", "rounded", "stored"]

Array = numpy.ndarray[Any, Any]


class Format:
    """A format: `epsilon` is the largest relative error of rounding, twice; `largest` its end.

    >>> from isthmus.graph.half import FORMATS
    >>> FORMATS["bf16"].epsilon, FORMATS["f16"].largest
    (0.0078125, 65504.0)
    """

    def __init__(self, epsilon: float, largest: float) -> None:
        self.epsilon = epsilon
        self.largest = largest


FORMATS = {
    "bf16": Format(2.0**-7, float(numpy.uint32(0x7F7F0000).view(numpy.float32))),
    "f16": Format(2.0**-10, 65504.0),
}
LARGEST_ERROR = 2.0**-7  # of the largest number; rounding to bfloat16 moves each by half of it
_KEPT = numpy.uint32(16)  # bits of a float32 that bfloat16 has
_QUIET = numpy.uint32(0x00400000)


def rounded(array: Any, precision: str) -> Array:
    """A float32 array rounded to the nearest numbers of the format, halves to even ones.

    >>> import numpy
    >>> from isthmus.graph.half import rounded
    >>> rounded(numpy.float32([1.001, 1 / 3]), "bf16")
    array([1.        , 0.33398438], dtype=float32)
    >>> rounded(numpy.float32([1e-9, 70000]), "f16")
    array([ 0., inf], dtype=float32)
    """
    if precision == "f16":
        with numpy.errstate(over="ignore", under="ignore"):
            return numpy.asarray(array).astype(numpy.float16).astype(numpy.float32)
    high = _upper(array).astype(numpy.uint32) << _KEPT
    return high.view(numpy.float32)


def stored(array: Any, precision: str) -> Array:
    """The array in the format: float16, or the bits of bfloat16 as uint16.

    >>> import numpy
    >>> from isthmus.graph.half import stored
    >>> stored(numpy.float32([1, -2]), "bf16")
    array([16256, 49152], dtype=uint16)
    """
    if precision == "f16":
        with numpy.errstate(over="ignore", under="ignore"):
            return numpy.asarray(array, order="C").astype(numpy.float16)
    return _upper(array)


def holds(array: Any, precision: str) -> bool:
    """Whether rounding makes no finite number infinite, and moves none by more than 2**-7 of the
    largest.

    An epsilon such as 1e-12 is 0 in float16, a mask of -1e9 infinite, and weights near 1e-6 are
    multiples of 6e-8.

    >>> import numpy
    >>> from isthmus.graph.half import holds
    >>> holds(numpy.float32(1e-12), "f16"), holds(numpy.float32([3, -1e9]), "bf16")
    (False, True)
    """
    found = rounded(array, precision)
    if numpy.isinf(found).any() and (numpy.isinf(found) & numpy.isfinite(array)).any():
        return False
    if not array.size:
        return True
    finite = numpy.isfinite(array)
    size = numpy.abs(array, where=finite, out=numpy.zeros_like(array))
    with numpy.errstate(invalid="ignore"):  # of infinite ones, which stay what they are
        error = numpy.abs(found - array)
    return bool(error.max(where=finite, initial=0) <= LARGEST_ERROR * size.max())


def _upper(array: Any) -> Array:
    """The upper 16 bits of float32 numbers, rounded to even; a NaN stays one."""
    floats: Array = numpy.asarray(array, numpy.float32, order="C")
    bits: Array = floats.view(numpy.uint32)
    even = (bits >> _KEPT) & numpy.uint32(1)
    with numpy.errstate(over="ignore"):
        found = (bits + numpy.uint32(0x7FFF) + even) >> _KEPT
    is_nan = (bits & numpy.uint32(0x7FFFFFFF)) > numpy.uint32(0x7F800000)
    chosen: Array = numpy.where(is_nan, (bits | _QUIET) >> _KEPT, found)
    return chosen.astype(numpy.uint16)
