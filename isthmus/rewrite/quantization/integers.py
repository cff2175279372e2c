"""Scales and integers: of arrays by what was seen in them, of weights and biases by themselves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

__all__ = [
    "BINS",
    "FULL",
    "HALF",
    "Scale",
    "Statistics",
    "bias_in_integers",
    "lost_in_rounding",
    "nearest_ratio",
    "scale_of",
    "weight_in_integers",
]

Array = numpy.ndarray[Any, Any]

FULL, HALF = 127, 63  # the largest integer of a weight; HALF where pairs of products saturate
LARGEST_BIAS = 2**30
BINS = 2048
RATIOS = numpy.linspace(1, 0.4, 25)


class Statistics(NamedTuple):
    """What was seen in an array, by channel, float64."""

    low: Array
    high: Array
    mean: Array

    @property
    def ends(self) -> tuple[float, float]:
        """The range of all channels, with 0 in it."""
        return min(float(self.low.min()), 0.0), max(float(self.high.max()), 0.0)


class Scale(NamedTuple):
    """How an array is made integers of uint8."""

    scale: Any
    zero_point: Any


def scale_of(low: float, high: float) -> Scale | None:
    """The scale of which 0 .. 255 are low .. high, and 0 is a whole number; None for no range.

    >>> scale_of(0.0, 5.1), scale_of(-1.0, 1.55), scale_of(0.0, 0.0)
    (Scale(scale=np.float32(0.02), zero_point=np.uint8(0)), \
Scale(scale=np.float32(0.01), zero_point=np.uint8(100)), None)
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = numpy.float32((high - low) / 255)
    if not scale > 0 or not numpy.isfinite(scale):
        return None
    return Scale(scale, numpy.uint8(numpy.clip(numpy.rint(-low / scale), 0, 255)))


def nearest_ratio(counts: Array, low: float, high: float) -> float:
    """The part of a range whose integers have the least squared error, of 0.4 to 1.

    counts: how many numbers are in each of `BINS` equal parts of low .. high.
    """
    centres = low + (numpy.arange(BINS) + 0.5) * ((high - low) / BINS)
    errors = [_squared_error(counts, centres, low * r, high * r) for r in RATIOS]
    return float(RATIOS[int(numpy.argmin(errors))])


def _squared_error(counts: Array, centres: Array, low: float, high: float) -> float:
    found = scale_of(low, high)
    if found is None:
        return numpy.inf
    zero = float(found.zero_point)
    steps = numpy.clip(numpy.rint(centres / found.scale), -zero, 255 - zero)
    return float((counts * (steps * found.scale - centres) ** 2).sum())


def weight_in_integers(weight: Array, axis: int, largest: int) -> tuple[Array, Array]:
    """Integers of int8, and their scale for each place of an axis; 0 stays 0.

    >>> import numpy
    >>> weight_in_integers(numpy.array([[0.5, -1.0], [0.0, 0.0]], numpy.float32), 0, FULL)
    (array([[  64, -127],
           [   0,    0]], dtype=int8), array([0.00787402, 1.        ], dtype=float32))
    """
    others = tuple(i for i in range(weight.ndim) if i != axis)
    most = numpy.abs(weight).max(axis=others, keepdims=True).astype(numpy.float64)
    scale = numpy.where(most > 0, most / largest, 1).astype(numpy.float32)
    scale[scale == 0] = 1  # of weights below what a float32 can be divided into
    whole = numpy.clip(numpy.rint(weight / scale), -largest, largest).astype(numpy.int8)
    return whole, scale.reshape(-1)


def bias_in_integers(bias: Array, x_scale: Any, scale: Array) -> tuple[Array, Array] | None:
    """Integers of int32 in units of the sums' own scale, and that scale; None where one has no
    place, as beside very small weights. Kernels take no other units.
    """
    unit = (scale.astype(numpy.float64) * float(x_scale)).astype(numpy.float32)
    if not (
        numpy.abs(bias.astype(numpy.float64)) <= unit.astype(numpy.float64) * LARGEST_BIAS
    ).all():
        return None
    unit[unit == 0] = numpy.finfo(numpy.float32).smallest_normal
    return numpy.rint(bias.astype(numpy.float64) / unit).astype(numpy.int32), unit


def lost_in_rounding(weight: Array, whole: Array, scale: Array, mean: Array) -> Array:
    """The mean error of each sum: what rounding took from the weight, times the mean of x.

    weight: [O, C / groups, ...], mean: [C] -> [O], float64 (Banner et al. 2019, arXiv:1810.05723).
    """
    outputs, inputs = weight.shape[:2]
    back = whole * scale.astype(numpy.float64).reshape(-1, *(1,) * (weight.ndim - 1))
    lost = (weight - back).reshape(outputs, inputs, -1).sum(axis=-1)
    groups = len(mean) // inputs
    by_group = lost.reshape(groups, -1, inputs)
    found: Array = numpy.einsum("goc,gc->go", by_group, mean.reshape(groups, -1)).reshape(-1)
    return found
