"""Boxes in images: the best of them, and what they hold."""

from __future__ import annotations

from typing import Any

from isthmus import npx

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def non_max_suppression(
    facts: Facts,
    boxes: Any,
    scores: Any,
    most: Any = None,
    overlap: Any = None,
    least: Any = None,
) -> Any:
    limits = (None if one is None or one.shape == (0,) else one for one in (most, overlap, least))
    is_centered = bool(facts.get("center_point_box", 0))
    return npx.non_max_suppression(boxes, scores, *limits, center_point_box=is_centered)


def roi_align(facts: Facts, x: Any, rois: Any, images: Any) -> Any:
    otherwise = "half_pixel" if facts.opset >= 16 else "output_half_pixel"
    return npx.roi_align(
        x,
        rois,
        images,
        output_size=(facts.get("output_height", 1), facts.get("output_width", 1)),
        spatial_scale=facts.get("spatial_scale", 1.0),
        samples=facts.get("sampling_ratio", 0),
        mode=facts.get("mode", "avg"),
        half_pixel=facts.get("coordinate_transformation_mode", otherwise) == "half_pixel",
    )


def max_roi_pool(facts: Facts, x: Any, rois: Any) -> Any:
    return npx.roi_pooling(
        x,
        rois,
        pooled_size=tuple(facts["pooled_shape"]),
        spatial_scale=facts.get("spatial_scale", 1.0),
    )


ROWS: dict[str, Row] = {
    "MaxRoiPool": row(max_roi_pool),
    "NonMaxSuppression": row(non_max_suppression),
    "RoiAlign": row(roi_align),
}
