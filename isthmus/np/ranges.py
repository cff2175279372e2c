"""Numbers at even distances, on a line or on a logarithmic one."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.infer import one_axis
from isthmus.graph.nodes import Type
from isthmus.graph.shapes import broadcast as broadcast_sizes
from isthmus.trace.attributes import plain
from isthmus.trace.op import primitive
from isthmus.trace.slots import np

from . import host_only
from .conversion import asarray, astype, check_device
from .manipulation import expand_dims, reshape

__all__ = [
    "geomspace",
    "linspace",
    "logspace",
]


def _arange_type(start: Any, stop: Any, dtype: Any) -> Type:
    return Type(numpy.dtype(dtype), (stop - start,))


@primitive(
    infer=_arange_type,
    operations=lambda operands, results, attributes: 0,
    may_raise=False,
    interval=intervals.counted,
)
def _arange(start: Any, stop: Any, dtype: Any) -> Any:
    """start, start + 1, ... up to but not including stop; whole numbers, stop >= start."""
    return numpy.arange(start, stop, dtype=dtype)


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> Any:
    """start, start + step, ... below stop; with one argument from 0 up to it.

    Sizes may be named dimensions; start and step are whole numbers then, else UsageError. The
    result is int64, or float64 where a float is given, unless a dtype is, and of the size
    ceil((stop - start) / step). Raises ZeroDivisionError for a step of 0, UsageError for a device
    other than "cpu".

    >>> from isthmus import np
    >>> np.arange(2, 10, 3)
    array([2, 5, 8])
    """
    check_device(device)
    first, last = (0, start) if stop is None else (start, stop)
    if not isinstance(first, Dim) and not isinstance(last, Dim):
        return numpy.arange(first, last, step, dtype=dtype)
    first, last, step = plain((first, last, step))
    if not isinstance(first, int | Dim) or not isinstance(last, int | Dim):
        raise UsageError(
            f"np.arange from {first} to {last}: beside a named size give whole numbers"
        )
    if not isinstance(step, int) or step == 0:
        raise UsageError(f"np.arange of a named size with a step of {step}; give a whole number")
    wanted = numpy.dtype(numpy.int64 if dtype is None else dtype)
    if step == 1:
        return _arange(first, last, wanted)
    distance = last - first if step > 0 else first - last
    count = (distance + abs(step) - 1) // abs(step)
    return astype(_arange(0, count, numpy.dtype(numpy.int64)) * step + first, wanted)


# Values between two ends: linear in both, so that the shares of each end are the gradient.


def _spaced_type(start: Type, stop: Type, num: Any, dtype: Any, axis: int, **_: Any) -> Type:
    sizes = broadcast_sizes(start.shape, stop.shape)
    along = one_axis(axis, len(sizes) + 1)
    return Type(dtype, (*sizes[:along], num, *sizes[along:]))


def _share(g: Any, num: Any, endpoint: bool, axis: int) -> tuple[Any, int]:
    """0 ... 1, the share of `stop`, shaped to meet g; and the axis of g that has the numbers."""
    last = num - 1 if endpoint else num
    steps = astype(arange(num) / np.maximum(last, 1), g.dtype)
    along = one_axis(axis, g.ndim)
    return reshape(steps, (-1,) + (1,) * (g.ndim - along - 1)), along


def _line_gradient(
    g: Any, y: Any, start: Any, stop: Any, num: Any, endpoint: bool, dtype: Any, axis: int
) -> tuple[Any, Any]:
    share, along = _share(g, num, endpoint, axis)
    return _summed(g * (1 - share), along, start), _summed(g * share, along, stop)


def _summed(g: Any, along: int, end: Any) -> Any:
    return astype(np.sum(g, axis=along), end.dtype)


@primitive(infer=_spaced_type, vjp=_line_gradient, host_only=host_only.SPACED)
def _linspace(start: Any, stop: Any, /, num: Any, endpoint: bool, dtype: Any, axis: int) -> Any:
    """start + (stop - start) i / (num - 1), or / num without the end point."""
    return numpy.linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """start + i * (stop - start) / (num - 1) for i in 0..num - 1; / num without the end point.

    start and stop may be arrays, which broadcast; `axis` of the result counts the numbers. num may
    be a named size. retstep: (numbers, distance). Result: the common floating dtype of both ends,
    or `dtype`. Raises UsageError for a negative num, and for a device other than "cpu". As
    `numpy.linspace`.

    >>> from isthmus import np
    >>> np.linspace(0, 1, 5)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    check_device(device)
    if not isinstance(num, Dim) and num < 0:
        raise UsageError(f"{num} numbers; give 0 or more")
    found = _inexact(start, stop)
    first, last = _end(start, found), _end(stop, found)
    wanted = found if dtype is None else numpy.dtype(dtype)
    numbers = _linspace(first, last, num, bool(endpoint), wanted, axis)
    parts = num - 1 if endpoint else num
    return (numbers, _distance(first, last, parts, found)) if retstep else numbers


