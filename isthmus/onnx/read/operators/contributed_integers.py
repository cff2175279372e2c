"""com.microsoft: operators of quantized arrays, as what they compute in floats, quantized again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from ..facts import Facts, Row, plain, row
from .integers import dequantize, matmul_of_integers, quantize, quantized_as
from .pooling import average_pool

__all__ = ["ROWS"]

FLOAT32 = numpy.dtype(numpy.float32)


def stands_for(q: Any, scale: Any, zero_point: Any) -> Any:
    """The floats of a quantized array, of one scale."""
    zero = 0 if zero_point is None else np.reshape(zero_point, ())
    return npx.dequantize(q, np.reshape(scale, ()), zero)


def _zero(given: Any, q: Any) -> Any:
    return numpy.zeros((), q.dtype) if given is None else given


def of_two(function: Callable[[Any, Any], Any]) -> Row:
    """A row of (a, its scale, zero point, b, its, and those of the result)."""

    def call(
        a: Any, a_scale: Any, a_zero: Any, b: Any, b_scale: Any, b_zero: Any, scale: Any,
        zero: Any = None,
    ) -> Any:  # fmt: skip
        y = function(stands_for(a, a_scale, a_zero), stands_for(b, b_scale, b_zero))
        return quantized_as(y, scale, _zero(zero, a))

    return plain(call)


def of_one(function: Callable[[Facts, Any], Any]) -> Row:
    """A row of (x, its scale, zero point, and those of the result)."""

    def call(facts: Facts, x: Any, x_scale: Any, x_zero: Any, scale: Any, zero: Any = None) -> Any:
        y = function(facts, stands_for(x, x_scale, x_zero))
        return quantized_as(y, scale, _zero(zero, x))

    return row(call)


def global_average(facts: Facts, x: Any) -> Any:
    first = 1 if facts.get("channels_last", 0) else 2
    axes = tuple(range(first, first + x.ndim - 2))
    return np.mean(x, axis=axes, keepdims=True)


def pooled(facts: Facts, x: Any) -> Any:
    if not facts.get("channels_last", 0):
        return average_pool(facts, x)
    return np.moveaxis(average_pool(facts, np.moveaxis(x, -1, 1)), 1, -1)


def softmax(facts: Facts, x: Any) -> Any:
    axis = facts.get("axis", -1) % x.ndim
    if facts.get("opset", 13) >= 13 or axis == x.ndim - 1:
        return npx.softmax(x, axis=axis)
    last = tuple(range(axis, x.ndim))
    parts = np.exp(x - np.max(x, axis=last, keepdims=True))
    return parts / np.sum(parts, axis=last, keepdims=True)


def joined(facts: Facts, scale: Any, zero: Any, *operands: Any) -> Any:
    """(scale and zero point of the result, then array, scale and zero point of each)"""
    parts = [stands_for(*operands[first : first + 3]) for first in range(0, len(operands), 3)]
    return quantized_as(np.concat(parts, axis=facts["axis"]), scale, zero)


def chosen(
    condition: Any, a: Any, a_scale: Any, a_zero: Any, b: Any, b_scale: Any, b_zero: Any,
    scale: Any, zero: Any,
) -> Any:  # fmt: skip
    y = np.where(condition, stands_for(a, a_scale, a_zero), stands_for(b, b_scale, b_zero))
    return quantized_as(y, scale, zero)


# Products


def matmul_to_floats(
    a: Any, b: Any, a_scale: Any, b_scale: Any, a_zero: Any = None, b_zero: Any = None,
    bias: Any = None,
) -> Any:  # fmt: skip
    """(a - a_zero) @ (b - b_zero) * a_scale * b_scale + bias"""
    sums = np.astype(matmul_of_integers(a, b, a_zero, b_zero), FLOAT32)
    y = sums * (a_scale * b_scale)
    return y if bias is None else y + bias


def dynamic_matmul(a: Any, b: Any, b_scale: Any, b_zero: Any = None, bias: Any = None) -> Any:
    """The same of a quantized by its own range."""
    q, scale, zero = npx.dynamic_quantize(a)
    return matmul_to_floats(q, b, scale, b_scale, zero, b_zero, bias)


def matmul_by_blocks(
    facts: Facts, x: Any, packed: Any, scales: Any, zeros: Any = None, order: Any = None,
    bias: Any = None,
) -> Any:  # fmt: skip
    """x @ weight.T + bias of integers of 4 or 8 bits, with a scale for each block of a row."""
    rows, count, block = facts["N"], facts["K"], facts["block_size"]
    bits = facts.get("bits", 4)
    if order is not None:
        raise UsageError("g_idx, another order of columns, is not known")
    if bits not in (4, 8):
        raise UsageError(f"bits={bits}; known are 4 and 8")
    blocks = -(-count // block)
    whole = _unpacked(packed, bits).reshape(rows, blocks, -1)[:, :, :block]
    centre: Any = numpy.float32(2 ** (bits - 1))
    if zeros is not None:
        if zeros.dtype == numpy.uint8:
            zeros = _unpacked(zeros, bits).reshape(rows, -1)[:, :blocks]
        centre = np.reshape(np.astype(zeros, x.dtype, copy=False), (rows, blocks, 1))
    weight = (whole.astype(x.dtype) - centre) * np.reshape(scales, (rows, blocks, 1))
    weight = np.getitem(np.reshape(weight, (rows, -1)), (slice(None), slice(0, count)))
    y = np.matmul(x, np.matrix_transpose(weight))
    return y if bias is None else y + bias


def _unpacked(packed: Any, bits: int) -> Any:
    """Bytes as integers; of 4 bits the lower half of a byte first."""
    if not isinstance(packed, numpy.ndarray):
        raise UsageError("a weight of packed integers that is computed; it has to be known")
    if bits == 8:
        return packed
    return numpy.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:-1], -1)


ROWS: dict[str, Row] = {
    "com.microsoft.DequantizeLinear": row(dequantize),
    "com.microsoft.DynamicQuantizeMatMul": plain(dynamic_matmul),
    "com.microsoft.MatMulIntegerToFloat": plain(matmul_to_floats),
    "com.microsoft.MatMulNBits": row(matmul_by_blocks),
    "com.microsoft.QLinearAdd": of_two(np.add),
    "com.microsoft.QLinearAveragePool": of_one(pooled),
    "com.microsoft.QLinearConcat": row(joined),
    "com.microsoft.QLinearGlobalAveragePool": of_one(global_average),
    "com.microsoft.QLinearLeakyRelu": of_one(
        lambda facts, x: npx.leaky_relu(x, slope=facts.get("alpha", 0.01))
    ),
    "com.microsoft.QLinearMul": of_two(np.multiply),
    "com.microsoft.QLinearSigmoid": of_one(lambda _, x: npx.sigmoid(x)),
    "com.microsoft.QLinearSoftmax": of_one(softmax),
    "com.microsoft.QLinearWhere": plain(chosen),
    "com.microsoft.QuantizeLinear": row(quantize),
}
