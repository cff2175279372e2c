"""Which calls of a composite are the operation that ONNX and OpenVINO have under its name.

Their kernels take one axis, plain numbers as attributes, and statistics of one shape. Any other
call is lowered through what the composite is made of: the fact `is_standard` of an operator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy

from isthmus.graph.nodes import Node, Type
from isthmus.graph.shapes import same_shape

__all__ = [
    "has_bias_by_channel",
    "has_one_axis",
    "has_statistics_by_channel",
    "has_vector_bias",
    "numbers",
    "with_numbers",
]

IsStandard = Callable[[Node], bool]


def numbers(*names: str) -> Callable[..., dict[str, Any]]:
    """A rule `settled`: attributes that are single numbers, also NumPy's, as Python's floats."""

    def settled(*_: Any, **attributes: Any) -> dict[str, Any]:
        return {k: _number(v) if k in names else v for k, v in attributes.items()}

    return settled


def _number(value: Any) -> Any:
    if isinstance(value, numpy.ndarray) and value.ndim == 0:
        value = value.item()
    return float(value) if isinstance(value, Real) else value


def with_numbers(*names: str, least: float = -math.inf) -> IsStandard:
    """Whether the attributes are finite numbers, not below `least`."""

    def is_standard(node: Node) -> bool:
        values = [node.attributes[name] for name in names]
        return all(isinstance(v, float) and math.isfinite(v) and v >= least for v in values)

    return is_standard


def has_one_axis(node: Node) -> bool:
    """Whether the axis is one int."""
    return isinstance(node.attributes["axis"], int)


def has_statistics_by_channel(node: Node) -> bool:
    """Whether gamma, beta, mean, variance are [C], C the size of axis 1, and epsilon a number."""
    x, *statistics = _types(node)
    fit = all(same_shape(t.shape, x.shape[1:2]) for t in statistics)
    return fit and x.ndim > 1 and with_numbers("epsilon", least=0)(node)


def has_bias_by_channel(node: Node) -> bool:
    """Whether the bias of a convolution is [O]."""
    _, weight, bias = _types(node)
    return same_shape(bias.shape, weight.shape[:1])


def has_vector_bias(node: Node) -> bool:
    """Whether the weight is [O, I] and the bias, if there is one, [O]."""
    _, weight, *bias = _types(node)
    return weight.ndim == 2 and all(same_shape(b.shape, weight.shape[:1]) for b in bias)


def _types(node: Node) -> list[Type]:
    return [value.type for value in node.operands if value is not None]
