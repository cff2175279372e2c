"""ONNX operators on shapes: int and tuple of int in, the same out.

An exported model computes where a Reshape goes from a Shape by Gather, Concat and arithmetic.
Run as Python numbers these are known to every peer when it traces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..timing.main import Missing

__all__ = ["SIZES"]

Size = Any  # int, or tuple of int
Attributes = Mapping[str, Any]


def _each(function: Callable[..., Any]) -> Callable[..., Size]:
    """The function of numbers, on tuples element by element."""

    def row(_: Attributes, *operands: Size) -> Size:
        lengths = [len(operand) for operand in operands if isinstance(operand, tuple)]
        if not lengths:
            return function(*operands)
        spread = [o if isinstance(o, tuple) else (o,) for o in operands]
        return tuple(function(*(o[i % len(o)] for o in spread)) for i in range(max(lengths)))

    return row


def _cast(attributes: Attributes, size: Size) -> Size:
    if not attributes["to"].startswith(("int", "bool")):
        raise Missing(f"a size that is cast to {attributes['to']} is unknown to this peer")
    return size


def _gather(_: Attributes, size: Size, index: Size) -> Size:
    return tuple(size[i] for i in index) if isinstance(index, tuple) else size[index]


def _concat(_: Attributes, *sizes: Size) -> Size:
    return tuple(item for size in sizes for item in size)


def _slice(
    _: Attributes, size: Size, starts: Size, ends: Size, axes: Size = (0,), steps: Size = (1,)
) -> Size:
    return size[starts[0] : ends[0] : steps[0]]


def _range(_: Attributes, start: int, limit: int, step: int) -> Size:
    return tuple(range(start, limit, step))


def _constant_of_shape(attributes: Attributes, shape: Size) -> Size:
    value = attributes["value"].item() if "value" in attributes else 0
    return (value,) * shape[0] if shape else value


SIZES: dict[str, Callable[..., Size]] = {
    "Add": _each(lambda a, b: a + b),
    "Cast": _cast,
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Div": _each(lambda a, b: a // b),
    "Equal": _each(lambda a, b: a == b),
    "Gather": _gather,
    "Identity": lambda _, size: size,
    "Max": _each(max),
    "Min": _each(min),
    "Mul": _each(lambda a, b: a * b),
    "Range": _range,
    "Slice": _slice,
    "Squeeze": lambda _, size, axes=(0,): size[0],
    "Sub": _each(lambda a, b: a - b),
    "Unsqueeze": lambda _, size, axes=(0,): (size,),
    "Where": _each(lambda condition, a, b: a if condition else b),
}
