"""Columns of windows as images, and convolution at places that are computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim, same
from isthmus.graph.shapes import product, same_shape

from ..facts import Facts, Row, row
from .windows import pads_of, steps, windows_of

__all__ = ["ROWS"]


def col2im(facts: Facts, x: Any, image: Sequence[Any], block: Sequence[int]) -> Any:
    """[N, C * positions in a block, blocks] -> [N, C, *image]: blocks added up where they lie.

    It is the transpose of a convolution with a weight that picks one position of the block each.
    """
    axes = len(image)
    if axes not in (1, 2, 3) or len(block) != axes or x.ndim != 3:
        raise UsageError(f"an image {tuple(image)} of blocks {tuple(block)} and {x.ndim} axes")
    strides, dilations = (steps(facts, name, axes) for name in ("strides", "dilations"))
    pads, positions = pads_of(facts, axes), math.prod(block)
    n, rows, _ = x.shape
    if isinstance(rows, Dim) or rows % positions:
        raise UsageError(f"{rows} rows are no whole number of blocks {tuple(block)}")
    spans = [
        size + before + after - ((b - 1) * d + 1)
        for size, (before, after), b, d in zip(image, pads, block, dilations, strict=True)
    ]
    if any(isinstance(span, int) and span < 0 for span in spans):
        raise UsageError(f"blocks {tuple(block)} exceed the image {tuple(image)}")
    counts = [span // s + 1 for span, s in zip(spans, strides, strict=True)]
    if isinstance(x.shape[2], int) and not same(x.shape[2], product(counts)):
        raise UsageError(f"{x.shape[2]} blocks, where {product(counts)} fit the image")
    picks = numpy.eye(positions, dtype=x.dtype).reshape(positions, 1, *block)
    y = npx.conv_transpose(
        np.reshape(x, (n, rows, *counts)),
        numpy.tile(picks, (rows // positions, *(1 for _ in picks.shape[1:]))),
        strides=strides,
        padding=pads,
        output_padding=tuple(_rest(span, s) for span, s in zip(spans, strides, strict=True)),
        dilation=dilations,
        groups=rows // positions,
    )
    return y if same_shape(y.shape[2:], tuple(image)) else np.getitem(y, (..., *map(slice, image)))


def _rest(span: Any, stride: int) -> int:
    """How many elements lie behind the last block; the most there may be if it is not known."""
    return stride - 1 if isinstance(span, Dim) else span % stride


def deformable(
    facts: Facts, x: Any, weight: Any, offset: Any, bias: Any = None, mask: Any = None
) -> Any:
    """A convolution that looks at places moved by offsets, between pixels by bilinear weights.

    x: [N, C, H, W], weight: [O, C/groups, h, w], offset: [N, G * h * w * 2, H', W'],
    mask: [N, G * h * w, H', W'], G of `offset_group`. Pixels outside of the image are 0.
    """
    if x.ndim != 4:
        raise UsageError(f"{x.ndim} axes; only images [N, C, H, W] are known")
    (n, c, *_), (outputs, _, h, w) = x.shape, weight.shape
    groups, bundles = facts.get("group", 1), facts.get("offset_group", 1)
    sizes, counts = offset.shape[2:], windows_of(facts, x, (h, w)).counts
    if not same_shape(sizes, counts):
        raise UsageError(f"offsets for {tuple(sizes)} places, where there are {tuple(counts)}")
    moves = np.reshape(offset, (n, bundles, h * w, 2, *sizes))
    places = [_places(facts, axis, (h, w), moves) for axis in (0, 1)]
    seen = _sampled(np.reshape(x, (n, bundles, c // bundles, *x.shape[2:])), *places)
    if mask is not None:
        seen = seen * np.reshape(mask, (n, bundles, 1, h * w, *sizes))
    columns = np.reshape(seen, (n, groups, c // groups * h * w, sizes[0] * sizes[1]))
    factors = np.reshape(weight, (groups, outputs // groups, c // groups * h * w))
    y = np.reshape(np.matmul(factors, columns), (n, outputs, *sizes))
    return y if bias is None else y + np.reshape(bias, (-1, 1, 1))


def _places(facts: Facts, axis: int, window: tuple[int, int], moves: Any) -> Any:
    """Where along an axis each window looks: [N, G, h * w, H', W'], floats."""
    stride, dilation = (steps(facts, name, 2)[axis] for name in ("strides", "dilations"))
    first = pads_of(facts, 2)[axis][0]
    count, dtype = moves.shape[4 + axis], moves.dtype
    starts = np.astype(np.arange(count) * stride - first, dtype)
    starts = np.reshape(starts, (-1, 1) if axis == 0 else (1, -1))
    taps = numpy.indices(window)[axis].reshape(-1, 1, 1) * dilation
    return np.getitem(moves, (slice(None), slice(None), slice(None), axis)) + (
        starts + taps.astype(dtype)
    )


def _sampled(x: Any, rows: Any, columns: Any) -> Any:
    """[N, G, c, h * w, H', W']: x at the places, between four pixels."""
    top, left = np.floor(rows), np.floor(columns)
    down, right = rows - top, columns - left
    found: Any = 0
    for i, by_row in ((0, 1 - down), (1, down)):
        for j, by_column in ((0, 1 - right), (1, right)):
            found = found + _pixels(x, top + i, left + j, by_row * by_column)
    return found


def _pixels(x: Any, rows: Any, columns: Any, weights: Any) -> Any:
    """x at whole places times weights, 0 outside."""
    n, bundles, channels, *sizes = x.shape
    height, width = (np.asarray(size, rows.dtype) for size in sizes)
    inside = np.logical_and(
        np.logical_and(rows >= 0, rows < height), np.logical_and(columns >= 0, columns < width)
    )
    flat = np.reshape(x, (n, bundles, channels, sizes[0] * sizes[1]))
    y, i = (
        np.astype(np.where(inside, one, x.dtype.type(0)), numpy.int32) for one in (rows, columns)
    )
    at = np.reshape(y * np.asarray(sizes[1], numpy.int32) + i, (n, bundles, 1, -1))
    at = np.broadcast_to(at, (n, bundles, channels, at.shape[3]))
    pixels = np.reshape(
        np.take_along_axis(flat, at, axis=3), (n, bundles, channels, *rows.shape[2:])
    )
    return pixels * np.expand_dims(np.where(inside, weights, x.dtype.type(0)), axis=2)


ROWS: dict[str, Row] = {
    "Col2Im": row(col2im, sizes=(1,), known=(2,)),
    "DeformConv": row(deformable),
}
