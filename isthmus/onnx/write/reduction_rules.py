"""Reductions over axes, and the positions of extremes. All are computed in float32.

The CUDA kernels for integers reduce in floating point, which is why the host has those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from isthmus.graph.dims import Shape
from isthmus.graph.infer import axes_of, one_axis
from isthmus.graph.shapes import product

from .movement_rules import reshaped
from .rules import ELEMENT_TYPES, Rule

if TYPE_CHECKING:
    from .builder import Site

__all__ = ["extreme", "position", "reduction", "running_sum", "truth"]

SINCE = {"ReduceSum": 13, "ReduceMax": 18, "ReduceMin": 18, "ReduceMean": 18, "ReduceProd": 18}


def reduction(kind: str) -> Rule:
    """A reduction over the node's axes."""
    return lambda site, x: _reduced(site, kind, x)


def _reduced(site: Site, kind: str, x: str) -> str:
    axes = axes_of(site.attributes["axis"], site.operand_type().ndim)
    if not axes:  # which ONNX would take for all of them
        return site.op("Identity", x)
    keep = int(site.attributes["keepdims"])
    return site.op(kind, x, site.literal(axes), keepdims=keep, since=SINCE[kind])


def running_sum(site: Site, x: str) -> str:
    """cumsum along an axis, or of all elements as one line."""
    axis = site.attributes["axis"]
    if axis is None:
        x, axis = reshaped(site, x, site.operand_type().shape, site.type.shape), 0
    return site.op("CumSum", x, site.literal(one_axis(axis, site.type.ndim)), since=14)


def extreme(kind: str) -> Rule:
    """The largest or smallest element, NaN where there is one: kernels lose some of them."""

    def rule(site: Site, x: str) -> str:
        y = _reduced(site, kind, x)
        if site.fast:
            return y
        some = _reduced(site, "ReduceMax", _as_float(site, site.op("IsNaN", x)))
        bad = site.op("Cast", some, to=ELEMENT_TYPES["bool"])
        return site.op("Where", bad, site.literal(numpy.nan, numpy.float32), y)

    return rule


def truth(kind: str) -> Rule:
    """all as the smallest and any as the largest of 0 and 1; CUDA reduces no truth values."""

    def rule(site: Site, x: str) -> str:
        y = _reduced(site, kind, _as_float(site, x))
        return site.op("Cast", y, to=ELEMENT_TYPES["bool"])

    return rule


def _as_float(site: Site, x: str) -> str:
    return site.op("Cast", x, to=ELEMENT_TYPES["float32"])


def position(kind: str) -> Rule:
    """The first position of the extreme, or of a NaN, as NumPy; ArgMax skips NaN.

    Positions are compared as float32, exact up to 2**24; longer axes are the host's.
    """

    def rule(site: Site, x: str) -> str:
        x, axis, shape = _line(site, x)
        along = site.literal([axis])
        hit = _hits(site, x, kind, along)
        count = _positions(site, axis, shape)
        beyond = site.literal(numpy.inf, numpy.float32)
        index = site.op("Where", hit, count, beyond)
        first = site.op("ReduceMin", index, along, keepdims=1, since=18)
        whole = site.op("Cast", first, to=ELEMENT_TYPES["int64"])
        kept = tuple(1 if i == axis else size for i, size in enumerate(shape))
        return reshaped(site, whole, kept, site.type.shape)

    return rule


def _line(site: Site, x: str) -> tuple[str, int, Shape]:
    """x with the axis that is searched; all of x as one axis where none is given."""
    shape, axis = site.operand_type().shape, site.attributes["axis"]
    if axis is not None:
        return x, one_axis(axis, len(shape)), shape
    line = (product(shape),)
    return reshaped(site, x, shape, line), 0, line


def _hits(site: Site, x: str, kind: str, along: str) -> str:
    """Where x is the extreme; where it is NaN, if it is anywhere."""
    nan = site.op("IsNaN", x)
    best = site.op(kind, x, along, keepdims=1, since=18)
    some = site.op("ReduceMax", _as_float(site, nan), along, keepdims=1, since=18)
    none = site.op("Not", site.op("Cast", some, to=ELEMENT_TYPES["bool"]))
    return site.op("Or", nan, site.op("And", site.op("Equal", x, best), none))


def _positions(site: Site, axis: int, shape: Shape) -> str:
    """0, 1, ... along the axis, shaped to broadcast with x."""
    size = site.op("Squeeze", site.build.sizes.one(shape[axis]), site.literal([0]))
    counted = site.op("Range", site.literal(0), size, site.literal(1))
    lines = site.literal([-1] + [1] * (len(shape) - axis - 1))
    return site.op("Reshape", _as_float(site, counted), lines, since=14)
