"""Arrays with more elements before and after, along each axis in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import Dim, same
from isthmus.graph.foreign import check_plain
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Node, Type
from isthmus.graph.whole import is_whole
from isthmus.trace.attributes import plain
from isthmus.trace.op import composite

from . import host_only
from .conversion import asarray, copy
from .creation import arange, full
from .indexing import getitem
from .lookups import take
from .manipulation import broadcast_to, concat, moved

__all__ = [
    "pad",
]

Pair = tuple[Any, Any]
Pairs = tuple[Pair, ...]  # before and after, for each axis

# The keyword that a mode takes.
OPTIONS = {
    "constant": "constant_values", "edge": "", "empty": "", "linear_ramp": "end_values",
    "maximum": "stat_length", "mean": "stat_length", "median": "stat_length",
    "minimum": "stat_length", "reflect": "reflect_type", "symmetric": "reflect_type", "wrap": "",
}  # fmt: skip
REARRANGED = ("reflect", "symmetric", "wrap")  # even ones: elements of x in another order


def pad(x: Any, /, pad_width: Any, mode: str = "constant", **options: Any) -> Any:
    """x with elements before and after along each axis; NumPy's modes, but for functions.

    pad_width: a number, (before, after), one such pair for each axis, or a dict of axes. mode:
    "constant", "edge", "empty" (zeros), "linear_ramp", "maximum", "mean", "median", "minimum",
    "reflect", "symmetric" or "wrap", with NumPy's options. Result: x's dtype. Raises UsageError for
    another mode or option, a negative width, and an empty axis in a mode that repeats elements. As
    `numpy.pad`.

    >>> from isthmus import np
    >>> np.pad(np.asarray([1, 2]), (1, 2), constant_values=9)
    array([9, 1, 2, 9, 9])
    >>> np.pad(np.asarray([1, 2, 3]), 1, mode="reflect")
    array([2, 1, 2, 3, 2])
    """
    if mode not in OPTIONS:
        raise UsageError(f"mode={mode!r}; give one of {', '.join(OPTIONS)}")
    if set(options) - {OPTIONS[mode]}:
        raise UsageError(f"pad in mode {mode!r} takes no {', '.join(options)}")
    x = asarray(x)
    for value in (pad_width, *options.values()):
        check_plain(value, "an option")
    widths = _widths(plain(pad_width), x.ndim)
    if mode in ("constant", "empty"):
        values = numpy.asarray(options.get("constant_values", 0)).astype(x.dtype)
        return _pad_constant(x, widths, _pairs(values.tolist(), x.ndim))
    if mode == "edge":
        return _pad_edge(x, widths)
    if mode in REARRANGED and options.get("reflect_type", "even") == "even":
        return _pad_again(x, widths, mode)
    return _pad(x, widths, mode, {key: _frozen(value) for key, value in options.items()})


def _widths(pad_width: Any, ndim: int) -> Pairs:
    if isinstance(pad_width, Mapping):
        chosen = {one_axis(axis, ndim): width for axis, width in pad_width.items()}
        return tuple(_pairs(chosen.get(axis, 0), 1)[0] for axis in range(ndim))
    pairs = _pairs(pad_width, ndim)
    for width in (width for pair in pairs for width in pair):
        if type(width) is bool or not is_whole(width):
            raise WrongKind(f"pad_width of {width!r}; give whole numbers")
        if not isinstance(width, Dim) and width < 0:
            raise UsageError(f"pad_width of {width}; give 0 or more")
    return pairs


def _pairs(values: Any, ndim: int) -> Pairs:
    """(before, after) for each axis, of a number, a pair, or a number or pair for each."""
    given = numpy.asarray(values, object)
    if given.ndim < 3 and given.size == 1:
        given = given.reshape(1, 1)
    elif given.ndim < 3 and given.size == 2 and given.shape != (2, 1):
        given = given.reshape(1, 2)
    spread = numpy.broadcast_to(given, (ndim, 2))
    return tuple((before, after) for before, after in spread.tolist())


def _frozen(value: Any) -> Any:
    """An option as an attribute: nested tuples of numbers."""
    listed = value.tolist() if isinstance(value, numpy.ndarray | numpy.generic) else value
    return tuple(map(_frozen, listed)) if isinstance(listed, list | tuple) else listed


def _each_axis(x: Any, widths: Pairs, change: Callable[[Any, int, Pair], Any]) -> Any:
    """x changed along each axis that gets wider, the first one first."""
    for axis, width in enumerate(widths):
        if not (same(width[0], 0) and same(width[1], 0)):
            x = change(x, axis, width)
    return copy(x)


def _edge_shapes(x: Any, axis: int, width: Pair) -> list[Any]:
    return [(*x.shape[:axis], size, *x.shape[axis + 1 :]) for size in width]


def _between(first: Any, x: Any, last: Any, axis: int) -> Any:
    """The three along an axis, without those that have nothing."""
    parts = [part for part in (first, x, last) if not same(part.shape[axis], 0)]
    return concat(parts, axis=axis) if parts else x


def _widens(node: Node) -> bool:
    """Whether there is anything to put around; else x is copied, which takes no kernel."""
    return not all(same(width, 0) for pair in node.attributes["widths"] for width in pair)


def _has_one_value(node: Node) -> bool:
    """Whether all that is put around is one number, as runtimes have it."""
    facts = node.attributes
    pairs = zip(facts["widths"], facts["values"], strict=True)
    values = [
        value
        for widths, both in pairs
        for width, value in zip(widths, both, strict=True)
        if not same(width, 0)
    ]
    return len(set(map(repr, values))) == 1  # 0 and -0 are two


@composite(is_standard=_has_one_value)
def _pad_constant(x: Any, /, widths: Pairs, values: Pairs) -> Any:
    """x with one number before and one after along each axis."""

    def change(x: Any, axis: int, width: Pair) -> Any:
        shapes = _edge_shapes(x, axis, width)
        first, last = (
            full(shape, value, x.dtype) for shape, value in zip(shapes, values[axis], strict=True)
        )
        return _between(first, x, last, axis)

    return _each_axis(x, widths, change)


@composite(is_standard=_widens)
def _pad_edge(x: Any, /, widths: Pairs) -> Any:
    """x with its first and last elements repeated along each axis."""

    def change(x: Any, axis: int, width: Pair) -> Any:
        _check_filled(x, axis)
        before = (slice(None),) * axis
        edges = (getitem(x, (*before, cut)) for cut in (slice(0, 1), slice(-1, None)))
        first, last = map(broadcast_to, edges, _edge_shapes(x, axis, width))
        return _between(first, x, last, axis)

    return _each_axis(x, widths, change)


def _check_filled(x: Any, axis: int) -> None:
    if not isinstance(x.shape[axis], Dim) and x.shape[axis] == 0:
        raise UsageError(f"axis {axis} is empty; pad it in mode 'constant'")


def _is_within(node: Node) -> bool:
    """Whether it is reflected at its ends, once: as far as there are elements, which is known."""
    (x,), facts = node.operands, node.attributes
    assert x is not None
    pairs = zip(x.type.shape, facts["widths"], strict=True)
    return facts["mode"] == "reflect" and all(
        same(width, 0) or (isinstance(size, int) and isinstance(width, int) and width < size)
        for size, widths in pairs
        for width in widths
    )


@composite(is_standard=_is_within)
def _pad_again(x: Any, /, widths: Pairs, mode: str) -> Any:
    """x with its own elements before and after, in the order the mode gives them."""

    def change(x: Any, axis: int, width: Pair) -> Any:
        _check_filled(x, axis)
        places = _pad(arange(x.shape[axis], dtype=numpy.int32), (width,), mode, {})
        return take(x, places, axis=axis)

    return _each_axis(x, widths, change)


def _padded_type(x: Type, widths: Pairs, mode: str, options: Any) -> Type:
    sizes = zip(x.shape, widths, strict=True)
    return Type(x.dtype, tuple(before + size + after for size, (before, after) in sizes))


@moved(_padded_type, interval=intervals.padded, host_only=host_only.WIDENED)
def _pad(x: Any, /, widths: Pairs, mode: Any, options: Any) -> Any:
    """x with ramps, statistics of its ends, or its elements reflected, before and after."""
    return numpy.pad(x, widths, mode, **options)
