"""How a row of the table becomes ONNX operations: the forms that rows share.

A rule is called with a `Site`, one node being lowered, and the names of its operands;
it emits operations and returns the name of the last one's result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from .builder import Site

__all__ = [
    "ELEMENT_TYPES",
    "Rule",
    "Several",
    "absolute",
    "by_kind",
    "cast",
    "inverted",
    "is_finite",
    "is_infinite",
    "keeping_nan",
    "onnx",
    "same",
    "where",
]

Rule = Callable[..., str]
Several = Callable[..., tuple[str, ...]]  # of an operator with several results


def onnx(kind: str, since: int = 13, takes: tuple[str, ...] = (), **fixed: Any) -> Rule:
    """One ONNX operation of the same operands; attributes are fixed, or taken from the node."""

    def rule(site: Site, *operands: str) -> str:
        taken = {name: site.attributes[name] for name in takes}
        return site.op(kind, *operands, since=since, **taken, **fixed)

    return rule


def by_kind(**rules: Rule) -> Rule:
    """A rule for each kind of dtype of the first operand: f(loat), i(nteger), b(ool)."""

    def rule(site: Site, *operands: str) -> str:
        return rules[site.operand_type().dtype.kind](site, *operands)

    return rule


def same(site: Site, x: str) -> str:
    return x


def inverted(inner: Rule) -> Rule:
    """not inner(...)"""
    return lambda site, *operands: site.op("Not", inner(site, *operands))


def keeping_nan(inner: Rule) -> Rule:
    """inner(x), but x where it is NaN; CUDA's kernel makes a number of it."""

    def rule(site: Site, x: str) -> str:
        y = inner(site, x)
        return y if site.fast else site.op("Where", site.op("IsNaN", x), x, y)

    return rule


def absolute(site: Site, x: str) -> str:
    """x > 0 ? x : 0 - x, since the Abs of CUDA makes -0 of 0, and then 1 / |x| is negative."""
    if site.fast:
        return site.op("Abs", x)
    zero = site.literal(0, numpy.float32)
    negated = site.op("Sub", zero, x, since=14)
    return site.op("Where", site.op("Greater", x, zero), x, negated)


def is_infinite(site: Site, x: str) -> str:
    """|x| = inf, by kernels that every opset has on CPU and CUDA."""
    return site.op("Equal", site.op("Abs", x), site.literal(numpy.inf, numpy.float32))


def is_finite(site: Site, x: str) -> str:
    """|x| < inf, which a NaN is not either."""
    return site.op("Less", site.op("Abs", x), site.literal(numpy.inf, numpy.float32))


def where_bool(site: Site, condition: str, x: str, y: str) -> str:
    """(condition and x) or (not condition and y): Where has no kernel for truth values."""
    chosen = site.op("And", condition, x)
    return site.op("Or", chosen, site.op("And", site.op("Not", condition), y))


def where(site: Site, *operands: str) -> str:
    return (where_bool if site.type.dtype.kind == "b" else onnx("Where"))(site, *operands)


def cast(site: Site, x: str) -> str:
    """Cast; a float beyond the integers becomes their lowest, as NumPy does on x86."""
    before, after = site.operand_type().dtype, site.type.dtype
    if before == after:
        return same(site, x)
    kind = numpy.dtype(after).name
    y = site.op("Cast", x, to=ELEMENT_TYPES[kind])
    if before.kind != "f" or after.kind != "i" or site.fast:
        return y
    # CUDA takes the nearest integer instead, and 0 for NaN.
    lowest = numpy.iinfo(after).min
    low, high = (site.literal(float(bound), numpy.float32) for bound in (lowest, -lowest))
    inside = site.op("And", site.op("GreaterOrEqual", x, low), site.op("Less", x, high))
    return site.op("Where", inside, y, site.literal(lowest, after))


ELEMENT_TYPES = {"float32": 1, "int32": 6, "int64": 7, "bool": 9}  # onnx.TensorProto.DataType
