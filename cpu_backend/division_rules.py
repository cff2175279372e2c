"""Quotients of integers by positive constants, which OpenVINO divides through float32.

x times 1 / d in float32 is off by x / d * 2**-22 and 1 more: of x up to 2**30 and d up to 2**22
what is left is below 2**24, which float32 has exactly, so that a second quotient is off by 1 at
most.
"""

from __future__ import annotations

import numpy
from openvino import opset16 as ov

from .builder import Output, Site

__all__ = ["floor_divide", "quotient", "remainder"]


def floor_divide(site: Site, x: Output, d: Output) -> Output:
    """floor(x / d)"""
    found, rest = _divided(site, x, d)
    below, above = ov.less(rest, _number(0)), ov.greater_equal(rest, d)
    off = ov.select(below, _number(-1), ov.select(above, _number(1), _number(0)))
    return ov.add(found, off)


def remainder(site: Site, x: Output, d: Output) -> Output:
    """x - floor(x / d) * d"""
    _, rest = _divided(site, x, d)
    below, above = ov.less(rest, _number(0)), ov.greater_equal(rest, d)
    return ov.select(below, ov.add(rest, d), ov.select(above, ov.subtract(rest, d), rest))


def quotient(site: Site, x: Output, d: Output) -> Output:
    """trunc(x / d): one more than the floor where x is negative and something is left."""
    down, rest = floor_divide(site, x, d), remainder(site, x, d)
    is_between = ov.logical_and(ov.less(x, _number(0)), ov.not_equal(rest, _number(0)))
    return ov.add(down, ov.select(is_between, _number(1), _number(0)))


def _divided(site: Site, x: Output, d: Output) -> tuple[Output, Output]:
    """A quotient that is off by 1 at most, and what it leaves."""
    array = site.constant(1)
    assert array is not None
    inverse = ov.constant((1 / array).astype(numpy.float32))
    found = _quick(x, inverse)
    found = ov.add(found, _quick(ov.subtract(x, ov.multiply(found, d)), inverse))
    return found, ov.subtract(x, ov.multiply(found, d))


def _quick(x: Output, inverse: Output) -> Output:
    return ov.convert(ov.floor(ov.multiply(ov.convert(x, "f32"), inverse)), "i64")


def _number(value: int) -> Output:
    return ov.constant(value, numpy.int64)
