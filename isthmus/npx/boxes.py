"""Boxes found in images: how much they overlap, and the best of those that do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import equal
from isthmus.graph.infer import INT64
from isthmus.graph.nodes import Type
from isthmus.np import host_only
from isthmus.trace.op import composite, primitive

__all__ = ["box_iou", "non_max_suppression"]

FORMATS = ("center", "corner")
Floats = numpy.ndarray[Any, numpy.dtype[Any]]


def corners(boxes: Any, form: str) -> Any:
    """Boxes as x1, y1, x2, y2; those of a centre are x, y, width, height."""
    if form not in FORMATS:
        raise UsageError(f"format={form!r}; give 'corner' or 'center'")
    if form == "corner":
        return boxes
    middle, half = np.getitem(boxes, (..., slice(0, 2))), np.getitem(boxes, (..., slice(2, 4))) / 2
    return np.concat([middle - half, middle + half], axis=-1)


@composite
def box_iou(lhs: Any, rhs: Any, /, *, format: str = "corner") -> Any:
    """The common area of two boxes by the area that either has, of each pair; 0 where none has any.

    lhs: [..., 4], rhs: [..., 4], floats -> [all the axes of lhs but the last, those of rhs].
    format: "corner", x1, y1, x2, y2, the smaller ones first, or "center", x, y, width, height.
    Raises UsageError for other formats and arrays. As MXNet's npx.box_iou.

    >>> from isthmus import np, npx
    >>> x = np.asarray([[0.0, 0.0, 2.0, 1.0]])
    >>> npx.box_iou(x, np.asarray([[1.0, 0.0, 3.0, 1.0], [0.0, 0.0, 2.0, 1.0]]))
    array([[0.33333333, 1.        ]])
    """
    lhs, rhs = np.asarray(lhs), np.asarray(rhs)
    for boxes in (lhs, rhs):
        if not boxes.ndim or not equal(boxes.shape[-1], 4) or boxes.dtype.kind != "f":
            raise UsageError(f"boxes of {Type(boxes.dtype, boxes.shape)}; give floats, [..., 4]")
    shape = (*lhs.shape[:-1], *(1,) * (rhs.ndim - 1), 4)
    first, second = np.reshape(corners(lhs, format), shape), corners(rhs, format)
    low = np.maximum(_part(first, 0), _part(second, 0))
    high = np.minimum(_part(first, 2), _part(second, 2))
    common = _area(np.maximum(high - low, 0))
    sides = [_part(one, 2) - _part(one, 0) for one in (first, second)]
    total = _area(sides[0]) + _area(sides[1]) - common
    return np.where(
        total <= 0, numpy.zeros((), total.dtype), common / np.where(total <= 0, 1, total)
    )


def _part(boxes: Any, start: int) -> Any:
    return np.getitem(boxes, (..., slice(start, start + 2)))


def _area(sides: Any) -> Any:
    return np.getitem(sides, (..., 0)) * np.getitem(sides, (..., 1))


# The standard's choice of boxes


def _chosen_type(
    boxes: Type,
    scores: Type,
    most: Any,
    overlap: Any,
    least: Any,
    center_point_box: bool,
    size: Any,
) -> Type:
    if boxes.ndim != 3 or scores.ndim != 3 or boxes.dtype.kind + scores.dtype.kind != "ff":
        raise UsageError(f"boxes {boxes} and scores {scores}; give [N, B, 4] and [N, C, B], floats")
    sizes = (
        (boxes.shape[0], scores.shape[0]),
        (boxes.shape[1], scores.shape[2]),
        (boxes.shape[2], 4),
    )
    if not all(equal(one, other) for one, other in sizes):
        raise DimensionError(f"boxes {boxes} and scores {scores}; give [N, B, 4] and [N, C, B]")
    return Type(INT64, (size, 3))


@primitive(infer=_chosen_type, discovers=True, checked=True, host_only=host_only.DISCOVERED)
def non_max_suppression(
    boxes: Any,
    scores: Any,
    most: Any = None,
    overlap: Any = None,
    least: Any = None,
    /,
    *,
    center_point_box: bool = False,
    size: Any = None,
) -> Any:
    """The boxes of the best scores, without those that overlap a better one of their class by more.

    boxes: [N, B, 4], y1, x1, y2, x2 with either corner first, or x, y, width, height by
    center_point_box; scores: [N, C, B], floats -> [n, 3] of int64, image, class and box, the
    best of a class first; n depends on values. most: how many of a class and image at most, 0 if
    None. overlap: common area by that of both, 0 if None. least: scores must be above it; None
    for all. Each is an array of one number. Raises UsageError and DimensionError for arrays that do
    not fit. As ONNX's NonMaxSuppression.

    >>> from isthmus import np, npx
    >>> boxes = np.asarray([[[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, 5.0, 1.0, 6.0]]])
    >>> scores = np.asarray([[[0.9, 0.8, 0.7]]])
    >>> npx.non_max_suppression(boxes, scores, np.asarray(9), np.asarray(0.5))
    array([[0, 0, 0],
           [0, 0, 2]])
    """
    count = 0 if most is None else _number(most, "most")
    limit = 0.0 if overlap is None else _number(overlap, "overlap")
    lowest = None if least is None else _number(least, "least")
    ordered = _ordered(boxes, center_point_box)
    rows = [
        (n, c, b)
        for n, c in numpy.ndindex(scores.shape[:2])
        for b in _best(ordered[n], scores[n, c], count, limit, lowest)
    ]
    return numpy.asarray(rows, numpy.int64).reshape(-1, 3)


def _number(value: Any, name: str) -> Any:
    array = numpy.asarray(value)
    if array.size != 1:
        raise UsageError(f"npx.non_max_suppression: {name} has {array.size} numbers; give one")
    return array.reshape(()).item()


def _ordered(boxes: Floats, center_point_box: bool) -> Floats:
    """The corners of boxes, the smaller coordinates first."""
    if center_point_box:
        found: Floats = corners(boxes, "center")
        return found
    one, other = boxes[..., :2], boxes[..., 2:]
    return numpy.concatenate([numpy.minimum(one, other), numpy.maximum(one, other)], axis=-1)


def _best(boxes: Floats, scores: Floats, most: int, limit: float, least: Any) -> Iterator[int]:
    """The positions of the boxes that remain, the best first."""
    order = numpy.argsort(-scores, kind="stable")
    if least is not None:
        order = order[scores[order] > scores.dtype.type(least)]
    for place in itertools.islice(remaining(boxes[order], limit), max(most, 0)):
        yield int(order[place])


def remaining(boxes: Floats, limit: float, classes: Any = None) -> Iterator[int]:
    """The places of corners, the best first, that no better one overlaps by more; of its class."""
    sides = numpy.ascontiguousarray(boxes.T)
    areas = (sides[2] - sides[0]) * (sides[3] - sides[1])
    is_out = numpy.zeros(len(boxes), bool)
    for place in range(len(boxes)):
        if is_out[place]:
            continue
        yield place
        rest = slice(place + 1, None)
        low = numpy.maximum(sides[:2, place, None], sides[:2, rest])
        width, height = numpy.minimum(sides[2:, place, None], sides[2:, rest]) - low
        common = numpy.where((width > 0) & (height > 0), width * height, 0)
        total = areas[place] + areas[rest] - common
        beyond = numpy.divide(common, total, out=numpy.zeros_like(total), where=common > 0) > limit
        is_out[rest] |= beyond if classes is None else beyond & (classes[rest] == classes[place])
