"""Where an axis of another size looks at the old one: positions, rounded or with their neighbours.

An axis of length n becomes one of m elements. Where both are known the positions are numbers; of a
size with a name they are computed when the program runs, as quotients of whole numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim

from .coordinates import COORDINATES, QUOTIENTS, Line
from .phases import phases_of
from .positions import Positions, Quotients

__all__ = ["is_simple", "positions_of", "scaled_size"]

Size = Any  # int | Dim
MOST = 64  # the largest denominator


def scaled_size(length: Size, scale: float) -> Size:
    """floor(length * scale), in float32 as ONNX's own inference of shapes."""
    if isinstance(length, Dim):
        part = simple(scale)
        return length * part.numerator // part.denominator
    return int(numpy.floor(numpy.float32(length) * numpy.float32(scale)))


def is_simple(scale: float) -> bool:
    """Whether it is a fraction such as 2 or 3/8, to the last digit."""
    return Fraction(scale).limit_denominator(MOST) == Fraction(scale) > 0


def simple(scale: float) -> Fraction:
    """The fraction that a scale is; UsageError for no such one."""
    if not is_simple(scale):
        raise UsageError(f"scale {scale} of a size that is not known; give the size a number")
    return Fraction(scale)


def positions_of(line: Line, coordinates: str) -> Positions:
    """Where each element of the new axis looks at the old one."""
    if coordinates not in COORDINATES:
        raise UsageError(f"coordinates={coordinates!r}; give one of {', '.join(COORDINATES)}")
    is_exact = line.scale is None or is_simple(line.scale)
    if line.known and not (is_exact and coordinates in QUOTIENTS):
        return Positions(_numbers(line, coordinates))
    if line.known or line.scale is None:
        return _quotients(line, coordinates)
    return phases_of(line, coordinates, simple(line.scale)) or _quotients(line, coordinates)


def _numbers(line: Line, coordinates: str) -> Any:
    scale = line.size / line.length if line.scale is None else line.scale
    i = numpy.arange(line.size, dtype=numpy.float64)
    return COORDINATES[coordinates](i, float(line.length), scale, line) if line.size else i


def _quotients(line: Line, coordinates: str) -> Quotients:
    """The same, exactly: whatever the size is known, each position is rounded alike."""
    if coordinates not in QUOTIENTS:
        raise UsageError(f"{coordinates} of a size that is not known; give the size a number")
    i = np.arange(line.size, dtype=numpy.int64)
    if line.scale is None:
        p, q = line.size, line.length
    else:
        p, q = simple(line.scale).as_integer_ratio()
    above, below = QUOTIENTS[coordinates](i, line.length, p, q, line.size)
    return Quotients(above, np.maximum(np.asarray(below, numpy.int64), 1))
