"""Element types of ONNX that NumPy lacks: two and four bits, bfloat16 and eight bits of a float.

A file's constants have them as arrays of ml_dtypes, which the onnx package brings. They are cast,
and made the numbers they stand for, while a file is read; a program has none of them.
"""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError
from isthmus.trace.traced import is_traced

__all__ = ["is_low", "known", "narrowed", "number_of", "widened"]

# By the names that ml_dtypes gives them: what holds all their numbers.
WIDER: dict[str, Any] = {
    "bfloat16": numpy.float32,
    "float4_e2m1fn": numpy.float32,
    "float8_e4m3fn": numpy.float32,
    "float8_e4m3fnuz": numpy.float32,
    "float8_e5m2": numpy.float32,
    "float8_e5m2fnuz": numpy.float32,
    "float8_e8m0fnu": numpy.float32,
    "int2": numpy.int8,
    "int4": numpy.int8,
    "uint2": numpy.uint8,
    "uint4": numpy.uint8,
}
SCALES = "float8_e8m0fnu"  # powers of two, without a sign
INFINITE = ("bfloat16", SCALES)  # what is beyond them is not their largest number


def is_low(x: Any) -> bool:
    """Whether it is an array of one of these types."""
    return isinstance(x, numpy.ndarray | numpy.generic) and x.dtype.name in WIDER


def known(number: int) -> bool:
    """Whether an element type, by its number in a file, is one of these."""
    from onnx import helper

    try:
        return numpy.dtype(helper.tensor_dtype_to_np_dtype(number)).name in WIDER
    except (KeyError, ValueError, TypeError):
        return False


def number_of(dtype: Any) -> int:
    """The number that a file has for one of these types."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(dtype))


def widened(x: Any) -> Any:
    """The numbers that a constant stands for, in int8, uint8 or float32; any other array itself."""
    return x.astype(WIDER[x.dtype.name]) if is_low(x) else x


def narrowed(x: Any, number: int, saturate: bool, round_mode: str) -> Any:
    """A constant in one of these types, by its number in a file, as the standard's Cast has it.

    saturate: what is beyond a float of eight bits is its largest, not infinite or NaN. round_mode:
    of powers of two. Raises UsageError for what is computed.
    """
    from onnx import helper, numpy_helper

    dtype = numpy.dtype(helper.tensor_dtype_to_np_dtype(number))
    if is_traced(x):
        raise UsageError(
            f"{dtype.name} is no type of NumPy's, and only constants are cast to it; what is "
            "computed is not"
        )
    whole = numpy.asarray(widened(x))
    with numpy.errstate(all="ignore"):
        if dtype.name == SCALES:
            floats = whole.astype(numpy.float32)
            return numpy_helper.to_float8e8m0(floats, saturate, round_mode).astype(dtype)
        if WIDER[dtype.name] is not numpy.float32:
            return _truncated(whole, dtype)
        if saturate and dtype.name not in INFINITE:
            largest = _largest(dtype)
            wide = whole if whole.dtype.kind == "f" else whole.astype(numpy.float64)
            whole = numpy.clip(wide, -largest, largest).astype(wide.dtype)
        return whole.astype(dtype)


def _truncated(whole: Any, dtype: Any) -> Any:
    """Integers without their higher bits; floats without their fractions first."""
    if whole.dtype.kind in "iub":
        return whole.astype(numpy.int64).astype(dtype)
    return whole.astype(numpy.int32).astype(dtype)


def _largest(dtype: Any) -> float:
    """The largest finite number: of so few bits, all are looked at."""
    every = numpy.arange(256, dtype=numpy.uint8)
    if dtype.name == "float4_e2m1fn":
        every = every[:16]
    floats = every.view(dtype).astype(numpy.float32)
    return float(floats[numpy.isfinite(floats)].max())
