"""Positions that are watched: brought inside of an axis, and told whether one was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from .movement_rules import scalar
from .rules import ELEMENT_TYPES

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["any_outside", "inside"]


def inside(site: Site, positions: str, outside: str) -> str:
    dtype = site.operand_type().dtype
    size, zero = scalar(site, site.attributes["size"], dtype), site.literal(0, dtype)
    counted = site.op("Add", positions, size, since=14)
    from_zero = site.op("Where", site.op("Less", positions, zero), counted, positions)
    return site.op("Where", outside, zero, from_zero)


def any_outside(site: Site, positions: str) -> str:
    """The largest of 0 and 1; CUDA reduces no truth values."""
    size, dtype = site.attributes["size"], site.operand_type().dtype
    below = site.op("Less", positions, scalar(site, -size, dtype))
    above = site.op("GreaterOrEqual", positions, scalar(site, size, dtype))
    outside = site.op("Cast", site.op("Or", below, above), to=ELEMENT_TYPES["float32"])
    line = site.op("Reshape", outside, site.literal([-1]), since=14)
    some = site.op("ReduceMax", line, site.literal([0]), keepdims=0, since=18)
    return site.op("Greater", some, site.literal(0, numpy.float32))
