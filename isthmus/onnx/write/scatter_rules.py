"""Lookups and updates at positions along several axes, or at one for each element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from isthmus.graph.infer import one_axis

from .rules import ELEMENT_TYPES

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["gather_nd", "scatter_elements", "scatter_nd"]


EXTREMES = ("max", "min")


def _wide(site: Site, indices: str) -> str:
    """Indices as int64, which is all that ONNX takes along several axes."""
    is_wide = site.operand_type(1).dtype == numpy.int64
    return indices if is_wide else site.op("Cast", indices, to=ELEMENT_TYPES["int64"])


def _reduced(site: Site) -> dict[str, Any]:
    """The reduction, which is from opset 16 on, or 18."""
    reduction = site.attributes["reduction"]
    since = 18 if reduction in EXTREMES else 16
    return {} if reduction == "none" else {"reduction": reduction, "since": since}


def gather_nd(site: Site, x: str, indices: str) -> str:
    """GatherND, of types that CUDA has a kernel for."""
    name = site.type.dtype.name
    through = {"bool": "float32", "int32": "int64"}.get(name)
    given = x if through is None else site.op("Cast", x, to=ELEMENT_TYPES[through])
    batch = site.attributes["batch_dims"]
    found = site.op("GatherND", given, _wide(site, indices), batch_dims=batch)
    return found if through is None else site.op("Cast", found, to=ELEMENT_TYPES[name])


def scatter_elements(site: Site, x: str, indices: str, updates: str) -> str:
    axis, reduction = one_axis(site.attributes["axis"], site.type.ndim), _reduced(site)
    found = site.op("ScatterElements", x, indices, updates, axis=axis, **reduction)
    if site.attributes["reduction"] not in EXTREMES or site.fast:
        return found
    # NaN, which the kernel drops, is where 1 is the larger of 0 and 1.
    before, put = (_as_float(site, site.op("IsNaN", one)) for one in (x, updates))
    some = site.op("ScatterElements", before, indices, put, axis=axis, reduction="max", since=18)
    hit = site.op("Greater", some, site.literal(0, numpy.float32))
    return site.op("Where", hit, site.literal(numpy.nan, numpy.float32), found)


def _as_float(site: Site, x: str) -> str:
    return site.op("Cast", x, to=ELEMENT_TYPES["float32"])


def scatter_nd(site: Site, x: str, indices: str, updates: str) -> str:
    return site.op("ScatterND", x, _wide(site, indices), updates, **_reduced(site))
