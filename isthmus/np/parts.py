"""Operators that are NumPy's own function on NumPy's arrays, and made of parts on traced ones.

The parts give type, gradient and lowering. Both forms mean the same; sums of floats may be
rounded in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from isthmus.graph.dims import Dim, Shape
from isthmus.graph.shapes import same_shape
from isthmus.trace.array import Array
from isthmus.trace.op import Op, P, R

from .manipulation import permute_dims, reshape

__all__ = ["in_parts", "ordered", "shaped"]


def in_parts(function: Callable[..., Any], **facts: Any) -> Callable[[Callable[P, R]], Op[P, R]]:
    """A composite: `function`, NumPy's, on NumPy's arrays, and the decorated body otherwise."""

    def made(body: Callable[P, R]) -> Op[P, R]:
        @wraps(body)
        def either(*args: Any, **kwargs: Any) -> Any:
            return (body if _any_traced(args) else function)(*args, **kwargs)

        return Op(either, **facts)

    return made


def _any_traced(values: Sequence[Any]) -> bool:
    return any(
        _any_traced(value) if isinstance(value, list | tuple) else isinstance(value, Array | Dim)
        for value in values
    )


def ordered(x: Any, axes: Sequence[int]) -> Any:
    """x with its axes in the given order; x itself if they are."""
    return x if list(axes) == list(range(x.ndim)) else permute_dims(x, tuple(axes))


def shaped(x: Any, shape: Shape) -> Any:
    """x in the given shape; x itself if it has it."""
    return x if same_shape(x.shape, shape) else reshape(x, shape)
