"""Rules of the lowering table that are more than one call of OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from openvino import opset16 as ov

from isthmus.dims import Dim

from .builder import Output, Site, vector

Rule = Callable[..., Any]


_TYPE_NAMES = {"bool": "boolean", "float32": "f32", "int32": "i32", "int64": "i64"}


def type_name(dtype: numpy.dtype[Any]) -> str:
    """OpenVINO's name of a dtype."""
    return _TYPE_NAMES[dtype.name]


def plain(function: Callable[..., Any], **options: Any) -> Rule:
    """A rule that calls OpenVINO with the operands alone."""
    return lambda site, *operands: function(*operands, **options)


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


def divide(site: Site, x: Output, y: Output) -> Output:
    """x / y. OpenVINO would make x * (1 / y) of it, which is rounded twice and takes a subnormal
    y for 0; a node with this mark it leaves as it is."""
    quotient = ov.divide(x, y)
    quotient.get_rt_info()["nonconvertable_divide_0"] = ""
    return quotient


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
