"""Differences of neighbours, and what is made of them: derivatives, integrals, interpolation."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError, WrongKind
from isthmus.graph.dims import equal
from isthmus.graph.infer import FLOAT64, one_axis
from isthmus.graph.nodes import Type
from isthmus.graph.whole import wholes
from isthmus.trace.op import composite, primitive

from . import host_only
from .comparisons import equal as equals
from .comparisons import greater, less, logical_and, not_equal
from .conversion import asarray, astype
from .cumulative import cumsum
from .elementwise import abs, remainder, subtract
from .manipulation import broadcast_to, concat, reshape
from .parts import in_parts
from .searching import where
from .statistical import sum

_COMPLEX128 = numpy.dtype(numpy.complex128)

__all__ = [
    "diff",
    "ediff1d",
    "gradient",
    "interp",
    "trapezoid",
    "unwrap",
]


def _cut(axis: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    """The index of a part of one axis."""
    return (slice(None),) * axis + (slice(start, stop),)


def diff(x: Any, /, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """x[1:] - x[:-1] along an axis, n times; of truth values whether they differ.

    prepend, append: elements before and after x, or a number for each line. The axis is n shorter,
    the dtype the common one of all. Raises UsageError for a negative n and for an axis that is not
    there, DimensionError where prepend or append has other sizes along the other axes (ValueError
    on NumPy arrays).

    >>> from isthmus import np
    >>> np.diff([1, 4, 9, 16])
    array([3, 5, 7])
    >>> np.diff([1, 4, 9, 16], n=2)
    array([2, 2])
    """
    if n < 0:
        raise UsageError(f"n={n} differences; give 0 or more")
    x = asarray(x)
    if n == 0:
        return x
    along = one_axis(axis, x.ndim)
    ends = (_as_end(prepend, x, along), [x], _as_end(append, x, along))
    whole = [part for end in ends for part in end]
    return _differences(x if len(whole) == 1 else concat(whole, axis=along), n, along)


def _as_end(end: Any, x: Any, axis: int) -> list[Any]:
    if end is None:
        return []
    end = asarray(end)
    shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    return [end if end.ndim else broadcast_to(end, shape)]


def _differences(x: Any, n: int, axis: int) -> Any:
    compare = not_equal if x.dtype == numpy.bool_ else subtract
    for _ in range(n):
        x = compare(x[_cut(axis, 1, None)], x[_cut(axis, None, -1)])
    return x


def ediff1d(x: Any, /, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of the flattened x, between the elements to begin and to end with.

    The result has one axis and x's dtype. Raises TypeError for ends that are not cast to it in
    their kind, UsageError for an x of truth values (TypeError on NumPy arrays).

    >>> from isthmus import np
    >>> np.ediff1d([1, 4, 9], to_begin=0)
    array([0, 3, 5])
    """
    line = reshape(asarray(x), (-1,))
    inner = subtract(line[1:], line[:-1])
    parts = [*_as_edge(to_begin, line), inner, *_as_edge(to_end, line)]
    return inner if len(parts) == 1 else concat(parts)


def _as_edge(edge: Any, line: Any) -> list[Any]:
    if edge is None:
        return []
    edge = reshape(asarray(edge), (-1,))
    if not numpy.can_cast(edge.dtype, line.dtype, "same_kind"):
        raise TypeError(f"{edge.dtype} beside differences of {line.dtype}; cast it first")
    return [astype(edge, line.dtype)]


