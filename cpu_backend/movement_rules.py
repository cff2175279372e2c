"""Rules of operators that move elements."""

from __future__ import annotations

from typing import Any

import numpy
from openvino import opset16 as ov

from isthmus.graph.dims import Dim, same
from isthmus.graph.indexing import plan
from isthmus.graph.infer import axes_of, one_axis
from isthmus.graph.nodes import Result
from isthmus.graph.shapes import product
from isthmus.trace.op import OPERATORS

from .builder import Output, Site, vector
from .rules import type_name

__all__ = [
    "any_outside",
    "broadcast",
    "concat",
    "expand_dims",
    "getitem",
    "inside",
    "pad_again",
    "pad_constant",
    "pad_edge",
    "parts",
    "reshape",
    "squeeze",
    "take",
    "take_along_axis",
    "transpose",
]

_FAR = numpy.iinfo(numpy.int64).max


def reshape(site: Site, x: Output) -> Output:
    before = site.operand_type(0)
    if not site.type.ndim:  # OpenVINO crashes where it compiles a product reshaped to no axes
        return ov.squeeze(x, vector(range(before.ndim))) if before.ndim else x
    return site.build.reshape(x, before.shape, site.type.shape)


def broadcast(site: Site, x: Output) -> Output:
    return ov.broadcast(x, site.build.shape(site.type.shape))


def transpose(site: Site, x: Output) -> Output:
    axes = site.attributes["axes"]
    ndim = site.type.ndim
    order = range(ndim)[::-1] if axes is None else [axis % ndim for axis in axes]
    return ov.transpose(x, vector(order))


def concat(site: Site, *arrays: Output) -> Output:
    return ov.concat(list(arrays), one_axis(site.attributes["axis"], site.type.ndim))


def expand_dims(site: Site, x: Output) -> Output:
    return ov.unsqueeze(x, vector(axes_of(site.attributes["axis"], site.type.ndim)))


def squeeze(site: Site, x: Output) -> Output:
    axes = axes_of(site.attributes["axis"], site.operand_type(0).ndim)
    return ov.squeeze(x, vector(axes)) if axes else x  # without axes it would drop all of size 1


def take(site: Site, x: Output, indices: Output) -> Output:
    axis, before = site.attributes["axis"], site.operand_type(0)
    if axis is None and before.ndim != 1:
        x = site.build.reshape(x, before.shape, (product(before.shape),))
    along = 0 if axis is None else one_axis(axis, before.ndim)
    if site.attributes["mode"] == "clip":
        size = product(before.shape) if axis is None else before.shape[along]
        indices = _clipped(site, indices, size - 1)
    return ov.gather(x, indices, ov.constant(along, numpy.int64))


def _clipped(site: Site, indices: Output, last: int | Dim) -> Output:
    """Indices below 0 as 0, and those above the last position as that."""
    kind = type_name(site.operand_type(1).dtype)
    highest = ov.convert(ov.squeeze(site.build.size(last), vector([0])), kind)
    return ov.minimum(ov.maximum(indices, ov.convert(ov.constant(0, numpy.int64), kind)), highest)


def take_along_axis(site: Site, x: Output, indices: Output) -> Output:
    """Gather the elements; not from a slice that begins at 0, which is taken for the whole array
    and then refused where the sizes differ."""
    maker = site.node.operands[0]
    if isinstance(maker, Result) and maker.node.op is OPERATORS["np.getitem"]:
        x = ov.squeeze(ov.unsqueeze(x, vector([0])), vector([0]))
    return ov.gather_elements(x, indices, site.attributes["axis"])


def inside(site: Site, positions: Output, outside: Output) -> Output:
    size = _as(site, site.attributes["size"])
    zero = _as(site, 0)
    from_zero = ov.select(ov.less(positions, zero), ov.add(positions, size), positions)
    return ov.select(outside, zero, from_zero)


def any_outside(site: Site, positions: Output) -> Output:
    size = _as(site, site.attributes["size"])
    below = ov.less(positions, ov.negative(size))
    outside = ov.logical_or(below, ov.greater_equal(positions, size))
    return ov.reduce_logical_or(ov.reshape(outside, vector([-1]), False), vector([0]))


def parts(site: Site, x: Output) -> tuple[Output, ...]:
    sizes = tuple(site.attributes["sizes"])
    axis = ov.constant(one_axis(site.attributes["axis"], site.operand_type(0).ndim), numpy.int64)
    return tuple(ov.variadic_split(x, axis, site.build.shape(sizes)).outputs())


def pad_constant(site: Site, x: Output) -> Output:
    facts = site.attributes
    pairs = zip(facts["widths"], facts["values"], strict=True)
    found = (
        value
        for widths, both in pairs
        for width, value in zip(widths, both, strict=True)
        if not same(width, 0)
    )
    return _padded(site, x, "constant", numpy.asarray(next(found, 0), site.type.dtype))


def pad_edge(site: Site, x: Output) -> Output:
    return _padded(site, x, "edge")


def pad_again(site: Site, x: Output) -> Output:
    """In mode "reflect", the only one that is kept whole."""
    return _padded(site, x, "reflect")


def _padded(site: Site, x: Output, mode: str, value: Any = None) -> Output:
    befores, afters = map(site.build.shape, zip(*site.attributes["widths"], strict=True))
    filler = None if value is None else ov.constant(value)
    return ov.pad(x, befores, afters, mode, filler)


def _as(site: Site, size: int | Dim) -> Output:
    """A size without axes, of the positions' dtype."""
    alone = ov.squeeze(site.build.size(size), vector([0]))
    return ov.convert(alone, type_name(site.operand_type(0).dtype))


def getitem(site: Site, x: Output) -> Output:
    parts = plan(site.attributes["index"], site.operand_type(0).ndim)
    if parts.slices:
        ends = [_ends(cut) for cut in parts.slices.values()]
        starts, stops, steps = zip(*ends, strict=True)
        size = site.build.shape
        x = ov.slice(x, size(starts), size(stops), vector(steps), vector(parts.slices))
    if parts.removed:
        x = ov.squeeze(x, vector(parts.removed))
    return ov.unsqueeze(x, vector(parts.added)) if parts.added else x


def _ends(cut: slice) -> tuple[Any, Any, int]:
    """start, stop and step, with NumPy's defaults written as ends beyond any axis."""
    step = 1 if cut.step is None else cut.step
    first, last = (0, _FAR) if step > 0 else (_FAR, -_FAR)
    start = first if cut.start is None else cut.start
    return start, last if cut.stop is None else cut.stop, step
