"""Half precision computed in float32: sums, squares and small epsilons do not fit float16."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy

from isthmus import np
from isthmus.trace.op import P, R

__all__ = ["in_float32", "same_dtype"]

HALF_BYTES = 2


def in_float32(body: Callable[P, R]) -> Callable[P, R]:
    """The body on float32 arrays in place of half precision, its result in the dtype given.

    float16 ends at 65504 and has 11 bits: the square of 300 is infinite in it, an epsilon of 1e-12
    is 0. Where a wider array is beside them NumPy's promotion computes in that anyway.

    >>> import numpy
    >>> from isthmus.npx.precision import in_float32
    >>> in_float32(lambda x: x * x / 300)(numpy.array([300], numpy.float16))
    array([300.], dtype=float16)
    """

    @wraps(body)
    def wide(*args: Any, **kwargs: Any) -> Any:
        if not any(map(_is_half, args)):
            return body(*args, **kwargs)
        narrow = numpy.result_type(*(a.dtype for a in args if hasattr(a, "dtype")))
        operands = [np.astype(a, numpy.float32) if _is_half(a) else a for a in args]
        result: Any = body(*operands, **kwargs)
        return np.astype(result, narrow) if _is_half_dtype(narrow) else result

    return wide


def _is_half(array: Any) -> bool:
    return hasattr(array, "dtype") and _is_half_dtype(array.dtype)


def _is_half_dtype(dtype: Any) -> bool:
    return bool(dtype.kind == "f" and dtype.itemsize == HALF_BYTES)


def same_dtype(x: Any, y: Any) -> bool:
    """Whether two arrays have one dtype, in whatever byte order."""
    return bool(x.dtype.newbyteorder("=") == y.dtype.newbyteorder("="))