def gradient(f: Any, /, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Derivatives by central differences, one-sided at the ends; a tuple for several axes.

    spacing: a number, or for each axis a number or the positions of the elements. Each array has
    f's shape and dtype, float64 of integers. Raises TypeError for another number of spacings;
    UsageError for an axis that is not there, another edge_order than 1 or 2, an axis of no more
    elements than that, and positions that are not one an element (ValueError on NumPy arrays).

    >>> from isthmus import np
    >>> np.gradient([1.0, 2.0, 4.0, 7.0])
    array([1. , 1.5, 2.5, 3. ])
    """
    f = asarray(f)
    axes = _ordered_axes(axis, f.ndim)
    steps = _steps(spacing, len(axes))
    found = [
        _gradient(f, step, axis=one, edge_order=edge_order)
        for one, step in zip(axes, steps, strict=True)
    ]
    return found[0] if len(found) == 1 else tuple(found)


def _ordered_axes(axis: Any, ndim: int) -> list[int]:
    return [one_axis(one, ndim) for one in (range(ndim) if axis is None else wholes(axis))]


def _steps(spacing: tuple[Any, ...], count: int) -> list[Any]:
    if not spacing:
        return [1.0] * count
    if len(spacing) == 1 and not numpy.ndim(spacing[0]):
        return list(spacing) * count
    if len(spacing) != count:
        raise TypeError(f"{len(spacing)} spacings for {count} axes; give one, or one an axis")
    return list(spacing)


def _gradient(f: Any, step: Any, axis: int, edge_order: int) -> Any:
    size = f.shape[axis]
    if edge_order not in (1, 2):
        raise UsageError(f"edge_order={edge_order}; give 1 or 2")
    if isinstance(size, int) and size <= edge_order:
        raise UsageError(f"{size} elements along axis {axis}; give at least {edge_order + 1}")
    whole = astype(f, numpy.float64) if f.dtype.kind in "iu" else f
    if numpy.ndim(step):
        return _gradient_at(whole, asarray(step), axis=axis, edge_order=edge_order)
    return _gradient_by(whole, step, axis=axis, edge_order=edge_order)


@composite
def _gradient_by(f: Any, step: Any, /, axis: int, edge_order: int) -> Any:
    """Derivatives of f at positions of one distance."""
    inner = (f[_cut(axis, 2, None)] - f[_cut(axis, None, -2)]) / (2.0 * step)
    if edge_order == 1:
        first = (f[_cut(axis, 1, 2)] - f[_cut(axis, 0, 1)]) / step
        last = (f[_cut(axis, -1, None)] - f[_cut(axis, -2, -1)]) / step
    else:
        first = _weighted(f, axis, (0, 1, 2), (-1.5 / step, 2.0 / step, -0.5 / step))
        last = _weighted(f, axis, (-3, -2, -1), (0.5 / step, -2.0 / step, 1.5 / step))
    return concat([astype(part, f.dtype) for part in (first, inner, last)], axis=axis)


def _weighted(f: Any, axis: int, places: tuple[int, ...], weights: tuple[Any, ...]) -> Any:
    """The sum of the elements at three places, weighted."""
    a, b, c = (
        weight * f[_cut(axis, place, place + 1 or None)]
        for place, weight in zip(places, weights, strict=True)
    )
    return a + b + c


def _at_type(f: Type, positions: Type, axis: int, edge_order: int) -> Type:
    if positions.ndim != 1 or not equal(positions.shape[0], f.shape[axis]):
        raise UsageError(f"positions {positions} along axis {axis} of {f}; give one an element")
    return f


@primitive(infer=_at_type, host_only=host_only.FITTED)
def _gradient_at(f: Any, positions: Any, /, axis: Any, edge_order: Any) -> Any:
    """Derivatives of f at the given positions."""
    return numpy.gradient(f, positions, axis=axis, edge_order=edge_order)


def trapezoid(y: Any, /, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of y by the trapezoidal rule, at distances dx or at the positions x.

    x: [n] along the axis, or of y's shape. The result is without the axis, in the common dtype of
    y and the distances, float64 of integers. Raises UsageError for an axis that is not there.

    >>> from isthmus import np
    >>> np.trapezoid([0.0, 1.0, 4.0], dx=2.0)
    np.float64(6.0)
    """
    y = asarray(y)
    along = one_axis(axis, y.ndim)
    width = dx if x is None else _widths(asarray(x), y.ndim, along)
    pairs = y[_cut(along, 1, None)] + y[_cut(along, None, -1)]
    return sum(width * pairs / 2.0, axis=along)


@in_parts(numpy.unwrap)
def unwrap(
    p: Any,
    /,
    discont: float | None = None,
    axis: int = -1,
    *,
    period: float = 6.283185307179586,
) -> Any:
    """p with multiples of the period added, so that neighbours differ by at most half of it.

    discont: a jump that is kept if it is smaller, half of the period by default. Result: p's dtype,
    float64 of integers unless the period is a whole number. Raises UsageError for an axis that is
    not there. As `numpy.unwrap`.

    >>> from isthmus import np
    >>> np.unwrap(np.asarray([0, 3, 6, 1, 4]), period=8)
    array([ 0,  3,  6,  9, 12])
    """
    p = asarray(p)
    along = one_axis(axis, p.ndim)
    steps = diff(p, axis=along)
    dtype = numpy.result_type(steps.dtype, period)
    high, odd = divmod(period, 2) if dtype.kind in "iu" else (period / 2, 0)
    near = remainder(subtract(steps, -high), period) + -high
    if not odd:  # half a period is a step up or down, as it was
        near = where(logical_and(equals(near, -high), greater(steps, 0)), high, near)
    added = subtract(near, steps)
    kept = less(abs(steps), period / 2 if discont is None else discont)
    added = where(kept, numpy.zeros((), added.dtype), added)
    rest = astype(p[_cut(along, 1, None)], dtype) + cumsum(added, axis=along)
    return concat([astype(p[_cut(along, 0, 1)], dtype), astype(rest, dtype)], axis=along)


def _widths(x: Any, ndim: int, axis: int) -> Any:
    if x.ndim != 1:
        return diff(x, axis=axis - ndim)
    return reshape(diff(x), (-1,) + (1,) * (ndim - axis - 1))


def _check_real(*positions: Any) -> None:
    """WrongKind for complex ones, whose imaginary part NumPy leaves out beside a complex fp."""
    for each in positions:
        if each.dtype.kind == "c":
            raise WrongKind(f"interpolation at positions of {each.dtype}; give real positions")


def _interp_type(x: Type, xp: Type, fp: Type, *_: Any, **__: Any) -> Type:
    if xp.ndim != 1 or fp.ndim != 1 or not equal(xp.shape[0], fp.shape[0]):
        raise UsageError(f"points {xp} and {fp}; give as many of both, along one axis")
    _check_real(x, xp)
    return Type(_COMPLEX128 if fp.dtype.kind == "c" else FLOAT64, x.shape)


@primitive(infer=_interp_type, host_only=host_only.SEARCHED)
def _interp(x: Any, xp: Any, fp: Any, left: Any, right: Any, /, period: Any) -> Any:
    _check_real(numpy.asarray(x), numpy.asarray(xp))
    return numpy.interp(x, xp, fp, left, right, period)


def interp(
    x: Any, xp: Any, fp: Any, /, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """The values at x of the line through the points (xp, fp), xp ascending.

    x: any shape, which the result has; xp, fp: [n]. The result is float64, complex128 of a complex
    fp. left, right: the values outside, by default those of the ends; period: of xp. Raises
    UsageError for an xp and fp that are not of one axis and one size, WrongKind for complex
    positions, ValueError for a period of 0 and for no points. On NumPy arrays all but WrongKind are
    ValueError.

    >>> from isthmus import np
    >>> np.interp([0.5, 1.5, 9.0], [0, 1, 2], [0, 10, 40])
    array([ 5., 25., 40.])
    """
    return _interp(x, xp, fp, left, right, period=period)
