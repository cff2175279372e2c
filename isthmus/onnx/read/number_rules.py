"""What operators do to the elements of small arrays of integers: see `numbers`.

One function an operator: (facts, *elements as arrays of objects) -> the same, or NotImplemented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from .facts import Facts

__all__ = ["RULES", "TRUTHS", "Parts", "zero_dimensional"]

Parts = numpy.ndarray[Any, Any]  # of objects


def zero_dimensional(part: Any) -> Parts:
    whole = numpy.empty((), object)
    whole[()] = part
    return whole


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    def rule(_: Facts, *operands: Parts) -> Any:
        return numpy.frompyfunc(function, len(operands), 1)(*operands)

    return rule


def _quotient(a: Any, b: Any) -> Any:
    """Of sizes, which are not negative."""
    if isinstance(a, int) and isinstance(b, int) and (a < 0) != (b < 0):
        return -(-a // b)
    return a // b


def _cast(facts: Facts, x: Parts) -> Any:
    return x if facts["to"] in (6, 7) else NotImplemented  # int32, int64


def _gather(facts: Facts, x: Parts, at: Parts) -> Any:
    return numpy.take(x, at.astype(numpy.int64), axis=facts.get("axis", 0))


def _slice(
    facts: Facts,
    x: Parts,
    starts: Parts | None = None,
    ends: Parts | None = None,
    axes: Parts | None = None,
    steps: Parts | None = None,
) -> Any:
    first = facts["starts"] if starts is None else starts.tolist()
    last = facts["ends"] if ends is None else ends.tolist()
    along = facts.get("axes") if axes is None else axes.tolist()
    by = [1] * len(first) if steps is None else steps.tolist()
    index = [slice(None)] * x.ndim
    for axis, *bounds in zip(along or range(len(first)), first, last, by, strict=True):
        index[axis] = _bounded(*map(int, bounds))
    return x[tuple(index)]


def _bounded(start: int, end: int, step: int) -> slice:
    return slice(start, None if step < 0 and end <= -(2**31) + 1 else end, step)


def _squeezed(facts: Facts, x: Parts, axes: Parts | None = None) -> Any:
    known = facts.get("axes") if axes is None else [int(i) for i in axes]
    return numpy.squeeze(x, axis=None if known is None else tuple(known))


def _unsqueezed(facts: Facts, x: Parts, axes: Parts | None = None) -> Any:
    known = facts["axes"] if axes is None else [int(i) for i in numpy.atleast_1d(axes)]
    return numpy.expand_dims(x, tuple(known))


def _split(facts: Facts, x: Parts, sizes: Parts | None = None) -> Any:
    known = facts.get("split") if sizes is None else [int(i) for i in sizes]
    known = known or [-(-len(x) // len(facts.outputs))] * len(facts.outputs)
    return numpy.split(x, numpy.cumsum(known)[:-1].tolist(), axis=facts.get("axis", 0))


def _reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    def rule(facts: Facts, x: Parts, axes: Parts | None = None) -> Any:
        known = facts.get("axes") if axes is None else [int(i) for i in axes]
        if x.ndim != 1 or known not in (None, [0], [-1]):
            return NotImplemented
        found = zero_dimensional(function(x.tolist()))
        return found.reshape(1) if facts.get("keepdims", 1) else found

    return rule


def _product(parts: Sequence[Any]) -> Any:
    found: Any = 1
    for part in parts:
        found = found * part
    return found


RULES: Mapping[str, Callable[..., Any]] = {
    "Add": _each(lambda a, b: a + b),
    "Cast": _cast,
    "Concat": lambda facts, *parts: numpy.concatenate(parts, axis=facts["axis"]),
    "Div": _each(_quotient),
    "Equal": _each(lambda a, b: bool(a == b)),
    "Expand": lambda _, x, shape: numpy.broadcast_to(
        x, numpy.broadcast_shapes(x.shape, tuple(map(int, shape)))
    ),
    "Flatten": lambda _, x: x.reshape(1, -1) if x.ndim == 1 else NotImplemented,
    "Gather": _gather,
    "Greater": _each(lambda a, b: bool(a > b)),
    "GreaterOrEqual": _each(lambda a, b: bool(a >= b)),
    "Identity": lambda _, x: x,
    "Less": _each(lambda a, b: bool(a < b)),
    "LessOrEqual": _each(lambda a, b: bool(a <= b)),
    "Max": _each(max),
    "Min": _each(min),
    "Mul": _each(lambda a, b: a * b),
    "Neg": _each(lambda a: -a),
    "ReduceMax": _reduced(max),
    "ReduceMin": _reduced(min),
    "ReduceProd": _reduced(_product),
    "ReduceSum": _reduced(sum),
    "Reshape": lambda _, x, shape: x.reshape([int(n) for n in shape]),
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeezed,
    "Sub": _each(lambda a, b: a - b),
    "Unsqueeze": _unsqueezed,
    "Where": _each(lambda c, a, b: a if c else b),
}
TRUTHS = {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"}
