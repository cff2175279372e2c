"""Reductions. axis: an int, several, or None for all of them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.dims import product
from isthmus.infer import BOOL, axes_of, mean_dtype, reduced_shape, reduction, sum_dtype
from isthmus.np.elementwise import equal, sqrt, square
from isthmus.np.manipulation import astype, broadcast_to, reshape
from isthmus.np.searching import where
from isthmus.op import composite, primitive

__all__ = [
    "all",
    "any",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def _kept(g: Any, x: Any, axis: Any) -> Any:
    """A reduced array with its axes back, of size 1."""
    return reshape(g, reduced_shape(x.shape, axis, keepdims=True))


def _sum_gradient(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    return (broadcast_to(_kept(g, x, axis), x.shape),)


def _mean_gradient(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    count = product(x.shape[i] for i in axes_of(axis, x.ndim))
    return (broadcast_to(_kept(g, x, axis) / count, x.shape),)


def _extreme_gradient(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    """Elements that share the extreme share the gradient."""
    chosen = astype(equal(x, _kept(y, x, axis)), x.dtype)
    return (_kept(g, x, axis) * chosen / sum(chosen, axis=axis, keepdims=True),)


def _prod_gradient(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> tuple[Any]:
    """The product of the others; y / x except where x is the only 0 among them."""
    zero = equal(x, 0)
    filled = where(zero, 1, x)
    lone = equal(sum(astype(zero, x.dtype), axis=axis, keepdims=True), 1)
    others = where(lone, prod(filled, axis=axis, keepdims=True), 0)
    return (_kept(g, x, axis) * where(zero, others, _kept(y, x, axis) / filled),)


def _as_truth(_: Any) -> list[Any]:
    return [BOOL]


@primitive(infer=reduction(lambda _: BOOL), promote=_as_truth)
def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether every element is true."""
    return numpy.all(x, axis=axis, keepdims=keepdims)


@primitive(infer=reduction(lambda _: BOOL), promote=_as_truth)
def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether some element is true."""
    return numpy.any(x, axis=axis, keepdims=keepdims)


@primitive(infer=reduction(lambda dtype: dtype), vjp=_extreme_gradient)
def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element; NaN if one is."""
    return numpy.max(x, axis=axis, keepdims=keepdims)


@primitive(infer=reduction(mean_dtype), vjp=_mean_gradient)
def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum divided by the number of elements."""
    return numpy.mean(x, axis=axis, keepdims=keepdims)


@primitive(infer=reduction(lambda dtype: dtype), vjp=_extreme_gradient)
def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest element; NaN if one is."""
    return numpy.min(x, axis=axis, keepdims=keepdims)


@primitive(infer=reduction(sum_dtype), vjp=_prod_gradient)
def prod(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of the elements; small ints are multiplied as int64."""
    return numpy.prod(x, axis=axis, keepdims=keepdims)


@composite
def std(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """sqrt(var(x))"""
    return sqrt(var(x, axis=axis, keepdims=keepdims))


@primitive(infer=reduction(sum_dtype), vjp=_sum_gradient)
def sum(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of the elements; small ints are added as int64."""
    return numpy.sum(x, axis=axis, keepdims=keepdims)


@composite
def var(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """mean((x - mean(x))**2)"""
    return mean(square(x - mean(x, axis=axis, keepdims=True)), axis=axis, keepdims=keepdims)
