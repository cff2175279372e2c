"""Images looked at where a grid of coordinates says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.nodes import Node
from isthmus.graph.shapes import product
from isthmus.trace.op import composite

from .precision import same_dtype
from .sampling_weights import cubic, linear

__all__ = ["Plane", "grid_sample"]

PADDING = ("border", "reflection", "zeros")
COEFFICIENT = -0.75  # of the cubic weights, as torch has it
FAR = 4  # from where all neighbours are outside
LARGE = 2.0**24  # from where float32 has no positions between elements
# Of each mode the neighbours of the whole position below, and their weights by the distance.
STEPS = {"cubic": (-1, 0, 1, 2), "linear": (0, 1), "nearest": (0,)}
WEIGHTS: dict[str, Callable[[Any], Any]] = {
    "cubic": lambda distance: cubic(distance, COEFFICIENT),
    "linear": linear,
    "nearest": lambda distance: 1 + distance,  # which is 0 or NaN
}


def _is_standard(node: Node) -> bool:
    """Whether it is of images, in the ways in which runtimes have this function's numbers."""
    x, facts = node.operands[0], node.attributes
    assert x is not None
    ways = facts["mode"] in ("linear", "nearest") and facts["padding_mode"] in ("border", "zeros")
    # Of one element an infinity times its distance to itself is NaN.
    image = [isinstance(size, int) and size > 1 for size in x.type.shape[2:]]
    return len(image) == 2 and ways and (all(image) or not facts["align_corners"])


@composite(is_standard=_is_standard)
def grid_sample(
    x: Any,
    grid: Any,
    /,
    *,
    mode: str = "linear",
    padding_mode: str = "zeros",
    align_corners: bool = False,
) -> Any:
    """y[n, c, i] = x[n, c] at the coordinates grid[n, i], between its elements.

    x: [N, C, H, W] or [N, C, D, H, W], float, grid: [N, ..., 2 or 3] of x's dtype -> [N, C, ...]; a
    coordinate is (x, y) or (x, y, z), from -1 to 1 over the image: to the edges of its outermost
    elements, or to their middle by align_corners. mode: "nearest" (half to even), "linear", "cubic"
    (Keys, -0.75). padding_mode, of what is outside: "zeros", the "border", or its "reflection". A
    coordinate that is NaN makes NaN. Raises UsageError for other axes, dtypes or options. As ONNX's
    GridSample.

    >>> from isthmus import np, npx
    >>> x, grid = np.asarray([[[[1.0, 3.0]]]]), np.asarray([[[[0.0, 0.0], [-0.5, 0.0]]]])
    >>> npx.grid_sample(x, grid)
    array([[[[2., 1.]]]])
    """
    _check(x, grid, mode, padding_mode)
    image, shape = tuple(x.shape[2:]), (x.shape[0], product(grid.shape[1:-1]))
    dtype = x.dtype if x.dtype.itemsize > 2 else numpy.dtype(numpy.float32)
    axes = []
    for axis, size in enumerate(image):
        at = np.getitem(grid, (..., len(image) - 1 - axis))
        at = np.astype(np.reshape(at, shape), dtype, copy=False)
        axes.append(_axis(at, size, mode, padding_mode, align_corners))
    found = _summed(Plane.of(np.astype(x, dtype, copy=False)), axes)
    moved = np.permute_dims(found, (0, 2, 1))
    y = np.reshape(moved, (*x.shape[:2], *grid.shape[1:-1]))
    return np.astype(y, x.dtype, copy=False)


def _check(x: Any, grid: Any, mode: str, padding_mode: str) -> None:
    if mode not in STEPS or padding_mode not in PADDING:
        raise UsageError(
            f"mode={mode!r}, padding_mode={padding_mode!r}; give one of {', '.join(STEPS)}, and "
            f"one of {', '.join(PADDING)}"
        )
    fits = grid.ndim == x.ndim and x.ndim in (4, 5) and same_dtype(x, grid)
    if not fits or x.dtype.kind != "f":
        raise UsageError(
            f"x of {x.ndim} axes and {x.dtype}, a grid of {grid.ndim} and {grid.dtype}; give "
            "[N, C, H, W] and [N, h, w, 2], or both with one more axis, floats of one dtype"
        )
    if grid.shape[-1] != x.ndim - 2:
        raise UsageError(f"coordinates of {grid.shape[-1]} numbers for {x.ndim - 2} axes")


