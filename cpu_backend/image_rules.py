"""Images at other sizes, and looked at where a grid says."""

from __future__ import annotations

import numpy
from openvino import opset16 as ov

from isthmus.npx.standard_resize import scales_of

from .builder import Output, Site, vector

__all__ = ["grid_sample", "resize"]

MODES = {"linear": "linear_onnx", "nearest": "nearest"}
LINEAR = {"linear": "bilinear", "nearest": "nearest"}
FAR = 10.0  # a coordinate outside of every image, with all its neighbours


def resize(site: Site, x: Output) -> Output:
    """By powers of two, whose positions float32 has."""
    facts = site.attributes
    scales = scales_of(site.operand_type(0), facts)
    assert scales is not None
    return ov.interpolate(
        x,
        ov.constant(numpy.asarray(scales[2:], numpy.float32)),
        MODES[facts["mode"]],
        "scales",
        coordinate_transformation_mode=facts["coordinates"],
        nearest_mode=facts["rounding"],
        axes=vector([2, 3]),
    )


def grid_sample(site: Site, x: Output, grid: Output) -> Output:
    """GridSample of coordinates that are numbers and near; NaN where one is none."""
    facts = site.attributes
    given = {
        "align_corners": bool(facts["align_corners"]),
        "mode": LINEAR[facts["mode"]],
        "padding_mode": facts["padding_mode"],
    }
    near = ov.clamp(grid, -FAR, FAR)
    if site.numerics == "fast":
        return ov.grid_sample(x, near, given)
    none = ov.is_nan(grid)
    zero, nan = (ov.constant(numpy.float32(n)) for n in (0, numpy.nan))
    found = ov.grid_sample(x, ov.select(none, zero, near), given)
    some = ov.reduce_logical_or(none, vector([3]), False)
    return ov.select(ov.unsqueeze(some, vector([1])), nan, found)
