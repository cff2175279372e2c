"""Sums and other reductions, and where the largest element is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError

from ..facts import Facts, Row, row

__all__ = ["ROWS"]


def reduction(function: Callable[..., Any], inner: Callable[..., Any] = lambda x: x) -> Row:
    """A row of (x, axes): over all axes where none are given, unless that is to do nothing."""

    def call(facts: Facts, x: Any, axes: Sequence[int] | None = None) -> Any:
        axes = facts.get("axes") if axes is None else axes
        if not axes and facts.get("noop_with_empty_axes", 0):
            return inner(x)
        keep = bool(facts.get("keepdims", 1))
        return function(inner(x), axis=tuple(axes) if axes else None, keepdims=keep)

    return row(call, known=(1,))


def position(function: Callable[..., Any]) -> Row:
    """A row that finds where along an axis the largest or smallest is: the first or the last."""

    def call(facts: Facts, x: Any) -> Any:
        axis, keep = facts.get("axis", 0), bool(facts.get("keepdims", 1))
        if not facts.get("select_last_index", 0):
            return function(x, axis=axis, keepdims=keep)
        return x.shape[axis] - 1 - function(np.flip(x, axis=axis), axis=axis, keepdims=keep)

    return row(call)


def total(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sum(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


def product(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.prod(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


def mean(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.astype(np.mean(x, axis=axis, keepdims=keepdims), x.dtype, copy=False)


def length(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.astype(np.sqrt(total(x * x, axis, keepdims)), x.dtype, copy=False)


def log_of_sum(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.astype(np.log(total(x, axis, keepdims)), x.dtype, copy=False)


def log_of_exponentials(x: Any, axis: Any, keepdims: bool) -> Any:
    """log(sum of exp x), the largest taken out first so that none overflows."""
    top = extreme(np.max, lowest=True)(x, axis, True)
    top = np.where(np.isfinite(top), top, numpy.zeros((), x.dtype))
    found = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=keepdims))
    shape = found.shape
    return found + np.reshape(top, shape)


def extreme(function: Callable[..., Any], lowest: bool) -> Callable[..., Any]:
    """The largest or smallest element; of none what every other exceeds."""

    def call(x: Any, axis: Any, keepdims: bool) -> Any:
        if x.dtype.kind == "b":
            return np.astype(call(np.astype(x, numpy.uint8), axis, keepdims), numpy.bool_)
        is_empty = any(isinstance(size, int) and size == 0 for size in x.shape)
        initial = _limit(x.dtype, lowest) if is_empty else None
        more = {} if initial is None else {"initial": initial}
        return function(x, axis=axis, keepdims=keepdims, **more)

    return call


def _limit(dtype: numpy.dtype[Any], lowest: bool) -> Any:
    if dtype.kind == "f":
        return -numpy.inf if lowest else numpy.inf
    facts = numpy.iinfo(dtype)
    return facts.min if lowest else facts.max


def running_sum(facts: Facts, x: Any, axis: int) -> Any:
    backward, exclusive = facts.get("reverse", 0), facts.get("exclusive", 0)
    return _running(np.cumsum, x, axis, backward, exclusive, 0)


def running_product(facts: Facts, x: Any, axis: int) -> Any:
    backward, exclusive = facts.get("reverse", 0), facts.get("exclusive", 0)
    return _running(np.cumprod, x, axis, backward, exclusive, 1)


def _running(
    function: Callable[..., Any], x: Any, axis: Any, backward: int, exclusive: int, start: int
) -> Any:
    axis = axis[0] if isinstance(axis, list) else axis
    if not -x.ndim <= axis < x.ndim:
        raise UsageError(f"axis {axis} of {x.ndim} axes")
    axis %= x.ndim
    x = np.flip(x, axis=axis) if backward else x
    if exclusive:
        widths = [(1, 0) if i == axis else (0, 0) for i in range(x.ndim)]
        padded = np.pad(x, widths, constant_values=start)
        x = np.getitem(padded, (slice(None),) * axis + (slice(0, -1),))
    found = function(x, axis=axis, dtype=x.dtype)
    return np.flip(found, axis=axis) if backward else found


ROWS: dict[str, Row] = {
    "ArgMax": position(np.argmax),
    "ArgMin": position(np.argmin),
    "CumProd": row(running_product, known=(1,)),
    "CumSum": row(running_sum, known=(1,)),
    "ReduceL1": reduction(total, np.abs),
    "ReduceL2": reduction(length),
    "ReduceLogSum": reduction(log_of_sum),
    "ReduceLogSumExp": reduction(log_of_exponentials),
    "ReduceMax": reduction(extreme(np.max, lowest=True)),
    "ReduceMean": reduction(mean),
    "ReduceMin": reduction(extreme(np.min, lowest=False)),
    "ReduceProd": reduction(product),
    "ReduceSum": reduction(total),
    "ReduceSumSquare": reduction(total, lambda x: x * x),
}
