"""Arrays for sample rows, and what a row is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

_random = numpy.random.default_rng(0)


class Sample(NamedTuple):
    """Operands and attributes of one call.

    Calls are also tried with the first operand's leading size named; `fixed` says why not this one.
    """

    operands: tuple[Any, ...]
    attributes: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    fixed: str = ""


def f32(*shape: int) -> Any:
    """Normally distributed float32."""
    return _random.standard_normal(shape, numpy.float32)


def positive(*shape: int) -> Any:
    """float32 in 0.5 .. 3.5."""
    return (_random.random(shape, numpy.float32) * 3 + 0.5).astype(numpy.float32)


def i32(*shape: int, low: int = -9, high: int = 10) -> Any:
    """int32 in low .. high - 1."""
    return _random.integers(low, high, shape, numpy.int32)


def truth(*shape: int) -> Any:
    """Random truth values."""
    return _random.random(shape) < 0.5
