"""Rules of products, normalisations, convolution and pooling."""

from __future__ import annotations

import numpy
from openvino import opset1
from openvino import opset16 as ov

from isthmus.graph.infer import one_axis
from isthmus.npx.windows import along, padding_of

from .builder import Output, Site, vector

__all__ = [
    "average_pool",
    "batch_norm",
    "biased_convolution",
    "conv_transpose",
    "convolution",
    "convolution_of_integers",
    "fully_connected",
    "instance_norm",
    "layer_norm",
    "log_softmax",
    "matmul",
    "max_pool",
    "rms_norm",
    "softmax",
    "softmax_by_line",
    "weighted_by_softmax",
]


def softmax(site: Site, x: Output) -> Output:
    return ov.softmax(x, one_axis(site.attributes["axis"], site.type.ndim))


def softmax_by_line(site: Site, x: Output) -> Output:
    """OpenVINO leaves a NaN where NumPy makes NaN of the whole line: a sum less itself is 0 or NaN.

    On 12 x 128 x 128 elements half the time of the line's exponentials, sum and quotient.
    """
    axis = one_axis(site.attributes["axis"], site.type.ndim)
    y = ov.softmax(x, axis)
    total = ov.reduce_sum(y, vector([axis]), True)
    return ov.add(y, ov.subtract(total, total))


def weighted_by_softmax(site: Site, x: Output, v: Output) -> Output:
    return ov.matmul(ov.softmax(x, site.operand_type(0).ndim - 1), v, False, False)


def rms_norm(site: Site, x: Output, gamma: Output) -> Output:
    """In the form of which the plugin makes its one kernel."""
    power = ov.power(x, ov.constant(numpy.float32(2)))
    mean = ov.reduce_mean(power, vector([-1]), True)
    epsilon = ov.constant(numpy.float32(site.attributes["epsilon"]))
    root = ov.sqrt(ov.add(mean, epsilon))
    return ov.multiply(ov.multiply(x, ov.divide(ov.constant(numpy.float32(1)), root)), gamma)


def log_softmax(site: Site, x: Output) -> Output:
    return ov.log_softmax(x, one_axis(site.attributes["axis"], site.type.ndim))


def matmul(site: Site, x: Output, y: Output) -> Output:
    return _product(site, x, y, False)


def _product(site: Site, x: Output, weight: Output, is_transposed: bool) -> Output:
    """x @ weight, or x @ weight.T.

    A square constant that is read the other way as well is a transposed copy here: the plugin takes
    what it packed of that memory for the first product, whichever way that was.
    """
    array = site.constant(1)
    if array is None or array.ndim != 2 or array.shape[0] != array.shape[1]:
        return ov.matmul(x, weight, False, is_transposed)
    first = site.build.ways.setdefault(id(array), is_transposed)
    if first == is_transposed:
        return ov.matmul(x, weight, False, is_transposed)
    return ov.matmul(x, site.build.turned(array, site.precision), False, first)


def fully_connected(site: Site, x: Output, weight: Output, bias: Output | None) -> Output:
    y = _product(site, x, weight, True)
    return y if bias is None else ov.add(y, bias)


def layer_norm(site: Site, x: Output, gamma: Output, beta: Output) -> Output:
    y = ov.mvn(x, vector([-1]), True, site.attributes["epsilon"], "inside_sqrt")
    return ov.add(ov.multiply(y, gamma), beta)


def instance_norm(site: Site, x: Output, gamma: Output, beta: Output) -> Output:
    axes = range(2, site.type.ndim)
    y = ov.mvn(x, vector(axes), True, site.attributes["epsilon"], "inside_sqrt")
    ones = (1 for _ in axes)
    shape, by_channel = site.operand_type(1).shape, (site.type.shape[1], *ones)
    gamma, beta = (site.build.reshape(one, shape, by_channel) for one in (gamma, beta))
    return ov.add(ov.multiply(y, gamma), beta)


def batch_norm(site: Site, x: Output, *statistics: Output) -> Output:
    return ov.batch_norm_inference(x, *statistics, site.attributes["epsilon"])


def convolution(site: Site, x: Output, weight: Output) -> Output:
    strides, dilation = _along(site, "strides"), _along(site, "dilation")
    begin, end = _pads(site)
    groups = site.attributes["groups"]
    if groups == 1:
        return ov.convolution(x, weight, strides, begin, end, dilation)
    return ov.group_convolution(x, _grouped(site, weight), strides, begin, end, dilation)


def convolution_of_integers(site: Site, x: Output, weight: Output) -> Output:
    return ov.convert(convolution(site, x, weight), "i32")


def _grouped(site: Site, weight: Output) -> Output:
    """The weight with an axis of groups before its own."""
    groups, shape = site.attributes["groups"], site.operand_type(1).shape
    grouped = (groups, shape[0] // groups, *shape[1:])
    array = site.constant(1)
    if array is None:
        return site.build.reshape(weight, shape, grouped)
    return site.build.constant(site.build.view(array, grouped), precision=site.precision)


def biased_convolution(site: Site, x: Output, weight: Output, bias: Output) -> Output:
    ones = (1 for _ in site.type.shape[2:])
    by_channel = site.build.reshape(
        bias, site.operand_type(2).shape, (1, site.type.shape[1], *ones)
    )
    return ov.add(convolution(site, x, weight), by_channel)


def conv_transpose(site: Site, x: Output, weight: Output) -> Output:
    begin, end = _pads(site)
    options = {
        "strides": _along(site, "strides"),
        "pads_begin": begin,
        "pads_end": end,
        "dilations": _along(site, "dilation"),
        "output_padding": _along(site, "output_padding"),
    }
    if site.attributes["groups"] == 1:
        return ov.convolution_backprop_data(x, weight, **options)
    return ov.group_convolution_backprop_data(x, _grouped(site, weight), **options)


def max_pool(site: Site, x: Output) -> Output:
    window, strides = _window(site)
    begin, end = _pads(site)
    ones = [1] * len(window)
    return ov.max_pool(x, strides, ones, begin, end, window, "floor", "explicit", "i64", 0).output(
        0
    )


def average_pool(site: Site, x: Output) -> Output:
    window, strides = _window(site)
    begin, end = _pads(site)
    counted = site.attributes["count_padding"]
    # opset 16's form crashed the process in OpenVINO 2026.4; opset 1's is the same operation.
    return opset1.avg_pool(x, strides, begin, end, window, not counted, "floor", "explicit")


def _along(site: Site, name: str) -> list[int]:
    """An attribute's number for each axis after the channels."""
    return list(along(site.attributes[name], name, site.type.ndim - 2))


def _window(site: Site) -> tuple[list[int], list[int]]:
    window = _along(site, "window")
    return window, window if site.attributes["strides"] is None else _along(site, "strides")


def _pads(site: Site) -> tuple[list[int], list[int]]:
    sides = padding_of(site.attributes["padding"], site.type.ndim - 2)
    return [before for before, _ in sides], [after for _, after in sides]
