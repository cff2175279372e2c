"""Small arrays of integers whose elements are known one by one: sizes, axes, bounds.

An exported model computes where a Reshape goes from a Shape by Gather, Concat and arithmetic. Such
an array is kept as its elements: ints, sizes with a name, and numbers that are computed. What an
operator does to the elements is in `number_rules`; where a rule cannot decide, the array is
computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, TraceError, UsageError
from isthmus.graph.dims import Dim
from isthmus.npx.sizes import computed_size
from isthmus.trace.array import Array

from .facts import Facts
from .number_rules import RULES, TRUTHS, Parts, zero_dimensional

__all__ = ["Numbers", "as_array", "as_known", "as_sizes", "in_numbers"]

MOST = 64  # elements of what is taken apart


class Numbers:
    """An array of integers by its elements. parts: ints, sizes, and traced arrays without axes."""

    def __init__(self, parts: Parts, dtype: Any = numpy.int64) -> None:
        self.parts, self.dtype = parts, numpy.dtype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.parts.shape

    @property
    def ndim(self) -> int:
        return self.parts.ndim

    def array(self) -> Any:
        """The array itself; the elements are computed where they are not known."""
        if not self.parts.size:
            return numpy.zeros(self.shape, self.dtype)
        parts = [np.asarray(part, self.dtype) for part in self.parts.reshape(-1)]
        return np.reshape(np.stack(parts), self.shape)

    @classmethod
    def of(cls, values: Sequence[Any]) -> Any:
        """Sizes as an array, of int64: a NumPy array where all are ints."""
        return _simplest(_listed(values), numpy.dtype(numpy.int64))


def _simplest(parts: Any, dtype: numpy.dtype[Any]) -> Any:
    parts = parts if isinstance(parts, numpy.ndarray) else zero_dimensional(parts)
    if all(
        isinstance(part, int | numpy.integer | bool | numpy.bool_) for part in parts.reshape(-1)
    ):
        return parts.astype(dtype)
    return Numbers(parts, dtype)


def _listed(values: Sequence[Any]) -> Parts:
    parts = numpy.empty(len(values), object)
    for i, value in enumerate(values):  # a traced array would be taken for a list of numbers
        parts[i] = value
    return parts


def as_array(value: Any) -> Any:
    return value.array() if isinstance(value, Numbers) else value


def as_sizes(value: Any) -> Any:
    """A tuple of sizes, or one of an array without axes; what data decides gets a name."""
    parts = _parts(value)
    if parts is None:
        raise UsageError("sizes as an array whose length is not known; give it a number")
    found = [_size(part) for part in parts.reshape(-1)]
    return tuple(found) if parts.ndim else found[0]


def _size(part: Any) -> Any:
    if isinstance(part, Dim):
        return part
    if isinstance(part, Array):
        return computed_size(np.astype(part, numpy.int64, copy=False)).shape[0]
    return int(part)


def as_known(value: Any) -> Any:
    """Python's numbers and lists of them; UsageError for what only data decides."""
    if isinstance(value, Numbers):
        if any(isinstance(part, Array | Dim) for part in value.parts.reshape(-1)):
            raise UsageError(f"{value.parts.tolist()} given; it has to be numbers that are known")
        return value.parts.tolist()
    if isinstance(value, Array):
        raise UsageError(
            f"{value.type} given, which is computed; it has to be known: where it is an input, fix "
            "that by net.fixed(NAME=array)"
        )
    return value.tolist() if isinstance(value, numpy.ndarray | numpy.generic) else value


def _parts(value: Any) -> Parts | None:
    """The elements of a small array of integers, one by one; None for another."""
    if isinstance(value, Numbers):
        return value.parts
    if isinstance(value, numpy.ndarray | numpy.generic):
        return numpy.asarray(value).astype(object) if value.size <= MOST else None
    sizes = value.shape
    if len(sizes) > 1 or any(isinstance(size, Dim) or size > MOST for size in sizes):
        return None
    if not sizes:
        return zero_dimensional(value)
    return _listed([np.getitem(value, i) for i in range(sizes[0])])


def in_numbers(facts: Facts, operands: Sequence[Any]) -> Any:
    """What the operator makes of arrays of known elements; NotImplemented for what is not known."""
    rule = RULES.get(facts.op)
    if rule is None or not _is_worth_while(facts.op, operands):
        return NotImplemented
    parts = [None if value is None else _parts(value) for value in operands]
    if any(p is None and v is not None for p, v in zip(parts, operands, strict=True)):
        return NotImplemented
    dtype = operands[1 if facts.op == "Where" else 0].dtype
    try:
        found = rule(facts, *parts)
    except (DimensionError, TraceError, TypeError, ValueError, IndexError):
        return NotImplemented  # a comparison of sizes that is not decided, for example
    if found is NotImplemented:
        return found
    dtype = numpy.dtype(bool) if facts.op in TRUTHS else dtype
    if isinstance(found, list):
        return [_simplest(one, dtype) for one in found]
    return _simplest(found, dtype)


def _is_worth_while(op: str, operands: Sequence[Any]) -> bool:
    """Whether some elements are sizes, or computed ones are put beside others that are known."""
    if any(isinstance(value, Numbers) for value in operands):
        return True
    computed = [value for value in operands if isinstance(value, Array)]
    if op != "Concat" or len(computed) in (0, len(operands)):
        return False
    return all(v.ndim == 1 and v.dtype == numpy.int64 for v in operands) and all(
        isinstance(v.shape[0], int) and v.shape[0] <= 8 for v in computed
    )
