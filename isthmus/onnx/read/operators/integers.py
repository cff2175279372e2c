"""Integers of eight and sixteen bits: to and from them, and products of them."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.integer_products import integer_matmul
from isthmus.npx.quantization import NARROW, STORED

from ..facts import Facts, Row, plain, row
from . import low_types
from .types import dtype_of

__all__ = ["ROWS", "dequantize", "matmul_of_integers", "quantize", "quantized_as"]

FLOAT32, FLOAT64 = numpy.dtype(numpy.float32), numpy.dtype(numpy.float64)
WIDE = (*STORED, "int16", "uint16")


def quantize(facts: Facts, x: Any, scale: Any, zero_point: Any = None) -> Any:
    """rint(x / scale) + zero_point, and the nearest integer that there is."""
    number = facts.get("output_dtype", 0)
    dtype = dtype_of(number) if number else numpy.dtype("uint8")
    dtype = dtype if zero_point is None else zero_point.dtype
    precision = facts.get("precision", 0)
    computed = dtype_of(precision) if precision else scale.dtype
    x, scale = (np.astype(one, computed, copy=False) for one in (x, scale))
    if dtype.name in NARROW and not facts.get("block_size", 0):
        scale, zero, axis = _parameters(facts, x, scale, zero_point)
        return npx.quantize(x, scale, zero, axis, dtype)
    scale, zero_point = (_spread(facts, x, one) for one in (scale, zero_point))
    return _rounded(x / scale, zero_point, dtype)


def quantized_as(x: Any, scale: Any, zero_point: Any) -> Any:
    """x, by one scale and zero point, in the dtype of the zero point."""
    x, scale = np.astype(x, FLOAT32, copy=False), np.reshape(scale, ())
    return npx.quantize(x, scale, np.reshape(zero_point, ()), None, zero_point.dtype)


def _rounded(steps: Any, zero_point: Any, dtype: Any) -> Any:
    if dtype.name not in (*NARROW, "int16", "uint16"):
        raise UsageError(f"integers of {dtype} are not known; known are those of 8 and 16 bits")
    bounds, steps = numpy.iinfo(dtype), np.rint(np.astype(steps, FLOAT32, copy=False))
    if zero_point is not None:
        steps = steps + np.astype(zero_point, FLOAT32)
    return np.astype(np.clip(steps, float(bounds.min), float(bounds.max)), dtype)


def dequantize(facts: Facts, q: Any, scale: Any, zero_point: Any = None) -> Any:
    """(q - zero_point) * scale; of integers of few bits, and of short floats, where these are
    constants."""
    number = facts.get("output_dtype", 0)
    if low_types.is_low(scale) and not number:
        raise UsageError(f"scales of {scale.dtype} without output_dtype; give that, as FLOAT")
    q, scale, zero_point = (low_types.widened(one) for one in (q, scale, zero_point))
    if q.dtype == FLOAT32:
        found = _product(facts, q, scale, zero_point)
        return np.astype(found, dtype_of(number) if number else scale.dtype, copy=False)
    if q.dtype.name in STORED and not facts.get("block_size", 0):
        whole, zero, axis = _parameters(facts, q, scale, zero_point)
        found = npx.dequantize(q, whole, zero, axis)
    else:
        if q.dtype.name not in WIDE:
            raise UsageError(f"integers of {q.dtype} are not known; known are {', '.join(WIDE)}")
        found = _product(facts, q, scale, zero_point)
    return np.astype(found, dtype_of(number) if number else scale.dtype, copy=False)


def _product(facts: Facts, q: Any, scale: Any, zero_point: Any) -> Any:
    wide = FLOAT64 if q.dtype.itemsize > 2 else FLOAT32  # where integers and differences are exact
    found = np.astype(q, wide)
    if zero_point is not None:
        found = found - np.astype(_spread(facts, q, zero_point), wide)
    return np.astype(found, FLOAT32, copy=False) * np.astype(
        _spread(facts, q, scale), FLOAT32, copy=False
    )


def _parameters(facts: Facts, x: Any, scale: Any, zero_point: Any) -> Any:
    """The scale and zero point, and the axis they lie along; None where they are one number."""
    zero_point = 0 if zero_point is None else zero_point
    if scale.ndim == 1 and scale.shape[0] != 1:
        return scale, zero_point, facts.get("axis", 1)
    zero = zero_point if isinstance(zero_point, int) else np.reshape(zero_point, ())
    return np.reshape(scale, ()), zero, None


def _spread(facts: Facts, x: Any, values: Any) -> Any:
    """Numbers of one axis, or of the blocks along it, so that they broadcast to x."""
    if values is None or not values.ndim:
        return values
    axis, block = facts.get("axis", 1) % x.ndim, facts.get("block_size", 0)
    if not block:
        return np.reshape(values, (-1, *(1,) * (x.ndim - 1 - axis))) if values.ndim == 1 else values
    if values.ndim != x.ndim or -(-x.shape[axis] // block) != values.shape[axis]:
        raise UsageError(f"scales of shape {tuple(values.shape)} for blocks of {block} along axis "
                         f"{axis} of {tuple(x.shape)}")  # fmt: skip
    whole = np.repeat(values, block, axis=axis)
    return np.getitem(whole, (slice(None),) * axis + (slice(0, x.shape[axis]),))


# Products


def matmul_of_integers(a: Any, b: Any, a_zero: Any = None, b_zero: Any = None) -> Any:
    """(a - a_zero) @ (b - b_zero), of int32; zero points of rows of a, of columns of b, or one."""
    return integer_matmul(a, b, _of_rows(a_zero), b_zero)


def _of_rows(values: Any) -> Any:
    """One number a row, or one for all, without axes."""
    if values is None or values.ndim != 1:
        return values
    return np.reshape(values, () if values.shape[0] == 1 else (-1, 1))


def quantized_matmul(
    a: Any,
    a_scale: Any,
    a_zero: Any,
    b: Any,
    b_scale: Any,
    b_zero: Any,
    y_scale: Any,
    y_zero: Any,
) -> Any:
    """The product of what two arrays stand for, quantized."""
    sums = np.astype(matmul_of_integers(a, b, a_zero, b_zero), FLOAT32)
    scales = [np.astype(s, FLOAT32, copy=False) for s in (_of_rows(a_scale), b_scale, y_scale)]
    factor = scales[0] * scales[1] / _of_rows(scales[2])
    return _rounded(sums * factor, _of_rows(y_zero), y_zero.dtype)


def dynamic(x: Any) -> list[Any]:
    return list(npx.dynamic_quantize(x))


ROWS: dict[str, Row] = {
    "DequantizeLinear": row(dequantize),
    "DynamicQuantizeLinear": plain(dynamic),
    "MatMulInteger": plain(matmul_of_integers),
    "QLinearMatMul": plain(quantized_matmul),
    "QuantizeLinear": row(quantize),
}