def _distance(first: Any, last: Any, parts: Any, dtype: Any) -> Any:
    if not isinstance(parts, Dim) and parts <= 0:
        return numpy.nan
    return (astype(last, dtype) - astype(first, dtype)) / parts


def _inexact(start: Any, stop: Any) -> numpy.dtype[Any]:
    """The floating or complex dtype of two ends together; Python's numbers are weak."""
    ends = [end if _is_number(end) else asarray(end).dtype for end in (start, stop)]
    return numpy.result_type(*ends, 1.0)


def _is_number(end: Any) -> bool:
    return type(end) in (bool, int, float, complex)


def _end(end: Any, dtype: Any) -> Any:
    return asarray(end, dtype if _is_number(end) else None)


def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """base ** linspace(start, stop): numbers at even distances of their logarithms.

    start, stop and base may be arrays, which broadcast. Result: the common floating dtype, or
    `dtype`. Raises UsageError for a negative num. As `numpy.logspace`.

    >>> from isthmus import np
    >>> np.logspace(0, 2, 3)
    array([  1.,  10., 100.])
    """
    if not isinstance(base, float | int) and asarray(base).ndim:
        rank = max(asarray(part).ndim for part in (start, stop, base))
        start, stop, base = (_with_rank(part, rank) for part in (start, stop, base))
        base = expand_dims(base, axis=axis)
    powers = np.pow(base, linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else astype(powers, dtype, copy=False)


def _with_rank(part: Any, rank: int) -> Any:
    known = asarray(part)
    return reshape(known, (1,) * (rank - known.ndim) + tuple(known.shape))


def _curve_gradient(
    g: Any, y: Any, start: Any, stop: Any, num: Any, endpoint: bool, dtype: Any, axis: int
) -> tuple[Any, Any]:
    """y = start ** (1 - share) * stop ** share"""
    share, along = _share(g, num, endpoint, axis)
    of_start = _summed(g * y * (1 - share), along, start) / start
    return of_start, _summed(g * y * share, along, stop) / stop


@primitive(infer=_spaced_type, vjp=_curve_gradient, host_only=host_only.SPACED)
def _geomspace(start: Any, stop: Any, /, num: Any, endpoint: bool, dtype: Any, axis: int) -> Any:
    """start (stop / start) ** (i / (num - 1)), or / num without the end point."""
    return numpy.geomspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


def geomspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """start * (stop / start) ** (i / (num - 1)) for i in 0..num - 1; / num without the end point.

    start and stop may be arrays, which broadcast; none is zero, else NumPy's ValueError. Result:
    float64 or complex128, or `dtype`. As `numpy.geomspace`.

    >>> from isthmus import np
    >>> np.geomspace(1, 1000, 4)
    array([   1.,   10.,  100., 1000.])
    """
    first, last = asarray(start), asarray(stop)
    known = numpy.result_type(first.dtype, last.dtype, numpy.float64)
    wanted = known if dtype is None else numpy.dtype(dtype)
    return _geomspace(first, last, num, bool(endpoint), wanted, axis)
