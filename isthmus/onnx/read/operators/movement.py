"""Operators that move elements: other shapes, orders and parts of an array."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, equal, same
from isthmus.graph.shapes import product
from isthmus.trace.array import Array
from isthmus.trace.op import OPERATORS

from ..facts import Facts, Row, plain, row
from ..numbers import Numbers

__all__ = ["ROWS"]


def shape(facts: Facts, x: Any) -> Any:
    return Numbers.of(tuple(x.shape)[facts.get("start", 0) : facts.get("end")])


def size(_: Facts, x: Any) -> Any:
    return Numbers.of([product(x.shape)]) if x.ndim == 0 else _first(Numbers.of([product(x.shape)]))


def _first(numbers: Any) -> Any:
    if isinstance(numbers, Numbers):
        return Numbers(numbers.parts.reshape(()))
    return numbers.reshape(())


def reshape(facts: Facts, x: Any, sizes: Sequence[Any] | None = None) -> Any:
    """A size of 0 stays what it is, unless `allowzero`."""
    sizes = facts.get("shape") if sizes is None else sizes
    assert sizes is not None
    if facts.get("allowzero", 0):
        return np.reshape(x, tuple(sizes))
    kept = [x.shape[i] if isinstance(n, int) and n == 0 else n for i, n in enumerate(sizes)]
    return np.reshape(x, tuple(kept))


def flatten(facts: Facts, x: Any) -> Any:
    axis = facts.get("axis", 1)
    sizes = tuple(x.shape)
    return np.reshape(x, (product(sizes[:axis]), product(sizes[axis:])))


def transpose(facts: Facts, x: Any) -> Any:
    return np.permute_dims(x, tuple(facts.get("perm", range(x.ndim)[::-1])))


def squeeze(facts: Facts, x: Any, axes: Sequence[int] | None = None) -> Any:
    axes = facts.get("axes") if axes is None else axes
    if axes is None:
        axes = [i for i, n in enumerate(x.shape) if isinstance(n, int) and n == 1]
    return np.squeeze(x, axis=tuple(axes)) if axes else x


def unsqueeze(facts: Facts, x: Any, axes: Any = None) -> Any:
    axes = facts["axes"] if axes is None else axes
    return np.expand_dims(x, axis=tuple(axes) if isinstance(axes, list) else (axes,))


def expand(_: Facts, x: Any, sizes: Sequence[Any]) -> Any:
    sizes = tuple(sizes)
    known = tuple(x.shape)
    together = max(len(sizes), len(known))
    mine, asked = ((1,) * (together - len(s)) + s for s in (known, sizes))
    return np.broadcast_to(x, tuple(_wider(a, b) for a, b in zip(mine, asked, strict=True)))


def _wider(size: Any, asked: Any) -> Any:
    """The size of an axis beside another; a size that data decides is taken to be no 1."""
    if isinstance(asked, int) and asked == 1:
        return size
    if isinstance(size, int) and size == 1:
        return asked
    return size


def tile(facts: Facts, x: Any, repeats: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.tile(x, tuple(repeats))
    times = [1] * x.ndim  # of opset 1: so often along one axis
    times[int(axis)] = int(repeats)
    return np.tile(x, tuple(times))


def pad(
    facts: Facts,
    x: Any,
    sides: Sequence[Any] | None = None,
    value: Any = None,
    axes: Sequence[int] | None = None,
) -> Any:
    """sides: before each axis, then after each; negative ones cut."""
    sides = facts.get("pads", facts.get("paddings")) if sides is None else sides
    assert sides is not None
    value = facts.get("value", 0) if value is None else value
    chosen = range(x.ndim) if axes is None else axes
    pairs = zip(sides[: len(chosen)], sides[len(chosen) :], strict=True)
    widths = {axis % x.ndim: pair for axis, pair in zip(chosen, pairs, strict=True)}
    all_widths = [widths.get(axis, (0, 0)) for axis in range(x.ndim)]
    x = _cut(x, all_widths)
    kept = [tuple(0 if _is_negative(n) else n for n in pair) for pair in all_widths]
    mode = facts.get("mode", "constant")
    if all(_is_zero(n) for pair in kept for n in pair):
        return x
    if mode != "constant":
        return np.pad(x, kept, mode)
    if isinstance(value, Array):
        inside = np.pad(np.ones(x.shape, bool), kept, constant_values=False)
        return np.where(inside, np.pad(x, kept), np.reshape(value, ()))
    filler = numpy.asarray(value).reshape(()).astype(x.dtype)
    return np.pad(x, kept, constant_values=filler.item())


def _is_negative(n: Any) -> bool:
    return isinstance(n, int) and n < 0


def _is_zero(n: Any) -> bool:
    return isinstance(n, int) and n == 0


def _cut(x: Any, widths: Sequence[Any]) -> Any:
    if not any(_is_negative(n) for pair in widths for n in pair):
        return x
    index = tuple(
        slice(-a if _is_negative(a) else 0, b if _is_negative(b) else None) for a, b in widths
    )
    return np.getitem(x, index)


# Parts


def concat(facts: Facts, *operands: Any) -> Any:
    return np.concat(list(operands), axis=facts.get("axis", 1))


def cut(
    facts: Facts,
    x: Any,
    starts: Any = None,
    ends: Any = None,
    axes: Sequence[int] | None = None,
    steps: Sequence[int] | None = None,
) -> Any:
    starts = facts.get("starts") if starts is None else starts
    ends = facts.get("ends") if ends is None else ends
    axes = facts.get("axes") if axes is None else axes
    axes = axes or range(len(starts))
    index: list[Any] = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps or [1] * len(starts), strict=True):
        index[axis] = slice(start, _end(end, step), step)
    return np.getitem(x, tuple(index))


FAR = 10**9  # an end from here on is how files say that there is none


def _end(end: Any, step: int) -> Any:
    if not isinstance(end, int):
        return end
    if step > 0:
        return None if end >= FAR else end
    return None if end <= -FAR else end


def split(facts: Facts, x: Any, sizes: Sequence[Any] | None = None) -> list[Any]:
    """Parts of these sizes, or equal ones, of which the last may be smaller."""
    axis = facts.get("axis", 0)
    sizes = facts.get("split") if sizes is None else sizes
    whole = x.shape[axis]
    if sizes is None:
        count = facts.get("num_outputs", len(facts.outputs))
        part = -(-whole // count)
        sizes = [part] * (count - 1) + [whole - part * (count - 1)]
    if len(sizes) > 1 and equal(sum(sizes), whole):
        return list(OPERATORS["np.parts"](x, tuple(sizes), axis))
    parts: list[Any] = np.split(x, list(accumulate(sizes[:-1])), axis=axis)
    return parts


def center_crop_pad(facts: Facts, x: Any, sizes: Sequence[Any]) -> Any:
    """The middle of each axis, or zeros around it."""
    axes = [axis % x.ndim for axis in facts.get("axes") or range(x.ndim)]
    for axis, size in zip(axes, sizes, strict=True):
        have = x.shape[axis]
        if isinstance(have, Dim) or isinstance(size, Dim):
            x = _centered(x, axis, have, size)
        elif have > size:
            start = (have - size) // 2
            x = np.getitem(x, (slice(None),) * axis + (slice(start, start + size),))
        elif have < size:
            before = (size - have) // 2
            widths = [(0, 0)] * x.ndim
            widths[axis] = (before, size - have - before)
            x = np.pad(x, widths)
    return x


def _centered(x: Any, axis: int, have: Any, size: Any) -> Any:
    """The same of sizes of which either may be the larger: elements taken, or zeros outside."""
    if same(have, size):
        return x
    more, fewer = (np.asarray(n, numpy.int64) for n in (have - size, size - have))
    start = np.where(more >= 0, more // 2, -(fewer // 2))
    places = np.arange(size) + start
    inside = (places >= 0) & (places < np.asarray(have, numpy.int64))
    found = np.take(x, places, axis=axis, mode="clip")
    inside = np.reshape(inside, (-1, *(1,) * (x.ndim - axis - 1)))
    return np.where(inside, found, numpy.zeros((), x.dtype))


def depth_to_space(facts: Facts, x: Any) -> Any:
    return npx.depth_to_space(x, facts["blocksize"], mode=facts.get("mode", "DCR"))


def space_to_depth(facts: Facts, x: Any) -> Any:
    return npx.space_to_depth(x, facts["blocksize"], mode=facts.get("mode", "DCR"))


def triangle(facts: Facts, x: Any, k: Any = None) -> Any:
    offset = 0 if k is None else k
    offset = offset[0] if isinstance(offset, list) else offset
    return (np.triu if facts.get("upper", 1) else np.tril)(x, k=offset)


def dropout(facts: Facts, x: Any, ratio: Any = None, training: Any = None) -> Any:
    """x itself, as at inference, and that nothing was dropped."""
    trains = training or (facts.opset < 7 and not facts.get("is_test", 0))
    share = facts.get("ratio", 0.5) if ratio is None else ratio
    if trains and not (isinstance(share, float | numpy.ndarray) and not numpy.any(share)):
        raise UsageError("it drops elements at random, in training; export the model for inference")
    if not facts.gives(1):
        return x
    return [x, np.ones(x.shape, numpy.bool_)]


ROWS: dict[str, Row] = {
    "CenterCropPad": row(center_crop_pad, sizes=(1,)),
    "Concat": row(concat),
    "DepthToSpace": row(depth_to_space),
    "Dropout": row(dropout, known=(2,)),
    "Expand": row(expand, sizes=(1,)),
    "Flatten": row(flatten),
    "Identity": plain(lambda x: [x]),  # of a list, which would be taken for several results
    "Pad": row(pad, sizes=(1,), known=(3,)),
    "Reshape": row(reshape, sizes=(1,)),
    "Shape": row(shape),
    "Size": row(size),
    "Slice": row(cut, sizes=(1, 2), known=(3, 4)),
    "SpaceToDepth": row(space_to_depth),
    "Split": row(split, sizes=(1,)),
    "Squeeze": row(squeeze, known=(1,)),
    "Tile": row(tile, sizes=(1,), known=(2,)),
    "Transpose": row(transpose),
    "Trilu": row(triangle, known=(1,)),
    "Unsqueeze": row(unsqueeze, known=(1,)),
}
