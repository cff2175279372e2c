"""The neighbours of a position between elements, and how much each of them counts."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError

from .coordinates import Line
from .positions import Positions

__all__ = ["Kernel", "cubic", "linear", "weights_of"]


@dataclass(frozen=True)
class Kernel:
    """mode: "linear" or "cubic", with its coefficient."""

    mode: str
    coefficient: float
    exclude_outside: bool
    antialias: bool

    @property
    def reach(self) -> int:
        """How far on either side an element counts."""
        return 1 if self.mode == "linear" else 2

    def __call__(self, distance: Any) -> Any:
        return linear(distance) if self.mode == "linear" else cubic(distance, self.coefficient)


def linear(distance: Any) -> Any:
    """1 - |d|, and 0 beyond 1."""
    return np.maximum(1 - np.abs(distance), 0)


def cubic(distance: Any, a: float) -> Any:
    """Keys' convolution: two polynomials, for |d| to 1 and to 2, and 0 beyond."""
    d = np.abs(distance)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d >= 2, 0.0, far))


def weights_of(
    kernel: Kernel, at: Positions, line: Line, dtype: Any
) -> tuple[list[Any], list[Any]]:
    """The places of neighbours, one array a neighbour, and their weights: float64, or `dtype`.

    The element at a whole position is counted as the one after it, as ONNX's definition does.
    """
    shrink = min(_scale(line), 1.0) if kernel.antialias else 1.0
    before = at.ceil() - 1
    beyond = at.beyond_before()
    first = math.floor(-kernel.reach / shrink) + 1
    steps = range(first, 2 - first)
    places = [before + step for step in steps]
    weights = [at.spread(kernel((step - beyond) * shrink), dtype) for step in steps]
    if kernel.exclude_outside:
        inside = [(place >= 0) & (place < line.length) for place in places]
        weights = [np.where(one, w, 0.0) for one, w in zip(inside, weights, strict=True)]
    if kernel.exclude_outside or shrink < 1:
        total = functools.reduce(np.add, weights)
        total = np.where(np.equal(total, 0), 1.0, total)
        weights = [w / total for w in weights]
    return places, weights


def _scale(line: Line) -> float:
    if line.scale is not None:
        return line.scale
    if not line.known:
        raise UsageError(f"antialias from size {line.length} to {line.size}; give numbers for them")
    return float(numpy.float64(line.size) / numpy.float64(line.length))
