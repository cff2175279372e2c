"""Softmax over one axis, several or all.

Runtimes have kernels of their own for one axis: one bad element, a NaN or an infinity, may leave
the others as numbers there. Half precision is computed in float32.
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.graph.infer import axes_of, reduction
from isthmus.graph.nodes import Type
from isthmus.graph.operator import FULL
from isthmus.np.staged_sums import added_over_last_axis
from isthmus.trace.op import composite, primitive

from .precision import in_float32
from .standard import has_one_axis

__all__ = ["largest", "log_softmax", "softmax", "softmax_by_line", "weighted_by_softmax"]


def _settled_axis(x: Type, axis: Any) -> dict[str, Any]:
    axes = axes_of(axis, x.ndim)
    return {"axis": axis if isinstance(axis, int) else axes[0] if len(axes) == 1 else axes}


over_axis = composite(
    adds=added_over_last_axis, settled=_settled_axis, is_standard=has_one_axis, precision=FULL
)


@primitive(infer=reduction(lambda dtype: dtype), vjp=np.max.vjp, may_raise=False)
def largest(x: Any, /, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The largest element; the least there can be of none, where `np.max` raises."""
    least = {"f": -numpy.inf, "c": complex(-numpy.inf), "b": False}.get(x.dtype.kind)
    initial = numpy.iinfo(x.dtype).min if least is None else least
    return numpy.max(x, axis=axis, keepdims=keepdims, initial=initial)


def _shifted(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """x less its largest elements, and the axes."""
    x = np.asarray(x)
    axes = axes_of(axis, x.ndim)
    return x - largest(x, axis=axes, keepdims=True), axes


@over_axis
@in_float32
def log_softmax(x: Any, /, *, axis: Any = -1) -> Any:
    """x - max(x) - log(sum(exp(x - max(x)))) along axis: no overflow, unlike log(softmax).

    x: any shape, float; the result has its dtype and shape. axis: an int, several, or None for all.
    Raises UsageError for an axis that x lacks. As ONNX's LogSoftmax from opset 13.

    >>> from isthmus import np, npx
    >>> npx.log_softmax(np.asarray([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted, axes = _shifted(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axes, keepdims=True))


@over_axis
@in_float32
def softmax(x: Any, /, *, axis: Any = -1) -> Any:
    """exp(x - max(x)) / sum(exp(x - max(x))) along axis.

    x: any shape, float; the result has its dtype and shape. axis: an int, several, or None for all.
    Raises UsageError for an axis that x lacks. As ONNX's Softmax from opset 13.

    >>> from isthmus import np, npx
    >>> npx.softmax(np.asarray([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    shifted, axes = _shifted(x, axis)
    weights = np.exp(shifted)
    return weights / np.sum(weights, axis=axes, keepdims=True)


@over_axis
def softmax_by_line(x: Any, /, *, axis: Any = -1) -> Any:
    """softmax, of which a runtime's kernel makes nothing but NaN in a line with a NaN or an inf."""
    return softmax(x, axis=axis)


@composite(adds=added_over_last_axis)
def weighted_by_softmax(x: Any, v: Any, /) -> Any:
    """softmax(x) @ v: a product spreads a NaN that a kernel leaves in one place of a line."""
    return np.matmul(softmax(x), v)
