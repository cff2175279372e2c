"""Reductions of the elements that a mask chooses, from a value to begin with: `where=`, `initial=`.

Each function is what an operator's fact `masked` wants: `(op, x, where, initial, attributes)` of a
call with one of the two. They are made of the plain reduction, and so is their gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from isthmus.errors import UsageError, WrongKind
from isthmus.graph.infer import axes_of
from isthmus.trace.op import Op, P, R
from isthmus.trace.slots import np

from .comparisons import logical_and, logical_not, logical_or
from .conversion import asarray, astype
from .manipulation import broadcast_to, concat, squeeze
from .searching import where as selected
from .variances import divided, freedom_lost, root, squared

__all__ = ["chosen", "extreme", "given", "masked", "mean", "std", "sum_or_product", "truth", "var"]

Rule = Callable[..., Any]
Attributes = Mapping[str, Any]


def masked(rule: Rule) -> Callable[[Callable[P, R]], Op[P, R]]:
    """A composite that the rule makes where a mask is given."""
    return lambda body: Op(body, masked=rule)


def chosen(where: Any, x: Any) -> Any:
    """The mask, of x's shape. Raises DimensionError if it does not broadcast to it, and WrongKind,
    a TypeError, for an array of anything but truth values."""
    mask = asarray(where) if hasattr(where, "dtype") else asarray(where, numpy.bool_)
    if mask.dtype != numpy.bool_:
        raise WrongKind(f"where= of {mask.dtype}; give truth values")
    return broadcast_to(mask, x.shape)


def given(where: Any, initial: Any = None) -> dict[str, Any]:
    """What NumPy's function is called with: no more than the caller gave."""
    masks = {} if where is True else {"where": where}
    return masks if initial is None else {**masks, "initial": initial}


def _number(initial: Any) -> Any:
    known = asarray(initial)
    if known.ndim:
        raise UsageError(f"initial= of shape {known.shape}; give one number")
    return known


def sum_or_product(identity: int, combined: str) -> Rule:
    """The rule of `sum` and `prod`: 0 or 1 in the place of what is left out."""

    def rule(op: Op[..., Any], x: Any, where: Any, initial: Any, attributes: Attributes) -> Any:
        x = asarray(x)
        if where is not True:
            x = selected(chosen(where, x), x, numpy.full((), identity, x.dtype))
        found = op(x, **attributes)
        if initial is None:
            return found
        return getattr(np, combined)(found, astype(_number(initial), found.dtype))

    return rule


def truth(function: str) -> Rule:
    """The rule of `all` and `any`: what is left out does not decide."""

    def rule(op: Op[..., Any], x: Any, where: Any, initial: Any, attributes: Attributes) -> Any:
        x = asarray(x)
        mask = chosen(where, x)
        known = logical_and(x, mask) if function == "any" else logical_or(x, logical_not(mask))
        return op(known, **attributes)

    return rule


def extreme(combined: str) -> Rule:
    """`max` and `min`: the value to begin with is one of the elements, and stands for others."""

    def rule(op: Op[..., Any], x: Any, where: Any, initial: Any, attributes: Attributes) -> Any:
        if initial is None:
            raise UsageError("where= without initial=; say what there is where nothing is chosen")
        x = asarray(x)
        first = astype(_number(initial), x.dtype)
        if where is not True:
            x = selected(chosen(where, x), x, first)
        axes = axes_of(attributes["axis"], x.ndim)
        if all(isinstance(x.shape[axis], int) and x.shape[axis] for axis in axes):
            return getattr(np, combined)(op(x, **attributes), first)
        for axis in axes:  # an empty one gets one element
            shape = tuple(1 if i == axis else size for i, size in enumerate(x.shape))
            x = op(concat([broadcast_to(first, shape), x], axis=axis), axis=axis, keepdims=True)
        return x if attributes["keepdims"] else squeeze(x, axis=axes)

    return rule


def mean(op: Op[..., Any], x: Any, where: Any, initial: Any, attributes: Attributes) -> Any:
    """The sum of what is chosen, divided by how much that is; NaN of nothing."""
    x, axis, keepdims = asarray(x), attributes["axis"], attributes["keepdims"]
    mask = chosen(where, x)
    dtype = attributes["dtype"]
    floating = x.dtype if x.dtype.kind in "fc" else numpy.dtype(numpy.float64)
    known = numpy.dtype(floating if dtype is None else dtype)
    wide = numpy.dtype(numpy.float32) if known == numpy.float16 else known
    total = np.sum(x, axis, wide, keepdims=keepdims, where=mask)
    return astype(np.divide(total, _count(mask, wide, axis, keepdims)), known, copy=False)


def _count(mask: Any, dtype: Any, axis: Any, keepdims: bool) -> Any:
    """How many elements are chosen, in floats that hold the number."""
    real = numpy.zeros((), dtype).real.dtype
    return np.sum(mask, axis, real if real.kind == "f" else numpy.float64, keepdims=keepdims)


def var(op: Op[..., Any], x: Any, where: Any, initial: Any, attributes: Attributes) -> Any:
    """sum(|x - mean|**2) / max(n - ddof, 0), of the n elements that are chosen."""
    x, axis, keepdims = asarray(x), attributes["axis"], attributes["keepdims"]
    mask = chosen(where, x)
    lost = freedom_lost(attributes["ddof"], attributes["correction"])
    middle = np.mean(x, axis, attributes["dtype"], keepdims=True, where=mask)
    squares = squared(np.subtract(x, middle))
    total = np.sum(squares, axis, attributes["dtype"], keepdims=keepdims, where=mask)
    wide = numpy.dtype(numpy.float32) if total.dtype == numpy.float16 else total.dtype
    count = _count(mask, wide, axis, keepdims)
    return divided(total, np.maximum(np.subtract(count, lost), 0))


def std(op: Op[..., Any], x: Any, where: Any, initial: Any, attributes: Attributes) -> Any:
    """The root of the variance of what is chosen."""
    return root(var(op, x, where, initial, attributes))
