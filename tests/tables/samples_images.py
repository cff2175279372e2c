"""Samples of operators on images and on the boxes in them."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32, i32, positive

from isthmus import npx
from isthmus.trace.op import OPERATORS, Op

IMAGE = f32(2, 3, 6, 5)
GRID = (numpy.random.default_rng(1).random((2, 4, 3, 2)) * 2.4 - 1.2).astype(numpy.float32)
SPACE = (numpy.random.default_rng(2).random((1, 2, 2, 3, 3)) * 2 - 1).astype(numpy.float32)
BOXES = numpy.sort(positive(5, 2, 2), axis=1).reshape(5, 4)
FOUND = numpy.concatenate(
    [numpy.arange(5, dtype=numpy.float32)[:, None] % 2, positive(5, 1), BOXES], 1
)
ROIS = numpy.array([[0, 0, 3, 3], [1.25, 0.73, 4.19, 5.68], [-2, -1, 9, 8]], numpy.float32)
POOLED = numpy.array([[0, 0, 0, 3, 3], [1, 1.3, 0.5, 4, 5], [1, -2, -1, 9, 8]], numpy.float32)
WHICH = numpy.array([0, 1, 1], numpy.int64)
FILE = numpy.frombuffer(b"P6 2 1 255 " + bytes(range(0, 240, 40)), numpy.uint8)
LINEAR = {"mode": "linear", "axes": (2, 3)}
CUBIC = {"mode": "cubic", "axes": (-1,)}

ROWS: dict[Op[..., Any], list[Sample]] = {
    OPERATORS["npx.adaptive_roi_align"]: [
        Sample((IMAGE, ROIS, WHICH), {"output_size": (2, 2), "spatial_scale": 1.0, "mode": "avg",
                                      "half_pixel": True}),
    ],
    npx.box_iou: [
        Sample((BOXES, BOXES[:3] * 0.9 + 0.1)),
        Sample((BOXES, BOXES[0] + 0.3), {"format": "center"}),
    ],
    npx.box_nms: [
        Sample((FOUND,), {"overlap_thresh": 0.1, "id_index": 0}),
        Sample((numpy.stack([FOUND, FOUND * 2]),), {"force_suppress": True, "topk": 3,
                                                    "valid_thresh": 1.0}),
    ],
    OPERATORS["npx.decoded_bytes"]: [
        Sample((FILE,), {"channels": "RGB"}),
        Sample((FILE[:5],), {"channels": "Grayscale"}),  # which is no image
    ],
    npx.depth_to_space: [
        Sample((f32(2, 8, 3, 2),), {"block_size": 2}),
        Sample((i32(1, 9, 1, 2),), {"block_size": 3, "mode": "CRD"}),
    ],
    npx.grid_sample: [
        Sample((IMAGE, GRID)),
        Sample((IMAGE, GRID), {"mode": "nearest", "padding_mode": "border"}),
        Sample((IMAGE, GRID), {"mode": "cubic", "padding_mode": "reflection",
                               "align_corners": True}),
        Sample((f32(1, 2, 3, 4, 5), SPACE), {"padding_mode": "border", "align_corners": True}),
    ],
    npx.non_max_suppression: [
        Sample((positive(2, 6, 4), f32(2, 3, 6), i32(low=3), numpy.float32(0.2), None)),
        Sample((positive(1, 6, 4), f32(1, 2, 6), i32(1, low=3), None, numpy.float32(0.1)),
               {"center_point_box": True}),
    ],
    npx.resize: [
        Sample((IMAGE,), {"scales": (2, 2), "axes": (2, 3)}),
        Sample((IMAGE,), {"sizes": (4, 9), "axes": (2, 3), "coordinates": "asymmetric",
                          "rounding": "floor"}),
        Sample((IMAGE,), {"scales": (1, 1, 0.5, 4), "rounding": "ceil"}),
        Sample((i32(3, 4),), {"scales": (1, 1.5), "coordinates": "align_corners",
                              "rounding": "ceil"}),
        Sample((IMAGE,), {**LINEAR, "scales": (2, 2)}),
        Sample((IMAGE,), {**LINEAR, "sizes": (9, 4), "coordinates": "align_corners"}),
        Sample((IMAGE,), {**LINEAR, "sizes": (3, 2), "antialias": True}),
        Sample((IMAGE,), {**LINEAR, "sizes": (3, 2), "coordinates": "tf_crop_and_resize",
                          "roi": (-0.2, 0.1, 0.8, 1.0), "extrapolation_value": 7.0}),
        Sample((IMAGE,), {**CUBIC, "scales": (2.5,), "coordinates": "pytorch_half_pixel"}),
        Sample((IMAGE,), {**CUBIC, "sizes": (3,), "exclude_outside": True,
                          "cubic_coefficient": -0.5, "coordinates": "half_pixel_symmetric"}),
        Sample((i32(2, 3, 4),), {"scales": (2, 1, 2), "mode": "linear"}),
    ],
    OPERATORS["npx.resized_axis"]: [
        Sample((IMAGE, None, numpy.float32(1.5), None),
               {"axis": 2, "options": (("mode", "linear"), ("antialias", True))}),
        Sample((i32(3, 4), numpy.int64(6), None, None), {"axis": 1, "options": ()}),
    ],
    npx.roi_align: [
        Sample((IMAGE, ROIS, WHICH), {"output_size": (2, 3), "samples": 2}),
        Sample((IMAGE, ROIS, WHICH), {"output_size": (3, 2), "samples": 1, "mode": "max",
                                      "half_pixel": False, "spatial_scale": 0.5}),
    ],
    npx.roi_pooling: [
        Sample((IMAGE, POOLED), {"pooled_size": (2, 3)}),
        Sample((IMAGE, POOLED), {"pooled_size": (3, 1), "spatial_scale": 0.5}),
    ],
    npx.space_to_depth: [
        Sample((f32(2, 2, 4, 6),), {"block_size": 2}),
        Sample((f32(1, 1, 3, 3),), {"block_size": 3, "mode": "CRD"}),
    ],
}  # fmt: skip

WITHOUT_GRADIENT: dict[Op[..., Any], str] = {
    OPERATORS["npx.adaptive_roi_align"]: "it looks at as many points as regions ask for",
    OPERATORS["npx.resized_axis"]: "its parts have gradients where sizes are known",
    npx.roi_pooling: "regions have as many elements as they say",
    npx.box_nms: "boxes are chosen by comparisons of whole arrays",
}
