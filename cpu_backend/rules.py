"""Rules of the lowering table that are more than one call of OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from openvino import opset1
from openvino import opset16 as ov

from isthmus.dims import Dim
from isthmus.indexing import plan
from isthmus.infer import axes_of, one_axis
from isthmus.npx.windows import padding_of, pair

from .builder import Output, Site, vector

Rule = Callable[..., Any]
_FAR = numpy.iinfo(numpy.int64).max


_TYPE_NAMES = {"bool": "boolean", "float32": "f32", "int32": "i32", "int64": "i64"}


def type_name(dtype: numpy.dtype[Any]) -> str:
    """OpenVINO's name of a dtype."""
    return _TYPE_NAMES[dtype.name]


def plain(function: Callable[..., Any], **options: Any) -> Rule:
    """A rule that calls OpenVINO with the operands alone."""
    return lambda site, *operands: function(*operands, **options)


# Elementwise


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
    """exp, which makes an infinity of a NaN in OpenVINO."""
    result = ov.exp(x)
    return result if site.numerics == "fast" else ov.select(ov.is_nan(x), x, result)


def swapped(function: Callable[..., Any]) -> Rule:
    """a > b as b < a: OpenVINO's greater holds for a NaN on the right."""
    return lambda site, x, y: function(y, x)


def is_finite(site: Site, x: Output) -> Output:
    """Neither NaN nor infinite; OpenVINO's own operation denies it of subnormal numbers."""
    return ov.logical_not(ov.logical_or(ov.is_nan(x), ov.is_inf(x)))


_SMALLEST_NORMAL = numpy.finfo(numpy.float32).smallest_normal
_LIFT = numpy.float32(2.0**64)


def divide(site: Site, x: Output, y: Output) -> Output:
    """x / y; a subnormal y, by which OpenVINO divides as by 0, is lifted together with x."""
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


# Creation


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


# Moving elements


def reshape(site: Site, x: Output) -> Output:
    return site.build.reshape(x, site.operand_type(0).shape, site.type.shape)


def broadcast(site: Site, x: Output) -> Output:
    return ov.broadcast(x, site.build.shape(site.type.shape))


def transpose(site: Site, x: Output) -> Output:
    axes = site.attributes["axes"]
    ndim = site.type.ndim
    order = range(ndim)[::-1] if axes is None else [axis % ndim for axis in axes]
    return ov.transpose(x, vector(order))


def concat(site: Site, *arrays: Output) -> Output:
    return ov.concat(list(arrays), one_axis(site.attributes["axis"], site.type.ndim))


def expand_dims(site: Site, x: Output) -> Output:
    return ov.unsqueeze(x, vector(axes_of(site.attributes["axis"], site.type.ndim)))


def squeeze(site: Site, x: Output) -> Output:
    return ov.squeeze(x, vector(axes_of(site.attributes["axis"], site.operand_type(0).ndim)))


def take(site: Site, x: Output, indices: Output) -> Output:
    axis = one_axis(site.attributes["axis"] or 0, site.operand_type(0).ndim)
    return ov.gather(x, indices, ov.constant(axis, numpy.int64))


def getitem(site: Site, x: Output) -> Output:
    parts = plan(site.attributes["index"], site.operand_type(0).ndim)
    if parts.slices:
        ends = [_ends(cut) for cut in parts.slices.values()]
        starts, stops, steps = zip(*ends, strict=True)
        size = site.build.shape
        x = ov.slice(x, size(starts), size(stops), vector(steps), vector(parts.slices))
    if parts.removed:
        x = ov.squeeze(x, vector(parts.removed))
    return ov.unsqueeze(x, vector(parts.added)) if parts.added else x


def _ends(cut: slice) -> tuple[Any, Any, int]:
    """start, stop and step, with NumPy's defaults written as ends beyond any axis."""
    step = 1 if cut.step is None else cut.step
    first, last = (0, _FAR) if step > 0 else (_FAR, -_FAR)
    start = first if cut.start is None else cut.start
    return start, last if cut.stop is None else cut.stop, step


# Reductions


def reduction(function: Callable[..., Any]) -> Rule:
    """A rule for a reduction over `axis`."""

    def rule(site: Site, x: Output) -> Output:
        axes = axes_of(site.attributes["axis"], site.operand_type(0).ndim)
        return function(x, vector(axes), site.attributes["keepdims"])

    return rule


def extreme(function: Callable[..., Any]) -> Rule:
    """reduce_max or reduce_min, which drop a NaN in OpenVINO; NaN where any element is."""
    inner = reduction(function)

    def rule(site: Site, x: Output) -> Output:
        result = inner(site, x)
        if site.type.dtype.kind != "f" or site.numerics == "fast":
            return result
        found = reduction(ov.reduce_logical_or)(site, ov.is_nan(x))
        return ov.select(found, ov.constant(numpy.nan, numpy.float32), result)

    return rule


def softmax(site: Site, x: Output) -> Output:
    return ov.softmax(x, one_axis(site.attributes["axis"], site.type.ndim))


def log_softmax(site: Site, x: Output) -> Output:
    return ov.log_softmax(x, one_axis(site.attributes["axis"], site.type.ndim))


# Layers


def matmul(site: Site, x: Output, y: Output) -> Output:
    return ov.matmul(x, y, False, False)


def fully_connected(site: Site, x: Output, weight: Output, bias: Output | None) -> Output:
    y = ov.matmul(x, weight, False, True)
    return y if bias is None else ov.add(y, bias)


def layer_norm(site: Site, x: Output, gamma: Output, beta: Output) -> Output:
    y = ov.mvn(x, vector([-1]), True, site.attributes["epsilon"], "inside_sqrt")
    return ov.add(ov.multiply(y, gamma), beta)


def batch_norm(site: Site, x: Output, *statistics: Output) -> Output:
    return ov.batch_norm_inference(x, *statistics, site.attributes["epsilon"])


def convolution(site: Site, x: Output, weight: Output) -> Output:
    strides = pair(site.attributes["strides"], "strides")
    dilation = pair(site.attributes["dilation"], "dilation")
    begin, end = _pads(site)
    groups = site.attributes["groups"]
    if groups == 1:
        return ov.convolution(x, weight, strides, begin, end, dilation)
    shape = site.operand_type(1).shape
    grouped = (groups, shape[0] // groups, *shape[1:])
    array = site.constant(1)
    if array is None:
        weight = site.build.reshape(weight, shape, grouped)
    else:
        weight = site.build.constant(site.build.view(array, grouped))
    return ov.group_convolution(x, weight, strides, begin, end, dilation)


def max_pool(site: Site, x: Output) -> Output:
    window, strides = _window(site)
    begin, end = _pads(site)
    return ov.max_pool(
        x, strides, [1, 1], begin, end, window, "floor", "explicit", "i64", 0
    ).output(0)


def average_pool(site: Site, x: Output) -> Output:
    window, strides = _window(site)
    begin, end = _pads(site)
    counted = site.attributes["count_padding"]
    # opset 16's form crashed the process in OpenVINO 2026.4; opset 1's is the same operation.
    return opset1.avg_pool(x, strides, begin, end, window, not counted, "floor", "explicit")


def _window(site: Site) -> tuple[tuple[int, int], tuple[int, int]]:
    window = pair(site.attributes["window"], "window")
    strides = site.attributes["strides"]
    return window, window if strides is None else pair(strides, "strides")


def _pads(site: Site) -> tuple[list[int], list[int]]:
    (top, bottom), (left, right) = padding_of(site.attributes["padding"])
    return [top, left], [bottom, right]
