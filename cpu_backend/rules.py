"""Rules of the lowering table that are more than one call of OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from openvino import opset16 as ov

from isthmus import np, npx
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Result

from .builder import Output, Site, vector

__all__ = [
    "Rule",
    "add",
    "arange",
    "cast",
    "divide",
    "elu",
    "exp",
    "full",
    "gelu",
    "is_finite",
    "keeping_nan",
    "leaky_relu",
    "minimum",
    "multiply",
    "plain",
    "power",
    "relu6",
    "swapped",
    "type_name",
]

Rule = Callable[..., Any]


_TYPE_NAMES = {"bool": "boolean", "float32": "f32", "int32": "i32", "int64": "i64"}


def type_name(dtype: numpy.dtype[Any]) -> str:
    """OpenVINO's name of a dtype."""
    return _TYPE_NAMES[dtype.name]


def plain(function: Callable[..., Any], **options: Any) -> Rule:
    """A rule that calls OpenVINO with the operands alone."""
    return lambda site, *operands: function(*operands, **options)


def add(site: Site, x: Output, y: Output) -> Output:
    """x + y; of a number and an erf or a tanh as a difference: the plugin takes constants that are
    within 1e-3 of those of gelu for gelu, which is 5e-4 off then. What is gelu is one node before.
    """
    for number, other, position in ((x, y, 1), (y, x, 0)):
        maker = site.node.operands[position]
        is_bent = isinstance(maker, Result) and maker.node.op in (np.tanh, npx.erf)
        if is_bent and site.constant(1 - position) is not None:
            return ov.subtract(number, ov.negative(other))
    return ov.add(x, y)


def multiply(site: Site, x: Output, y: Output) -> Output:
    """x * y; a factor of NaN alone is added, since fusions take it for -1 and write b - x."""
    return (ov.add if _any_is_nan(site) else ov.multiply)(x, y)


def power(site: Site, x: Output, y: Output) -> Output:
    """x ** y; an exponent of NaN alone is written out, since fusions take it for -1: 1 / x."""
    exponent = site.constant(1)
    if exponent is None or not _is_nan(exponent):
        return ov.power(x, y)
    one = ov.constant(1, numpy.float32)
    return ov.select(ov.equal(x, one), one, ov.add(x, y))


def _any_is_nan(site: Site) -> bool:
    arrays = (site.constant(position) for position in (0, 1))
    return any(array is not None and _is_nan(array) for array in arrays)


def _is_nan(array: Any) -> bool:
    """Whether all elements are NaN."""
    return bool(array.size and array.dtype.kind == "f" and numpy.isnan(array).all())


def keeping_nan(function: Callable[..., Any]) -> Rule:
    """maximum or minimum, which drop a NaN in OpenVINO; the operand that is NaN is selected."""

    def rule(site: Site, x: Output, y: Output) -> Output:
        result = function(x, y)
        if site.type.dtype.kind != "f" or site.numerics == "fast":
            return result
        for position, operand in enumerate((x, y)):
            array = site.constant(position)
            if array is None or numpy.isnan(array).any():
                result = ov.select(ov.is_nan(operand), operand, result)
        return result

    return rule


def minimum(site: Site, x: Output, y: Output) -> Output:
    """The smaller; of integers a selection.

    OpenVINO makes a minimum and a maximum by constants one clamp, which rounds integers to float32,
    and x times a clamp of x + 3 to 0 .. 6 a hard swish of integers, which rounds its sixth.
    """
    if site.type.dtype.kind != "f":
        return ov.select(ov.less(y, x), y, x)
    return keeping_nan(ov.minimum)(site, x, y)


def relu6(site: Site, x: Output) -> Output:
    """A clamp to 0 .. 6; of integers as `minimum` has it."""
    if site.type.dtype.kind != "f":
        six = ov.constant(site.type.dtype.type(6))
        return minimum(site, ov.relu(x), six)
    return ov.clamp(x, 0.0, 6.0)


def exp(site: Site, x: Output) -> Output:
    """exp(x / 2)**2: OpenVINO's exp overflows from 88.4 on, the largest float is exp(88.7).

    It makes an infinity of a NaN as well.
    """
    if site.numerics == "fast":
        return ov.exp(x)
    root = ov.exp(ov.multiply(x, ov.constant(numpy.float32(0.5))))
    return ov.select(ov.is_nan(x), x, ov.multiply(root, root))


def swapped(function: Callable[..., Any]) -> Rule:
    """a > b as b < a: OpenVINO's greater holds for a NaN on the right."""
    return lambda site, x, y: function(y, x)


def is_finite(site: Site, x: Output) -> Output:
    """Neither NaN nor infinite; OpenVINO's own operation denies it of subnormal numbers."""
    return ov.logical_not(ov.logical_or(ov.is_nan(x), ov.is_inf(x)))


_SMALLEST_NORMAL = numpy.finfo(numpy.float32).smallest_normal
_LIFT = numpy.float32(2.0**64)


def divide(site: Site, x: Output, y: Output) -> Output:
    """x / y; a subnormal y, by which OpenVINO divides as by 0, is lifted together with x.

    OpenVINO computes x * (1 / y). Its mark `nonconvertable_divide_0` keeps the division, but then
    the variance along an axis came out 0 for all but the first rows (2026.4.1).
    """
    array = site.constant(1)
    normal = array is not None and not ((array != 0) & (abs(array) < _SMALLEST_NORMAL)).any()
    if normal or site.numerics == "fast":
        return ov.divide(x, y)
    tiny = ov.less(ov.abs(y), ov.constant(_SMALLEST_NORMAL))
    lift = ov.select(tiny, ov.constant(_LIFT), ov.constant(numpy.float32(1)))
    return ov.divide(ov.multiply(x, lift), ov.multiply(y, lift))


def cast(site: Site, x: Output) -> Output:
    if site.type.dtype == numpy.bool_:
        return ov.not_equal(x, ov.constant(0, site.operand_type(0).dtype))
    return ov.convert(x, type_name(site.type.dtype))


def leaky_relu(site: Site, x: Output) -> Output:
    return ov.prelu(x, ov.constant([site.attributes["slope"]], numpy.float32))


def elu(site: Site, x: Output) -> Output:
    return ov.elu(x, site.attributes["alpha"])


def gelu(site: Site, x: Output) -> Output:
    return ov.gelu(x, "tanh" if site.attributes["approximate"] else "erf")


def arange(site: Site) -> Output:
    start, stop = (_scalar(site, site.attributes[key]) for key in ("start", "stop"))
    steps = ov.range(start, stop, ov.constant(1, numpy.int64), output_type="i64")
    return ov.convert(steps, type_name(site.type.dtype))


def full(site: Site) -> Output:
    value = site.attributes["fill_value"]
    if isinstance(value, Dim):
        filler = ov.convert(_scalar(site, value), type_name(site.type.dtype))
    else:
        filler = ov.constant(numpy.asarray(value, site.type.dtype))
    return ov.broadcast(filler, site.build.shape(site.type.shape))


def _scalar(site: Site, size: int | Dim) -> Output:
    return ov.squeeze(site.build.size(size), vector([0]))
