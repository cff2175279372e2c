"""The largest elements of parts of images (Girshick 2015, arXiv:1504.08083)."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import IndexOutside, UsageError
from isthmus.graph.nodes import Type
from isthmus.trace.op import primitive

__all__ = ["roi_pooling"]

Floats = numpy.ndarray[Any, numpy.dtype[Any]]


def _type(x: Type, rois: Type, pooled_size: Any, spatial_scale: float) -> Type:
    fits = x.ndim == 4 and rois.ndim == 2 and rois.shape[1] == 5
    if not fits or x.dtype.kind != "f" or x.dtype != rois.dtype:
        raise UsageError(f"{x} and {rois}; give [N, C, H, W] and [R, 5], floats of one dtype")
    return Type(x.dtype, (rois.shape[0], x.shape[1], *pooled_size))


@primitive(infer=_type, checked=True, host_only="regions have as many elements as they say")
def roi_pooling(x: Any, rois: Any, /, *, pooled_size: Any, spatial_scale: float = 1.0) -> Any:
    """The largest element in each of h * w parts of a region, which overlap where they share one.

    x: [N, C, H, W], rois: [R, 5], which image, x1, y1, x2, y2, floats of one dtype -> [R, C, h, w],
    (h, w) = pooled_size. Corners times spatial_scale are rounded, halves away from 0, and are
    elements of the region; a part outside of the image is 0. Raises UsageError for other arrays,
    IndexOutside for an image that there is not. As MXNet's npx.roi_pooling and ONNX Runtime's
    MaxRoiPool.

    >>> from isthmus import np, npx
    >>> x, region = np.reshape(np.arange(16.0), (1, 1, 4, 4)), np.asarray([[0, 0.0, 0, 3, 2]])
    >>> npx.roi_pooling(x, region, pooled_size=(1, 2))
    array([[[[ 9., 11.]]]])
    """
    height, width = pooled_size
    found = numpy.zeros((len(rois), x.shape[1], height, width), x.dtype)
    for region, (image, *corners) in enumerate(rois):
        if not 0 <= image < len(x):
            raise IndexOutside(f"npx.roi_pooling: image {image} of {len(x)}")
        x1, y1, x2, y2 = _rounded(numpy.asarray(corners) * x.dtype.type(spatial_scale))
        rows = _parts(y1, y2, height, x.shape[2])
        columns = _parts(x1, x2, width, x.shape[3])
        for i, j in numpy.ndindex(height, width):
            part = x[int(image), :, rows[i], columns[j]]
            if part.size:
                found[region, :, i, j] = part.max(axis=(1, 2))
    return found


def _rounded(numbers: Floats) -> list[int]:
    found: list[int] = numpy.trunc(numbers + numpy.copysign(0.5, numbers)).astype(int).tolist()
    return found


def _parts(first: int, last: int, count: int, size: int) -> list[slice]:
    """The elements of first .. last in equal parts, as far as they are in an axis."""
    width = numpy.float32(max(last - first + 1, 1)) / numpy.float32(count)
    steps = numpy.arange(count, dtype=numpy.float32)
    starts = numpy.floor(steps * width).astype(int) + first
    ends = numpy.ceil((steps + 1) * width).astype(int) + first
    both = zip(*(numpy.clip(one, 0, size).tolist() for one in (starts, ends)), strict=True)
    return [slice(start, end) for start, end in both]
