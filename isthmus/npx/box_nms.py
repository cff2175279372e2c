"""The best of overlapping boxes, as MXNet has it: an array of the same shape."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.nodes import Type
from isthmus.trace.op import primitive

from .boxes import FORMATS, corners, remaining

__all__ = ["box_nms"]


def _type(data: Type, **facts: Any) -> Type:
    if data.ndim < 2 or data.dtype.kind != "f":
        raise UsageError(f"{data} given; give floats, [..., boxes, facts]")
    if facts["in_format"] not in FORMATS or facts["out_format"] not in FORMATS:
        raise UsageError(
            f"formats {facts['in_format']!r}, {facts['out_format']!r}; give 'corner' or 'center'"
        )
    return data


@primitive(infer=_type, checked=True, host_only="which boxes remain is found one after another")
def box_nms(
    data: Any,
    /,
    *,
    overlap_thresh: float = 0.5,
    valid_thresh: float = 0.0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: str = "corner",
    out_format: str = "corner",
) -> Any:
    """The boxes by falling score, without those that overlap a better one; -1 in the other rows.

    data: [..., boxes, facts], floats -> the same shape. overlap_thresh: from which overlap on, as
    of `box_iou`, a box is left out. Of a row of facts score_index is the score,
    which must be above valid_thresh, coord_start the first of the four coordinates (x1, y1, x2, y2,
    or x, y, width, height: "center"), id_index the class, if it is not -1: boxes of different
    classes suppress each other by force_suppress alone, and those of background_id are left out.
    topk: how many of the best are looked at; all, if it is not positive. Raises UsageError for
    other formats and arrays. As MXNet's npx.box_nms.

    >>> from isthmus import np, npx
    >>> rows = np.asarray([[0, 0.5, 0, 0, 2, 2], [0, 0.4, 0, 0, 2, 2], [0, 0.9, 5, 5, 6, 6]])
    >>> npx.box_nms(rows)
    array([[ 0. ,  0.9,  5. ,  5. ,  6. ,  6. ],
           [ 0. ,  0.5,  0. ,  0. ,  2. ,  2. ],
           [-1. , -1. , -1. , -1. , -1. , -1. ]])
    """
    found = numpy.full_like(data, -1)
    where = slice(coord_start, coord_start + 4)
    for place in numpy.ndindex(data.shape[:-2]):
        rows = data[place]
        boxes = corners(rows[:, where], in_format)
        classes = rows[:, id_index] if id_index >= 0 else numpy.zeros(len(rows))
        is_valid = rows[:, score_index] > valid_thresh
        if id_index >= 0 and background_id >= 0:
            is_valid &= classes != background_id
        order = numpy.argsort(-rows[:, score_index], kind="stable")
        order = order[is_valid[order]]
        kept = _kept(
            boxes, classes, order[:topk] if topk > 0 else order, overlap_thresh, force_suppress
        )
        found[place][: len(kept)] = rows[kept]
        if in_format != out_format:
            found[place][: len(kept), where] = _other(rows[kept][:, where], in_format)
    return found


def _kept(boxes: Any, classes: Any, order: Any, limit: float, any_class: bool) -> Any:
    """Of positions, the best first, those that remain."""
    places = remaining(boxes[order], limit, None if any_class else classes[order])
    return order[list(places)]


def _other(boxes: Any, form: str) -> Any:
    """Coordinates in the format that they are not in."""
    if form == "center":
        return corners(boxes, form)
    low, high = boxes[:, :2], boxes[:, 2:]
    return numpy.concatenate([(low + high) / 2, high - low], axis=1)
