"""Arrays of other sizes, as images scaled up or down: each axis by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.trace.op import composite

from .coordinates import Line
from .positions import ROUNDED
from .resized_axes import lines_of
from .sampling import positions_of
from .sampling_weights import Kernel, weights_of
from .standard_resize import has_exact_positions

__all__ = ["CROP", "in_dtype", "resize", "weighted_in"]

MODES = ("cubic", "linear", "nearest")
FEW = 4  # neighbours that are added one by one


@composite(is_standard=has_exact_positions)
def resize(
    x: Any,
    /,
    *,
    sizes: Any = None,
    scales: Any = None,
    axes: Any = None,
    mode: str = "nearest",
    coordinates: str = "half_pixel",
    rounding: str = "round_prefer_floor",
    cubic_coefficient: float = -0.75,
    exclude_outside: bool = False,
    antialias: bool = False,
    roi: Any = None,
    extrapolation_value: float = 0.0,
) -> Any:
    """y[i] = the sum of x's neighbours of p(i), each times its weight; along each axis in turn.

    x: any shape; a number of axes, all where `axes` is None, gets `sizes`, or floor(scale * size)
    by `scales`; where both are given the scales say how positions are computed. Result: x's dtype.
    p(i) by `coordinates`: "half_pixel", (i + 0.5) / scale - 0.5; "asymmetric", i / scale;
    "align_corners", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn", and
    "tf_crop_and_resize", of the part `roi` (starts, then ends, of each axis), outside of which
    `extrapolation_value` stands. mode "nearest" takes any dtype and rounds p by `rounding`:
    "round_prefer_floor", "round_prefer_ceil", "floor", "ceil". "linear" and "cubic" (Keys, with
    `cubic_coefficient`) take floats, and integers of up to 32 bits, whose results are rounded;
    neighbours outside are the ends, or are left out by `exclude_outside`; `antialias` widens the
    weights where an axis shrinks. Raises UsageError for other options, and for sizes with a name
    where an option needs numbers. As ONNX's Resize.

    >>> from isthmus import np, npx
    >>> npx.resize(np.asarray([[1.0, 2.0]]), sizes=(1, 4), mode="linear")
    array([[1.  , 1.25, 1.75, 2.  ]])
    >>> npx.resize(np.asarray([[1, 2]]), scales=(2, 2))
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]])
    """
    x = np.asarray(x)
    if mode not in MODES or rounding not in ROUNDED:
        wanted = ", ".join(MODES if mode not in MODES else ROUNDED)
        raise UsageError(f"mode={mode!r}, rounding={rounding!r}: give one of {wanted}")
    if mode == "nearest" and antialias:
        raise UsageError("antialias with mode='nearest'; it is for 'linear' and 'cubic'")
    kernel = Kernel(mode, cubic_coefficient, bool(exclude_outside), bool(antialias))
    lines = list(lines_of(x, sizes, scales, axes, roi if coordinates == CROP else None))
    if not lines:
        return np.positive(x) if x.dtype.kind != "b" else np.copy(x)
    if mode == "nearest":
        for axis, line in lines:
            x = _nearest(x, axis, line, coordinates, rounding, extrapolation_value)
        return x
    found = np.astype(x, weighted_in(x.dtype, mode), copy=False)
    for axis, line in lines:
        found = _weighted(found, axis, line, coordinates, kernel, extrapolation_value)
    return in_dtype(found, x.dtype)


CROP = "tf_crop_and_resize"


def weighted_in(dtype: numpy.dtype[Any], mode: str) -> Any:
    """The dtype in which elements are weighted."""
    if dtype.kind == "f":
        return dtype if dtype.itemsize > 2 else numpy.float32
    if dtype.kind in "iu" and dtype.itemsize <= 4:
        return numpy.float32 if dtype.itemsize <= 2 else numpy.float64
    raise UsageError(f"mode={mode!r} of {dtype}; give floats, or take mode='nearest'")


def in_dtype(x: Any, dtype: numpy.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return np.astype(x, dtype, copy=False)
    limits = numpy.iinfo(dtype)
    return np.astype(np.clip(np.rint(x), limits.min, limits.max), dtype)


# Along one axis


def _nearest(x: Any, axis: int, line: Line, coordinates: str, rounding: str, outside: float) -> Any:
    if _is_repeat(line, coordinates, rounding):
        times = round(line.scale or line.size // line.length)
        order = np.repeat(np.arange(line.length, dtype=numpy.int32), times)
        return np.take(x, order, axis=axis, mode="clip")
    at = positions_of(line, coordinates)
    found = _taken(x, ROUNDED[rounding](at), axis, line)
    return _cropped(found, axis, line, coordinates, at, outside)


def _is_repeat(line: Line, coordinates: str, rounding: str) -> bool:
    """Whether each element is taken a whole number of times."""
    if (coordinates, rounding) not in REPEATING:
        return False
    if line.known:
        times, rest = divmod(line.size, line.length)
        return not rest and line.scale in (None, float(times))
    return line.scale is not None and line.scale.is_integer()


REPEATING = {
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel_symmetric", "round_prefer_ceil"),
    ("half_pixel_symmetric", "round_prefer_floor"),
    ("tf_half_pixel_for_nn", "floor"),
}


def _weighted(
    x: Any, axis: int, line: Line, coordinates: str, kernel: Kernel, outside: float
) -> Any:
    at = positions_of(line, coordinates)
    neighbours, weights = weights_of(kernel, at, line, x.dtype)
    shape = (-1, *(1,) * (x.ndim - axis - 1))
    if len(neighbours) <= FEW:
        parts = [
            _taken(x, place, axis, line) * np.reshape(np.astype(weight, x.dtype), shape)
            for place, weight in zip(neighbours, weights, strict=True)
        ]
        found = sum(parts[1:], parts[0])
    else:
        rows = _taken(x, np.stack(neighbours, axis=1), axis, line)
        together = np.astype(np.stack(weights, axis=1), x.dtype)
        found = np.sum(rows * np.reshape(together, (*together.shape, *shape[1:])), axis=axis + 1)
    return _cropped(found, axis, line, coordinates, at, outside)


def _taken(x: Any, places: Any, axis: int, line: Line) -> Any:
    """The elements at positions of an axis, of which those outside are its ends."""
    if isinstance(places, numpy.ndarray) and not isinstance(line.length, Dim):
        within = numpy.clip(places, 0, max(line.length - 1, 0))
        return np.take(x, within.astype(numpy.int32), axis=axis)
    return np.take(x, places, axis=axis, mode="clip")


def _cropped(x: Any, axis: int, line: Line, coordinates: str, at: Any, outside: float) -> Any:
    """The value outside in place of what is beyond the old axis."""
    if coordinates != CROP:
        return x
    is_outside = (at.at < 0) | (at.at > line.length - 1)
    if not is_outside.any():
        return x
    shape: Sequence[int] = (-1, *(1,) * (x.ndim - axis - 1))
    return np.where(is_outside.reshape(shape), numpy.asarray(outside, x.dtype), x)
