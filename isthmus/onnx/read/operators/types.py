"""Element types by their numbers in a file."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus.errors import UsageError

__all__ = ["dtype_of"]

# TensorProto.DataType, of what NumPy has.
DTYPES: dict[int, Any] = {
    1: numpy.float32,
    2: numpy.uint8,
    3: numpy.int8,
    4: numpy.uint16,
    5: numpy.int16,
    6: numpy.int32,
    7: numpy.int64,
    8: numpy.dtypes.StringDType(),
    9: numpy.bool_,
    10: numpy.float16,
    11: numpy.float64,
    12: numpy.uint32,
    13: numpy.uint64,
    14: numpy.complex64,
    15: numpy.complex128,
}
NAMES = {
    **{16: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2"},
    **{20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0"},
    **{25: "uint2", 26: "int2"},
}


def dtype_of(number: int) -> numpy.dtype[Any]:
    """NumPy's dtype for an element type; UsageError for one that NumPy has not."""
    if number not in DTYPES:
        name = NAMES.get(number, f"element type {number}")
        raise UsageError(
            f"{name} is no type of NumPy's; a file's constants may be of it, and not what is "
            "computed"
        )
    return numpy.dtype(DTYPES[number])
