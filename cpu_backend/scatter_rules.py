"""Lookups and updates at positions along several axes, or at one for each element."""

from __future__ import annotations

from collections.abc import Mapping

import numpy
from openvino import opset16 as ov

from isthmus.graph.infer import one_axis

from .builder import Output, Site

__all__ = ["gather_nd", "scatter_elements", "scatter_nd"]

REDUCTIONS: Mapping[str, str] = {
    "add": "sum",
    "max": "max",
    "min": "min",
    "mul": "prod",
    "none": "none",
}


def gather_nd(site: Site, x: Output, indices: Output) -> Output:
    return ov.gather_nd(x, indices, site.attributes["batch_dims"])


def scatter_elements(site: Site, x: Output, indices: Output, updates: Output) -> Output:
    axis = one_axis(site.attributes["axis"], site.type.ndim)
    reduction = REDUCTIONS[site.attributes["reduction"]]
    found = ov.scatter_elements_update(x, indices, updates, axis, reduction, True)
    if reduction not in ("max", "min") or site.numerics == "fast":
        return found
    # NaN, which the kernel drops, is where 1 is the larger of 0 and 1.
    before, put = (ov.convert(ov.is_nan(one), "f32") for one in (x, updates))
    some = ov.scatter_elements_update(before, indices, put, axis, "max", True)
    nan = ov.constant(numpy.nan, numpy.float32)
    return ov.select(ov.greater(some, ov.constant(0, numpy.float32)), nan, found)


def scatter_nd(site: Site, x: Output, indices: Output, updates: Output) -> Output:
    return ov.scatter_nd_update(x, indices, updates, REDUCTIONS[site.attributes["reduction"]])