@dataclass(frozen=True)
class Plane:
    """Images with one position a row, to take elements of: rows is [N * positions, C]."""

    rows: Any
    image: tuple[Any, ...]
    first: Any  # of each image, among the rows: [N, 1]

    @classmethod
    def of(cls, x: Any) -> Plane:
        """x: [N, C, ...]."""
        image = tuple(x.shape[2:])
        last = np.permute_dims(x, (0, *range(2, x.ndim), 1))
        rows = np.reshape(last, (x.shape[0] * product(image), x.shape[1]))
        first = np.reshape(np.arange(x.shape[0], dtype=numpy.int32), (-1, 1))
        return cls(rows, image, first * _size(product(image)))

    def at(self, flat: Any) -> Any:
        """The elements at [N, P] positions among all of an image -> [N, P, C]."""
        return np.take(self.rows, flat + self.first, axis=0, mode="clip")


def _size(size: Any) -> Any:
    return np.asarray(size, numpy.int32)


@dataclass(frozen=True)
class Neighbours:
    """Along one axis, or along several: arrays [N, P, neighbours]."""

    places: Any  # whole positions in an axis, or in all of an image
    inside: Any  # whether they are of the image; None where all are
    weights: Any  # NaN where a coordinate is none


def _axis(at: Any, size: Any, mode: str, padding_mode: str, align_corners: bool) -> Neighbours:
    """The neighbours along an axis of coordinates [N, P] from -1 to 1."""
    length = np.asarray(size, at.dtype)
    at = (at + 1) / 2 * (length - 1) if align_corners else ((at + 1) * length - 1) / 2
    at = np.expand_dims(np.rint(at) if mode == "nearest" else at, axis=2)
    low, high = (0.0 * length, length - 1) if align_corners else (0.0 * length - 0.5, length - 0.5)
    is_inside = (at >= low) & (at <= high)
    if padding_mode == "border":
        at = np.where(is_inside, at, np.clip(at, 0.0 * length, length - 1))
    elif padding_mode == "reflection":
        at = np.where(is_inside, at, _reflected(np.clip(at, -LARGE, LARGE), low, high))
    else:
        at = np.clip(at, low - FAR, high + FAR)
    place = np.floor(at) + numpy.asarray(STEPS[mode], at.dtype)
    weights = WEIGHTS[mode](at - place)
    inside = (place >= 0) & (place <= length - 1) if padding_mode == "zeros" else None
    if padding_mode == "reflection":
        place = np.where((place >= low) & (place <= high), place, _reflected(place, low, high))
    return Neighbours(_whole(place, length), inside, weights)


def _reflected(at: Any, low: Any, high: Any) -> Any:
    """Thrown back at both borders until it is between them; an image of one element has it."""
    width = np.maximum(high - low, 1)
    twice = 2 * width
    beyond = np.abs(at - low)
    beyond = beyond - np.floor(beyond / twice) * twice
    return np.minimum(low + np.minimum(beyond, twice - beyond), high)


def _whole(place: Any, length: Any) -> Any:
    """As int32 within the axis; of NaN 0, whose weight is NaN."""
    return np.astype(np.fmin(np.fmax(place, 0.0 * length), length - 1), numpy.int32)


def _crossed(size: Any, first: Neighbours, second: Neighbours) -> Neighbours:
    """Each neighbour along the axes so far with each along the next one, which has this size."""

    def all_pairs(function: Any, left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        both = function(np.expand_dims(left, axis=3), np.expand_dims(right, axis=2))
        return np.reshape(both, (*both.shape[:2], both.shape[2] * both.shape[3]))

    places = all_pairs(np.add, first.places * _size(size), second.places)
    inside = all_pairs(np.logical_and, first.inside, second.inside)
    return Neighbours(places, inside, all_pairs(np.multiply, first.weights, second.weights))


def _summed(plane: Plane, axes: list[Neighbours]) -> Any:
    """The sum over all neighbours of their elements times their weights -> [N, P, C]."""
    whole = axes[0]
    for size, axis in zip(plane.image[1:], axes[1:], strict=True):
        whole = _crossed(size, whole, axis)
    n, p, count = whole.places.shape
    rows = plane.at(np.reshape(whole.places, (n, p * count)))
    found = np.reshape(rows, (n, p, count, rows.shape[2]))
    if whole.inside is not None:
        inside = np.expand_dims(whole.inside, axis=3)
        found = np.where(inside, found, numpy.zeros((), found.dtype))
    weighted = found * np.expand_dims(whole.weights, axis=3)
    return np.squeeze(weighted, axis=2) if count == 1 else np.sum(weighted, axis=2)
