"""ONNX's pooling over windows, and over all that follows the channels."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.precision import in_float32

from ..facts import Facts, Row, plain, row
from .windows import Windows, windows_of

__all__ = ["ROWS"]


def max_pool(facts: Facts, x: Any) -> Any:
    windows = windows_of(facts, x, facts["kernel_shape"])
    if facts.gives(1):
        return _with_positions(windows, x, facts.get("storage_order", 0))
    if x.dtype.kind != "f":
        return _largest(windows, x)
    if windows.is_plain:
        return npx.max_pool(
            x, window=windows.size, strides=windows.strides, padding=windows.padding
        )
    if any(d != 1 for d in windows.dilations):
        return _largest(windows, x)
    wide = windows.surrounded(x, -numpy.inf)
    return windows.fitted(npx.max_pool(wide, window=windows.size, strides=windows.strides))


def _largest(windows: Windows, x: Any) -> Any:
    return functools.reduce(np.maximum, windows.views(windows.surrounded(x, _lowest(x))))


def _lowest(x: Any) -> Any:
    return -numpy.inf if x.dtype.kind == "f" else int(numpy.iinfo(x.dtype).min)


def _with_positions(windows: Windows, x: Any, order: int) -> list[Any]:
    """The largest elements, and where in x as one line the first of them in each window is.

    order: 0 for lines row by row, 1 for column by column.
    """
    views = windows.views(windows.surrounded(x, _lowest(x)))
    largest = functools.reduce(np.maximum, views)
    inside = windows.views(windows.surrounded(np.ones((1, 1, *x.shape[2:]), bool), False))
    found = [
        np.where(np.logical_and(np.equal(view, largest), seen), numpy.float32(1), numpy.float32(0))
        for view, seen in zip(views, inside, strict=True)
    ]
    chosen = np.argmax(np.stack(found), axis=0)  # a position in the window
    return [largest, _planes(x) + _in_plane(windows, x, chosen, order)]


def _planes(x: Any) -> Any:
    """Where each plane of x begins."""
    n, c, *sizes = x.shape
    before = np.reshape(np.arange(n * c), (n, c, *(1 for _ in sizes)))
    return before * functools.reduce(lambda a, b: a * b, sizes)


def _in_plane(windows: Windows, x: Any, chosen: Any, order: int) -> Any:
    """Where in its plane the element is that each window sees at the chosen position."""
    axes = len(windows.size)
    if order and axes > 2:
        raise UsageError(f"storage_order={order} along {axes} axes is not known")
    found: Any = numpy.int64(0)
    for axis in range(axes) if not order else reversed(range(axes)):
        inner = math.prod(windows.size[axis + 1 :])
        at = chosen // inner % windows.size[axis] * windows.dilations[axis]
        start = np.arange(chosen.shape[axis + 2]) * windows.strides[axis] - windows.padding[axis][0]
        sides = [1] * axes
        sides[axis] = -1
        found = found * x.shape[axis + 2] + at + np.reshape(start, tuple(sides))
    return found


def max_unpool(facts: Facts, x: Any, positions: Any, sizes: Any = None) -> Any:
    """Zeros, but for the elements of x at the positions that pooling found them at."""
    window = facts["kernel_shape"]
    strides = facts.get("strides") or (1,) * len(window)
    pads = facts.get("pads") or (0,) * (2 * len(window))
    both = zip(pads[: len(window)], pads[len(window) :], strict=True)
    spread = [
        (n - 1) * s - before - after + w
        for n, s, w, (before, after) in zip(x.shape[2:], strides, window, both, strict=True)
    ]
    shape = (*x.shape[:2], *spread)
    count = functools.reduce(lambda a, b: a * b, shape)
    flat = np.setitem(
        np.zeros((count,), x.dtype), np.reshape(x, (-1,)), np.reshape(positions, (-1,))
    )
    y = np.reshape(flat, shape)
    if sizes is None:
        return y
    widths = [(0, asked - have) for asked, have in zip(sizes, shape, strict=True)]
    if any(isinstance(after, int) and after < 0 for _, after in widths):
        raise UsageError(f"output_shape {tuple(sizes)} below {shape}, which the windows cover")
    return np.pad(y, widths)


@in_float32
def average_pool(facts: Facts, x: Any) -> Any:
    windows = windows_of(facts, x, facts["kernel_shape"])
    counts_padding = bool(facts.get("count_include_pad", 0))
    if windows.is_plain:
        return npx.average_pool(
            x,
            window=windows.size,
            strides=windows.strides,
            padding=windows.padding,
            count_padding=counts_padding,
        )
    counted = _counted(windows, x, counts_padding)
    return _means(windows, windows.surrounded(x, 0)) / _means(windows, counted)


def _counted(windows: Windows, x: Any, counts_padding: bool) -> Any:
    """1 where an element is averaged, else 0: what windows exceed the padding by is no element."""
    ones = np.ones((1, 1, *x.shape[2:]), x.dtype)
    if not counts_padding or not windows.rounds_up:
        return windows.surrounded(ones, float(counts_padding))
    widths = ((0, 0), (0, 0), *windows.padding)
    whole = np.pad(ones, widths, constant_values=1)
    grown = windows.surrounded(x[:1, :1], 0).shape
    return np.pad(whole, [(0, b - a) for a, b in zip(whole.shape, grown, strict=True)])


def _means(windows: Windows, x: Any) -> Any:
    """The mean of what each window sees of x that is surrounded."""
    if any(d != 1 for d in windows.dilations):
        return functools.reduce(np.add, windows.views(x)) / _count(windows, x)
    return windows.fitted(npx.average_pool(x, window=windows.size, strides=windows.strides))


def _count(windows: Windows, x: Any) -> Any:
    return x.dtype.type(math.prod(windows.size))


@in_float32
def lp_pool(facts: Facts, x: Any) -> Any:
    """(the sum of |x|**p in each window) ** (1 / p)."""
    windows, p = windows_of(facts, x, facts["kernel_shape"]), facts.get("p", 2)
    means = _means(windows, windows.surrounded(_power(x, p), 0))
    return _root(means * _count(windows, x), p)


@in_float32
def global_lp(facts: Facts, x: Any) -> Any:
    p = facts.get("p", 2)
    return _root(np.sum(_power(x, p), axis=tuple(range(2, x.ndim)), keepdims=True), p)


def _power(x: Any, p: float) -> Any:
    if p <= 0:
        raise UsageError(f"p={p}; only norms of p above 0 are known")
    if p == 1:
        return np.abs(x)
    return x * x if p == 2 else np.pow(np.abs(x), x.dtype.type(p))


def _root(x: Any, p: float) -> Any:
    if p == 1:
        return x
    return np.sqrt(x) if p == 2 else np.pow(x, x.dtype.type(1 / p))


def global_max(x: Any) -> Any:
    return np.max(x, axis=tuple(range(2, x.ndim)), keepdims=True)


def global_average(x: Any) -> Any:
    if x.ndim in (3, 4, 5):
        return npx.global_average_pool(x)
    return np.mean(x, axis=tuple(range(2, x.ndim)), keepdims=True)


ROWS: dict[str, Row] = {
    "AveragePool": row(average_pool),
    "GlobalAveragePool": plain(global_average),
    "GlobalLpPool": row(global_lp),
    "GlobalMaxPool": plain(global_max),
    "LpPool": row(lp_pool),
    "MaxPool": row(max_pool),
    "MaxUnpool": row(max_unpool, sizes=(2,)),
}
