"""Which axes get another size, by sizes or by scales."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim, same
from isthmus.graph.infer import one_axis

from .coordinates import WHOLE, Line
from .sampling import scaled_size

__all__ = ["lines_of"]


def lines_of(x: Any, sizes: Any, scales: Any, axes: Any, roi: Any) -> Iterator[tuple[int, Line]]:
    """The axes of x, an array or its type, that change, and how."""
    along = range(x.ndim) if axes is None else [one_axis(axis, x.ndim) for axis in axes]
    count = len(along)
    for name, given in (("sizes", sizes), ("scales", scales)):
        if given is not None and len(given) != count:
            raise UsageError(f"{len(given)} {name} for {count} axes; give one each")
    if sizes is None and scales is None:
        raise UsageError("neither sizes nor scales; give one of them")
    if roi is not None and len(roi) != 2 * count:
        raise UsageError(f"roi of {len(roi)} numbers for {count} axes; give starts, then ends")
    for i, axis in enumerate(along):
        scale = None if scales is None else float(scales[i])
        part = WHOLE if roi is None else (float(roi[i]), float(roi[count + i]))
        line = _line(x.shape[axis], None if sizes is None else sizes[i], scale, part)
        is_idle = (line.scale in (None, 1.0) and part == WHOLE) or same(line.length, 0)
        if not (is_idle and same(line.size, line.length)):
            yield axis, line


def _line(length: Any, size: Any, scale: float | None, roi: tuple[float, float]) -> Line:
    if scale is not None and not 0 < scale < numpy.inf:
        raise UsageError(f"scale {scale}; give positive numbers")
    if size is None:
        assert scale is not None
        if roi[1] - roi[0] != 1:
            raise UsageError(f"roi {roi} with scales, whose size is disputed; give sizes")
        size = scaled_size(length, scale)
    if same(length, 0) and not same(size, 0):
        raise UsageError("an empty axis has no elements to make others of")
    return Line(length, size, _times(size, length) if scale is None else scale, roi)


def _times(size: Any, length: Any) -> float | None:
    """How often a size with a name is another; None for a fraction."""
    if not (isinstance(size, Dim) and isinstance(length, Dim)):
        return None
    try:
        found = size // length
    except DimensionError:
        return None
    return float(found) if isinstance(found, int) and same(found * length, size) else None
