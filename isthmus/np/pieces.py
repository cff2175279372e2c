"""A function that is another one on each part of its domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.graph.infer import Elementwise, cast, selection
from isthmus.graph.nodes import Node, next_number, topological
from isthmus.trace.op import NUMPY, TRACED, kind_of
from isthmus.trace.recording import as_value

from .assignment import setitem
from .comparisons import logical_not, logical_or
from .conversion import asarray, astype
from .creation import zeros_like
from .indexing import getitem
from .manipulation import broadcast_to
from .searching import where

__all__ = ["piecewise"]


def piecewise(x: Any, /, condlist: Any, funclist: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
    """funclist[i] where condlist[i] holds, of several the last; 0 where none does.

    funclist: functions of the elements where their condition holds, called with args and kwargs
    besides, or numbers; one more than conditions is for all other elements. Result: x's shape and
    dtype. A traced function that computes each element by itself is computed of all of x, so that
    runtimes and files take it; others get what a mask chooses. Raises UsageError for another number
    of functions. As `numpy.piecewise`.

    >>> from isthmus import np
    >>> x = np.asarray([-2.0, 0.0, 3.0])
    >>> np.piecewise(x, [x < 0, x > 0], [lambda x: -x, 10])
    array([ 2.,  0., 10.])
    """
    if kind_of((x, condlist, list(funclist))) == NUMPY:
        return numpy.piecewise(x, condlist, list(funclist), *args, **kwargs)
    x = asarray(x)
    conditions = _conditions(condlist, x)
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        raise UsageError(
            f"{len(funclist)} functions for {len(conditions)} conditions; give as many, or one more"
        )
    if len(funclist) > len(conditions):
        conditions = [*conditions, _otherwise(conditions)]
    found = zeros_like(x)
    for condition, piece in zip(conditions, funclist, strict=True):
        if callable(piece):
            found = _computed(found, x, condition, partial(_called, piece, args, kwargs))
        else:
            found = where(condition, astype(asarray(piece), x.dtype), found)
    return found


def _conditions(condlist: Any, x: Any) -> list[Any]:
    """The conditions, each of x's shape; of one axis one alone need not be in a list."""
    if isinstance(condlist, list | tuple):
        first = condlist[0] if condlist else None
        alone = x.ndim > 0 and not hasattr(first, "ndim") and not isinstance(first, list)
    else:
        alone = condlist.ndim == 0 or (condlist.ndim == 1 and x.ndim > 0)
    parts = [condlist] if alone else list(condlist)
    return [broadcast_to(astype(asarray(part), numpy.bool_), x.shape) for part in parts]


def _otherwise(conditions: Sequence[Any]) -> Any:
    some = conditions[0]
    for condition in conditions[1:]:
        some = logical_or(some, condition)
    return logical_not(some)


def _called(function: Any, args: Any, kwargs: Any, part: Any) -> Any:
    return function(part, *args, **kwargs)


def _computed(found: Any, x: Any, condition: Any, function: Callable[[Any], Any]) -> Any:
    """What was found, with the function's results where the condition holds."""
    if kind_of((x, condition)) == TRACED:
        since = next_number()
        whole = asarray(function(x))
        if is_elementwise(whole, since):
            return where(condition, astype(whole, found.dtype, copy=False), found)
    return setitem(found, function(getitem(x, condition)), condition)


def is_elementwise(result: Any, since: int) -> bool:
    """Whether what was recorded since a number computes each element of a result by itself."""

    def by_itself(node: Node) -> bool:
        if node.op.is_composite:
            return all(map(by_itself, topological(node.expansion, since=since)))
        rule = node.op.infer
        return isinstance(rule, Elementwise) or rule in (cast, selection) or not node.operands

    return all(map(by_itself, topological([as_value(result)], since=since)))
