"""ONNX's convolutions and what is their transpose. Weights are [O, C/groups, *window]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.shapes import product
from isthmus.trace.traced import is_traced

from ..facts import Facts, Row, row
from .integer_sums import convolved_in_parts
from .windows import Sides, Windows, checked, pads_of, steps, windows_of

__all__ = ["ROWS"]


def convolution(facts: Facts, x: Any, weight: Any, bias: Any = None) -> Any:
    window = _window(facts, weight)
    return _biased(_convolved(facts, x, weight, windows_of(facts, x, window)), bias)


def _window(facts: Facts, weight: Any) -> tuple[int, ...]:
    window = tuple(weight.shape[2:])
    asked = facts.get("kernel_shape")
    if asked and tuple(asked) != window:
        raise UsageError(f"kernel_shape={list(asked)} and a weight {tuple(weight.shape)}")
    if any(isinstance(size, Dim) for size in window):
        raise UsageError(f"a weight {tuple(weight.shape)}; its window has to be known")
    return window


def _convolved(facts: Facts, x: Any, weight: Any, windows: Windows) -> Any:
    if not windows.is_known:
        x = windows.surrounded(x, 0)
    return npx.convolution(
        x,
        weight,
        strides=windows.strides,
        padding=windows.padding if windows.is_known else 0,
        dilation=windows.dilations,
        groups=facts.get("group", 1),
    )


def _biased(y: Any, bias: Any) -> Any:
    return y if bias is None else y + np.reshape(bias, (-1, *(1 for _ in y.shape[2:])))


# The transpose


def transposed(facts: Facts, x: Any, weight: Any, bias: Any = None) -> Any:
    window = checked(x, _window(facts, weight))
    axes = len(window)
    strides, dilations = (steps(facts, name, axes) for name in ("strides", "dilations"))
    more = tuple(facts.get("output_padding") or (0,) * axes)
    if len(more) != axes:
        raise UsageError(f"output_padding={list(more)} for {axes} axes")
    lines = list(zip(x.shape[2:], window, strides, dilations, more, strict=True))
    cut = _cut(facts, lines)
    y = npx.conv_transpose(
        x,
        weight,
        strides=strides,
        padding=tuple((max(before, 0), max(after, 0)) for before, after in cut),
        output_padding=tuple(n - min(after, 0) for n, (_, after) in zip(more, cut, strict=True)),
        dilation=dilations,
        groups=facts.get("group", 1),
    )
    return _biased(y, bias)


def _cut(facts: Facts, lines: Sequence[tuple[Any, int, int, int, int]]) -> Sides:
    """What is cut off along each axis: the padding, or what makes the result as large as asked.

    A negative number is of zeros that come after the last element.
    """
    how = facts.get("auto_pad", "NOTSET") or "NOTSET"
    asked = facts.get("output_shape")
    if asked:
        return tuple(
            _sides(how, line, n) for line, n in zip(lines, _sizes(asked, lines), strict=True)
        )
    if how == "NOTSET":
        return pads_of(facts, len(lines))
    if how == "VALID":
        return ((0, 0),) * len(lines)
    return tuple(_sides(how, line, line[0] * line[2]) for line in lines)


def _sizes(asked: Sequence[int], lines: Sequence[Any]) -> Sequence[int]:
    if len(asked) not in (len(lines), len(lines) + 2):
        raise UsageError(f"output_shape={list(asked)} for {len(lines)} axes")
    return asked[-len(lines) :]


def _sides(how: str, line: tuple[Any, int, int, int, int], asked: Any) -> tuple[int, int]:
    size, window, stride, dilation, more = line
    total = stride * (size - 1) + more + (window - 1) * dilation + 1 - asked
    if how == "NOTSET" and not isinstance(total, Dim) and total == -1:
        return 0, -1  # where halves of it would lie on either side, runtimes differ
    if isinstance(total, Dim) or total < 0:
        raise UsageError(
            f"output_shape {asked} of {size} elements, a window of {window} and stride {stride}, "
            "which is not cut out of what they make"
        )
    less = total // 2
    return (less, total - less) if how == "SAME_UPPER" else (total - less, less)


# Integers, whose sums float32 holds exactly in parts, and float64 altogether


def integer(facts: Facts, x: Any, weight: Any, x_zero: Any = None, w_zero: Any = None) -> Any:
    """The convolution of x - x_zero and weight - w_zero, of int32."""
    windows = windows_of(facts, x, _window(facts, weight))
    if is_traced(x) and windows.is_known:
        options = {
            "strides": windows.strides,
            "padding": windows.padding,
            "dilation": windows.dilations,
            "groups": facts.get("group", 1),
        }
        zeros = None if w_zero is None else _along(w_zero, 0, weight.ndim)
        found = convolved_in_parts(x, weight, x_zero, zeros, options)
        if found is not None:
            return found
    sums = _convolved(facts, _less(x, x_zero, 1), _less(weight, w_zero, 0), windows)
    exact = np.astype(sums, numpy.int64)
    return np.astype(exact, numpy.int32)


def _less(q: Any, zero: Any, axis: int) -> Any:
    """q - zero in float64, by channel where there are as many zeros."""
    wide = np.astype(q, numpy.float64)
    if zero is None:
        return wide
    return wide - np.astype(_along(zero, axis, q.ndim), numpy.float64)


def _along(values: Any, axis: int, ndim: int) -> Any:
    """One number, or one for each place along an axis."""
    if product(values.shape) == 1:
        return np.reshape(values, ())
    if values.ndim != 1:
        raise UsageError(f"parameters {tuple(values.shape)}; give one number, or one a channel")
    return np.reshape(values, (-1, *(1 for _ in range(ndim - axis - 1))))


def quantized(
    facts: Facts,
    x: Any,
    x_scale: Any,
    x_zero: Any,
    weight: Any,
    w_scale: Any,
    w_zero: Any,
    y_scale: Any,
    y_zero: Any,
    bias: Any = None,
) -> Any:
    """The sums of `integer`, and the bias, times x_scale * w_scale / y_scale, as integers again."""
    if facts.get("channels_last", 0):
        raise UsageError("channels_last=1 is not known; convert the file to channels first")
    sums = _biased(integer(facts, x, weight, x_zero, w_zero), bias)
    scales = [_along(scale, 1, x.ndim) for scale in (x_scale, w_scale, y_scale)]
    factor = scales[0] * scales[1] / scales[2]
    steps = np.astype(sums, numpy.float32) * factor
    return npx.quantize(steps, 1.0, np.reshape(y_zero, ()), None, y_zero.dtype)


ROWS: dict[str, Row] = {
    "Conv": row(convolution),
    "ConvInteger": row(integer),
    "ConvTranspose": row(transposed),
    "QLinearConv": row(quantized),
    "com.microsoft.QLinearConv": row(quantized),
}
