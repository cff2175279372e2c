"""Positions that come again: of an axis of unknown length, scaled by a simple fraction p / q, every
p new elements look at the old ones as the p before them did, q elements further on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy

from isthmus import np
from isthmus.graph.dims import same

from .coordinates import COORDINATES, Line
from .positions import Positions

__all__ = ["Phases", "phases_of"]

# Under which coordinates it is so, and of whole scales alone.
ALWAYS = {"asymmetric", "half_pixel", "tf_half_pixel_for_nn"}
OF_WHOLE = {"half_pixel_symmetric": "half_pixel", "pytorch_half_pixel": "half_pixel"}


@dataclass(frozen=True)
class Phases(Positions):
    """at: the first p positions. Weights are as few, until they are `spread`."""

    step: int  # q
    size: Any  # of the new axis

    def floor(self) -> Any:
        return self._all(numpy.floor(self.at).astype(numpy.int32))

    def ceil(self) -> Any:
        return self._all(numpy.ceil(self.at).astype(numpy.int32))

    def moved(self, halves: int) -> Positions:
        return Phases(self.at + halves / 2, self.step, self.size)

    def beyond_before(self) -> Any:
        return self.at - numpy.ceil(self.at) + 1

    def spread(self, values: Any, dtype: Any) -> Any:
        line = numpy.asarray(values, dtype)
        return self._cut(np.broadcast_to(line, (self._count, len(line))))

    @property
    def _count(self) -> Any:
        return (self.size + len(self.at) - 1) // len(self.at)

    def _all(self, first: Any) -> Any:
        starts = np.arange(self._count, dtype=numpy.int32) * numpy.int32(self.step)
        return self._cut(np.reshape(starts, (-1, 1)) + first)

    def _cut(self, table: Any) -> Any:
        count = self._count * len(self.at)
        flat = np.reshape(table, (count,))
        return flat if same(count, self.size) else np.getitem(flat, slice(0, self.size))


def phases_of(line: Line, coordinates: str, scale: Fraction) -> Phases | None:
    """The positions of an axis; None where they do not come again."""
    name = OF_WHOLE.get(coordinates) if scale.denominator == 1 else None
    name = coordinates if coordinates in ALWAYS else name
    if name is None:
        return None
    steps = numpy.arange(scale.numerator, dtype=numpy.float64)
    return Phases(COORDINATES[name](steps, 1.0, float(scale), line), scale.denominator, line.size)
