"""Rules of reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from openvino import opset16 as ov

from isthmus.graph.dims import Dim, Shape
from isthmus.graph.infer import axes_of, one_axis
from isthmus.graph.shapes import product

from .builder import Output, Site, vector
from .rules import Rule

__all__ = ["extreme", "position", "reduced", "reduction", "running_sum"]


def reduction(function: Callable[..., Any]) -> Rule:
    """A rule for a reduction over `axis`."""

    def rule(site: Site, x: Output) -> Output:
        axes = axes_of(site.attributes["axis"], site.operand_type(0).ndim)
        return reduced(function, x, vector(axes), site.attributes["keepdims"]) if axes else x

    return rule


def reduced(function: Callable[..., Any], x: Output, axes: Output, keep: bool) -> Output:
    """The reduction; axes go by a squeeze, because a reduction that drops the last of three axes
    itself takes a vector that is added or multiplied after it for one of the axis before."""
    result = function(x, axes, True)
    return result if keep else ov.squeeze(result, axes)


def running_sum(site: Site, x: Output) -> Output:
    """cumsum along an axis, or of all elements as one line."""
    axis = site.attributes["axis"]
    if axis is None:
        x, axis = site.build.reshape(x, site.operand_type(0).shape, site.type.shape), 0
    return ov.cum_sum(x, ov.constant(one_axis(axis, site.type.ndim), numpy.int64))


def extreme(function: Callable[..., Any]) -> Rule:
    """reduce_max or reduce_min; NaN where any element is, which OpenVINO drops."""

    def rule(site: Site, x: Output) -> Output:
        axes = axes_of(site.attributes["axis"], site.operand_type(0).ndim)
        if not axes:
            return x
        keep = site.attributes["keepdims"]
        if site.type.dtype.kind != "f" or site.numerics == "fast":
            return reduced(function, x, vector(axes), keep)
        result = _extreme(site, function, x, vector(axes), keep)
        found = reduced(ov.reduce_logical_or, ov.is_nan(x), vector(axes), keep)
        return ov.select(found, ov.constant(numpy.nan, numpy.float32), result)

    return rule


def _extreme(
    site: Site, function: Callable[..., Any], x: Output, axes: Output, keep: bool
) -> Output:
    """The largest or smallest number; an infinity where all are that, of which OpenVINO
    makes the largest finite number, with which it starts."""
    result = reduced(function, x, axes, keep)
    if site.operand_type(0).dtype.kind != "f":
        return result
    start = numpy.float32(-numpy.inf if function is ov.reduce_max else numpy.inf)
    alone = reduced(ov.reduce_logical_and, ov.equal(x, ov.constant(start)), axes, keep)
    return ov.select(alone, ov.constant(start), result)


def position(function: Callable[..., Any]) -> Rule:
    """argmax or argmin: the first position of the extreme, or of a NaN; top-k drops the NaN.

    Positions are compared as int32, and are int64 in the end.
    """

    def rule(site: Site, x: Output) -> Output:
        shape, axis = site.operand_type(0).shape, site.attributes["axis"]
        if axis is None:
            line: Shape = (product(shape),)
            x, shape, axis = site.build.reshape(x, shape, line), line, 0
        along = one_axis(axis, len(shape))
        hit = _hits(site, x, function, along)
        beyond = ov.constant(numpy.iinfo(numpy.int32).max, numpy.int32)
        found = ov.select(hit, _positions(site, along, shape), beyond)
        first = ov.convert(_least(found, along, shape[along]), "i64")
        kept = tuple(1 if i == along else size for i, size in enumerate(shape))
        return site.build.reshape(first, kept, site.type.shape)

    return rule


def _least(found: Output, along: int, size: int | Dim) -> Output:
    """The smallest int32; OpenVINO reduces integers in float32, which is exact up to 2**24."""
    if isinstance(size, int) and size <= 2**24:
        return ov.reduce_min(found, vector([along]), True)
    one = ov.constant(1, numpy.int64)
    return ov.topk(found, one, along, "min", "none", index_element_type="i32").output(0)


def _hits(site: Site, x: Output, function: Callable[..., Any], along: int) -> Output:
    """Where x is the extreme; where it is NaN, if it is anywhere."""
    best = ov.equal(x, _extreme(site, function, x, vector([along]), True))
    if site.operand_type(0).dtype.kind != "f":
        return best
    nan = ov.is_nan(x)
    some = ov.reduce_logical_or(nan, vector([along]), True)
    return ov.select(some, nan, best)


def _positions(site: Site, along: int, shape: Shape) -> Output:
    """0, 1, ... along the axis, shaped to broadcast with x."""
    stop = ov.squeeze(site.build.size(shape[along]), vector([0]))
    zero, one = (ov.constant(value, numpy.int64) for value in (0, 1))
    counted = ov.convert(ov.range(zero, stop, one, output_type="i64"), "i32")
    return ov.reshape(counted, vector([-1] + [1] * (len(shape) - along - 1)), False)
