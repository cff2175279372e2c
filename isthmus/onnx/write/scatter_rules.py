"""Lookups and updates at positions along several axes, or at one for each element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from isthmus.graph.infer import one_axis

from .rules import ELEMENT_TYPES

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["gather_nd", "scatter_elements", "scatter_nd"]


def _wide(site: Site, indices: str) -> str:
    """Indices as int64, which is all that ONNX takes along several axes."""
    is_wide = site.operand_type(1).dtype == numpy.int64
    return indices if is_wide else site.op("Cast", indices, to=ELEMENT_TYPES["int64"])


def _reduced(site: Site) -> dict[str, Any]:
    """The reduction, which is from opset 16 on."""
    reduction = site.attributes["reduction"]
    return {} if reduction == "none" else {"reduction": reduction, "since": 16}


def gather_nd(site: Site, x: str, indices: str) -> str:
    batch = site.attributes["batch_dims"]
    return site.op("GatherND", x, _wide(site, indices), batch_dims=batch)


def scatter_elements(site: Site, x: str, indices: str, updates: str) -> str:
    axis = one_axis(site.attributes["axis"], site.type.ndim)
    return site.op("ScatterElements", x, indices, updates, axis=axis, **_reduced(site))


def scatter_nd(site: Site, x: str, indices: str, updates: str) -> str:
    return site.op("ScatterND", x, _wide(site, indices), updates, **_reduced(site))
