"""Functions that choose: where, and the positions of extremes."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.analysis import intervals, needs
from isthmus.errors import UsageError
from isthmus.graph.infer import INT64, DType, reduction, selection
from isthmus.graph.operator import FOLLOWS
from isthmus.trace.op import primitive

__all__ = [
    "argmax",
    "argmin",
    "where",
]


def _where_gradient(g: Any, y: Any, condition: Any, a: Any, b: Any) -> tuple[None, Any, Any]:
    return None, where(condition, g, 0), where(condition, 0, g)


def _both_given(condition: Any, x1: Any, x2: Any) -> list[DType]:
    if any(isinstance(x, numpy.dtype) and x.hasobject for x in (x1, x2)):  # of None
        raise UsageError("a condition alone; call np.nonzero(condition), or give both choices")
    found: list[DType] = selection.promote(condition, x1, x2)  # type: ignore[attr-defined]
    return found


@primitive(
    infer=selection,
    promote=_both_given,
    vjp=_where_gradient,
    may_raise=False,
    interval=intervals.either,
    precision=FOLLOWS,
)
def where(condition: Any, x1: Any = None, x2: Any = None, /) -> Any:
    """x1 where the condition holds, x2 elsewhere; all three broadcast.

    Of NumPy's arrays the condition alone gives the positions where it holds; of traced ones that is
    a UsageError. Result: the common dtype of x1 and x2. Raises DimensionError if the shapes do not
    broadcast; of NumPy arrays NumPy's ValueError. As `numpy.where`.

    >>> from isthmus import np
    >>> np.where(np.asarray([True, False, True]), np.asarray([1, 2, 3]), 0)
    array([1, 0, 3])
    """
    return numpy.where(condition) if x1 is None is x2 else numpy.where(condition, x1, x2)


@primitive(
    infer=reduction(lambda _: INT64),
    may_raise=False,
    interval=intervals.position,
    needs=needs.not_empty,
)
def argmax(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """The position of the largest element along an axis, or of a NaN; the first of several.

    axis: an int, or None for the position in x flat. Result: int64. Raises UsageError for an axis
    that x lacks; of a NumPy array NumPy's AxisError. As `numpy.argmax`.

    >>> from isthmus import np
    >>> np.argmax(np.asarray([[1, 3, 3], [6, 5, 4]]), axis=1)
    array([1, 0])
    """
    return numpy.argmax(x, axis=axis, keepdims=keepdims)


@primitive(
    infer=reduction(lambda _: INT64),
    may_raise=False,
    interval=intervals.position,
    needs=needs.not_empty,
)
def argmin(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """The position of the smallest element along an axis, or of a NaN; the first of several.

    axis: an int, or None for the position in x flat. Result: int64. Raises UsageError for an axis
    that x lacks; of a NumPy array NumPy's AxisError. As `numpy.argmin`.

    >>> from isthmus import np
    >>> np.argmin(np.asarray([[1, 3, 3], [6, 5, 4]]), axis=1)
    array([0, 2])
    """
    return numpy.argmin(x, axis=axis, keepdims=keepdims)
