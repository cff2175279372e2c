"""Parts of images, each as an image of one size (He et al. 2017, arXiv:1703.06870)."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.trace.op import composite, primitive

from .grid_sample import Plane
from .precision import same_dtype

__all__ = ["roi_align"]

MODES = ("avg", "max")


@composite
def roi_align(
    x: Any,
    rois: Any,
    images: Any,
    /,
    *,
    output_size: Any,
    spatial_scale: float = 1.0,
    samples: int = 0,
    mode: str = "avg",
    half_pixel: bool = True,
) -> Any:
    """The mean or largest of s * s points of x, in each of h * w equal parts of a region.

    x: [N, C, H, W], rois: [R, 4], x1, y1, x2, y2 times 1 / spatial_scale, of x's dtype, images:
    [R], integers, of which image each is -> [R, C, h, w], (h, w) = output_size. samples: s, or 0
    for as many as a part has elements, rounded up. half_pixel: elements are points at halves;
    without it at whole numbers, and regions are at least 1 wide. mode: "avg" or "max", which is of
    the four neighbours of the points, each times its weight. Raises UsageError for other arrays and
    options, IndexOutside for an image that there is not. As ONNX's RoiAlign.

    >>> from isthmus import np, npx
    >>> x, region = np.reshape(np.arange(16.0), (1, 1, 4, 4)), np.asarray([[0.0, 0.0, 2.0, 2.0]])
    >>> npx.roi_align(x, region, np.asarray([0]), output_size=(1, 2), samples=1)
    array([[[[2., 3.]]]])
    """
    _check(x, rois, images, mode, samples)
    height, width = map(int, output_size)
    scale, half = float(spatial_scale), bool(half_pixel)
    if samples:
        both = (samples, samples)
        return _sampled(x, rois, images, both, (height, width), scale, mode, half)
    return _adaptive_roi_align(x, rois, images, (height, width), scale, mode, half)


def _check(x: Any, rois: Any, images: Any, mode: str, samples: int) -> None:
    if mode not in MODES or samples < 0:
        raise UsageError(f"mode={mode!r}, samples={samples}; give 'avg' or 'max', and 0 or more")
    fits = x.ndim == 4 and rois.ndim == 2 and images.ndim == 1 and rois.shape[1] == 4
    if not fits or x.dtype.kind != "f" or not same_dtype(x, rois) or images.dtype.kind not in "iu":
        given = ", ".join(str(Type(one.dtype, one.shape)) for one in (x, rois, images))
        raise UsageError(f"{given}; give [N, C, H, W] and [R, 4], floats, and [R], integers")


def _type(
    x: Type,
    rois: Type,
    images: Type,
    output_size: Any,
    spatial_scale: Any,
    mode: Any,
    half_pixel: Any,
) -> Type:
    return Type(x.dtype, (rois.shape[0], x.shape[1], *output_size))


@primitive(infer=_type, host_only="how many points it looks at depends on the regions")
def _adaptive_roi_align(
    x: Any,
    rois: Any,
    images: Any,
    /,
    output_size: Any,
    spatial_scale: float,
    mode: str,
    half_pixel: bool,
) -> Any:
    """`roi_align` with as many points in a part as it has elements, rounded up."""
    found = numpy.zeros((len(rois), x.shape[1], *output_size), x.dtype)
    for i, roi in enumerate(rois):
        _, sizes = _region(roi[None], spatial_scale, half_pixel)
        pairs = zip(sizes, output_size, strict=True)
        counts = tuple(max(math.ceil(size.item() / parts), 0) for size, parts in pairs)
        if all(counts):
            part = (
                roi[None],
                images[i : i + 1],
                counts,
                output_size,
                spatial_scale,
                mode,
                half_pixel,
            )
            found[i] = _sampled(x, *part)[0]
    return found


def _region(rois: Any, scale: float, half_pixel: bool) -> tuple[list[Any], list[Any]]:
    """Where regions begin and how long they are, [R, 1], along H and W."""
    at = rois * scale - (0.5 if half_pixel else 0.0)
    x1, y1, x2, y2 = (np.getitem(at, (slice(None), slice(i, i + 1))) for i in range(4))
    sizes = [y2 - y1, x2 - x1]
    return [y1, x1], sizes if half_pixel else [np.maximum(size, 1) for size in sizes]


def _sampled(
    x: Any,
    rois: Any,
    images: Any,
    samples: tuple[int, int],
    output_size: tuple[int, int],
    spatial_scale: float,
    mode: str,
    half_pixel: bool,
) -> Any:
    starts, sizes = _region(rois, spatial_scale, half_pixel)
    axes = []
    for i in (0, 1):
        steps = numpy.arange(output_size[i] * samples[i]) + 0.5
        width = sizes[i] / (output_size[i] * samples[i])
        at = starts[i] + width * steps.astype(x.dtype)
        axes.append(_neighbours(at, x.shape[2 + i]))
    plane = Plane.of(x)
    plane = Plane(plane.rows, plane.image, np.take(plane.first, images, axis=0))
    points = _points(plane, axes, np.maximum if mode == "max" else np.add)
    parts = zip(output_size, samples, strict=True)
    split = np.reshape(points, (rois.shape[0], *(n for both in parts for n in both), x.shape[1]))
    reduce = np.max if mode == "max" else np.mean
    return np.permute_dims(reduce(split, axis=(2, 4)), (0, 3, 1, 2))


def _neighbours(at: Any, size: Any) -> tuple[list[Any], list[Any], Any]:
    """The places [R, n] of both neighbours, their weights, and whether a point is of the image."""
    length = np.asarray(size, at.dtype)
    inside = (at >= -1) & (at <= length)
    at = np.clip(at, 0.0 * length, length - 1)
    below = np.floor(at)
    above = np.minimum(below + 1, length - 1)
    share = at - below
    places = [np.astype(place, numpy.int32) for place in (below, above)]
    return places, [1 - share, share], inside


def _points(plane: Plane, axes: Any, join: Any) -> Any:
    """What is found at each point [R, h, w] -> [R, h * w, C]."""
    (rows, by_row, in_row), (columns, by_column, in_column) = axes
    width, parts = np.asarray(plane.image[1], numpy.int32), []
    for i, j in itertools.product((0, 1), (0, 1)):
        flat = _crossed(np.add, rows[i] * width, columns[j])
        weight = _crossed(np.multiply, by_row[i], by_column[j])
        parts.append(plane.at(flat) * np.expand_dims(weight, axis=2))
    inside = np.expand_dims(_crossed(np.logical_and, in_row, in_column), axis=2)
    found = functools.reduce(join, parts)
    return np.where(inside, found, numpy.zeros((), found.dtype))


def _crossed(function: Any, rows: Any, columns: Any) -> Any:
    """[R, h] and [R, w] -> [R, h * w]."""
    both = function(np.expand_dims(rows, axis=2), np.expand_dims(columns, axis=1))
    return np.reshape(both, (both.shape[0], both.shape[1] * both.shape[2]))
