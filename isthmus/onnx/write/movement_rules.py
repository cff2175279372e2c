"""Operators that move elements or make arrays from sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from isthmus.graph.dims import Dim, Shape, same
from isthmus.graph.indexing import plan
from isthmus.graph.infer import axes_of, one_axis
from isthmus.graph.shapes import product, same_shape
from isthmus.np.manipulation import permutation

from .rules import ELEMENT_TYPES
from .sizes import reshape_pattern

if TYPE_CHECKING:
    from .builder import Site

__all__ = [
    "arange",
    "broadcast_to",
    "concat",
    "expand_dims",
    "full",
    "getitem",
    "pad_again",
    "pad_constant",
    "pad_edge",
    "parts",
    "reshape",
    "reshaped",
    "scalar",
    "squeeze",
    "take",
    "transpose",
]

LAST = 2**63 - 1  # beyond every axis, as ONNX writes an open end


def reshaped(site: Site, x: str, before: Shape, after: Shape) -> str:
    """x in another shape, by constants alone where at most one size is unknown."""
    if same_shape(before, after):
        return x
    pattern = reshape_pattern(before, after)
    wanted = site.build.sizes.shape(after) if pattern is None else site.literal(pattern)
    return site.op("Reshape", x, wanted, since=14)


def reshape(site: Site, x: str) -> str:
    return reshaped(site, x, site.operand_type().shape, site.type.shape)


def expand_dims(site: Site, x: str) -> str:
    axis = site.attributes["axis"]
    return site.op("Unsqueeze", x, site.literal(axes_of(axis, site.type.ndim)))


def squeeze(site: Site, x: str) -> str:
    axes = axes_of(site.attributes["axis"], site.operand_type().ndim)
    return site.op("Squeeze", x, site.literal(axes)) if axes else x


def transpose(site: Site, x: str) -> str:
    order = permutation(site.attributes["axes"], site.operand_type().ndim)
    return site.op("Transpose", x, perm=list(order)) if order else site.op("Identity", x)


def broadcast_to(site: Site, x: str) -> str:
    """Expand; a size that x has already is written as 1, so that only new ones are computed."""
    before, after = site.operand_type().shape, site.type.shape
    padded = (1,) * (len(after) - len(before)) + tuple(before)
    needed = [1 if same(old, new) else new for old, new in zip(padded, after, strict=True)]
    return site.op("Expand", x, site.build.sizes.shape(tuple(needed)))


def concat(site: Site, *arrays: str) -> str:
    return site.op("Concat", *arrays, axis=one_axis(site.attributes["axis"], site.type.ndim))


def take(site: Site, x: str, indices: str) -> str:
    axis, before = site.attributes["axis"], site.operand_type()
    size = product(before.shape) if axis is None else before.shape[one_axis(axis, before.ndim)]
    if axis is None and before.ndim != 1:
        x = reshaped(site, x, before.shape, (size,))
    return site.op("Gather", x, _bounded(site, indices, size), axis=axis or 0)


def _bounded(site: Site, indices: str, size: int | Dim) -> str:
    """Indices as positions 0 .. size - 1: by the ends or around, as the mode says."""
    mode, dtype = site.attributes["mode"], site.operand_type(1).dtype
    if mode == "raise":
        return indices
    if mode == "wrap":
        return site.op("Mod", indices, scalar(site, size, dtype))
    low = site.op("Max", indices, site.literal(0, dtype))
    return site.op("Min", low, scalar(site, size - 1, dtype))


def getitem(site: Site, x: str) -> str:
    """Slice the axes, remove those that an integer takes, then add the new ones."""
    shape = site.operand_type().shape
    parts = plan(site.attributes["index"], len(shape))
    if parts.slices:
        x = _sliced(site, x, shape, parts.slices)
    if parts.removed:
        x = site.op("Squeeze", x, site.literal(parts.removed))
    if parts.added:
        x = site.op("Unsqueeze", x, site.literal(parts.added))
    return x if parts.slices or parts.added else site.op("Identity", x)


def _sliced(site: Site, x: str, shape: Shape, slices: Any) -> str:
    bounds = [_bounds(part, shape[axis]) for axis, part in slices.items()]
    starts, stops, steps = zip(*bounds, strict=True)
    axes = site.literal(list(slices))
    vectors = [site.build.sizes.shape(ends) for ends in (starts, stops, steps)]
    return site.op("Slice", x, *vectors[:2], axes, vectors[2])


def _bounds(part: slice, size: int | Dim) -> tuple[Any, Any, int]:
    """start, stop and step as ONNX takes them; negative ones count from the end, as in NumPy."""
    step = 1 if part.step is None else part.step
    if step > 0:
        return (
            0 if part.start is None else part.start,
            LAST if part.stop is None else part.stop,
            step,
        )
    if any(isinstance(end, Dim) for end in (size, part.start, part.stop)):
        return (
            LAST if part.start is None else part.start,
            -LAST if part.stop is None else part.stop,
            step,
        )
    first, stop, _ = part.indices(size)
    return first, -LAST if stop < 0 else stop, step


def parts(site: Site, x: str) -> tuple[str, ...]:
    """Split."""
    sizes, axis = site.attributes["sizes"], site.attributes["axis"]
    lengths = site.build.sizes.shape(tuple(sizes))
    axis = one_axis(axis, site.operand_type().ndim)
    return tuple(site.build.ops("Split", [x, lengths], len(sizes), axis=axis))


def pad_constant(site: Site, x: str) -> str:
    facts = site.attributes
    pairs = zip(facts["widths"], facts["values"], strict=True)
    found = (
        value
        for widths, both in pairs
        for width, value in zip(widths, both, strict=True)
        if not same(width, 0)
    )
    return _padded(site, x, "constant", site.literal(next(found, 0), site.type.dtype))


def pad_edge(site: Site, x: str) -> str:
    return _padded(site, x, "edge")


def pad_again(site: Site, x: str) -> str:
    """In mode "reflect", the only one that is kept whole."""
    return _padded(site, x, "reflect")


def _padded(site: Site, x: str, mode: str, *value: str) -> str:
    befores, afters = zip(*site.attributes["widths"], strict=True)
    around = site.build.sizes.shape((*befores, *afters))
    return site.op("Pad", x, around, *value, mode=mode)


def full(site: Site) -> str:
    """One value, repeated; the value or the sizes may be named."""
    value, shape = site.attributes["fill_value"], site.type.shape
    if isinstance(value, Dim):
        one = scalar(site, value, site.type.dtype)
    else:
        one = site.literal(numpy.full((), value, site.type.dtype), site.type.dtype)
    return site.op("Expand", one, site.build.sizes.shape(shape))


def arange(site: Site) -> str:
    """Range in int64, then cast: a float one would add up its steps."""
    ends = [scalar(site, site.attributes[end], numpy.int64) for end in ("start", "stop")]
    counted = site.op("Range", *ends, site.literal(1))
    return _as(site, counted, site.type.dtype)


def scalar(site: Site, size: int | Dim, dtype: Any) -> str:
    """A size as a 0-d array."""
    if not isinstance(size, Dim):
        return site.literal(size, dtype)
    return _as(site, site.op("Squeeze", site.build.sizes.one(size), site.literal([0])), dtype)


def _as(site: Site, x: str, dtype: Any) -> str:
    name = numpy.dtype(dtype).name
    return x if name == "int64" else site.op("Cast", x, to=ELEMENT_TYPES[name])
