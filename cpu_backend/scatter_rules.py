"""Lookups and updates at positions along several axes, or at one for each element."""

from __future__ import annotations

from collections.abc import Mapping

from openvino import opset16 as ov

from isthmus.graph.infer import one_axis

from .builder import Output, Site

__all__ = ["gather_nd", "scatter_elements", "scatter_nd"]

REDUCTIONS: Mapping[str, str] = {"add": "sum", "mul": "prod", "none": "none"}


def gather_nd(site: Site, x: Output, indices: Output) -> Output:
    return ov.gather_nd(x, indices, site.attributes["batch_dims"])


def scatter_elements(site: Site, x: Output, indices: Output, updates: Output) -> Output:
    axis = one_axis(site.attributes["axis"], site.type.ndim)
    reduction = REDUCTIONS[site.attributes["reduction"]]
    return ov.scatter_elements_update(x, indices, updates, axis, reduction, True)


def scatter_nd(site: Site, x: Output, indices: Output, updates: Output) -> Output:
    return ov.scatter_nd_update(x, indices, updates, REDUCTIONS[site.attributes["reduction"]])
