"""Products of matrices of bytes, whose sums are whole."""

from __future__ import annotations

import functools
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.integer_sums import sums_fit
from isthmus.graph.nodes import Constant, Node
from isthmus.graph.operator import FULL
from isthmus.graph.shapes import product
from isthmus.trace.array import Array
from isthmus.trace.op import composite

from .quantization import NARROW, dequantize

__all__ = ["integer_matmul", "known_array"]

FLOAT32, FLOAT64 = numpy.dtype(numpy.float32), numpy.dtype(numpy.float64)
EXACT = 256  # products of 9 bits, whose sums are below 2**24, up to which float32 has whole numbers
LARGEST_BYTE, LARGEST_FLOAT = 255, 2**24


def _is_standard(node: Node) -> bool:
    """Whether it is a product by a known table, whose sums fit into 32 bits, of bytes without a
    sign that have one zero point."""
    a, b, a_zero, b_zero = node.operands
    assert a is not None and b is not None
    zeros_known = b_zero is None or isinstance(b_zero, Constant)
    one_zero = a_zero is None or a_zero.type.ndim == 0
    if not (isinstance(b, Constant) and zeros_known and one_zero and b.type.ndim == 2):
        return False
    return a.type.dtype == numpy.uint8 and a.type.ndim > 1 and sums_fit(b.array, 1)


@composite(is_standard=_is_standard, precision=FULL)
def integer_matmul(a: Any, b: Any, a_zero: Any, b_zero: Any, /) -> Any:
    """(a - a_zero) @ (b - b_zero), of int32.

    a: [..., M, K], b: [..., K, N], int8 or uint8. a_zero: one number, or [M, 1] of each row;
    b_zero: one, or [N] of each column; None is 0. Raises UsageError for other dtypes. As ONNX's
    MatMulInteger.
    """
    b, b_zero = known_array(b), known_array(b_zero)
    found = [_centred(a, a_zero), _centred(b, b_zero)]
    if isinstance(a, Array) and not isinstance(found[1], Array):
        # A kernel that runtimes have of integers, where a cast is none. Of both operands ONNX
        # Runtime would make one of the product, whose sums are cut off at 16 bits.
        is_one = a_zero is None or a_zero.ndim == 0
        zero = 0 if a_zero is None else a_zero
        found[0] = dequantize(a, 1.0, zero) if is_one else found[0]
    return _sums(*found)


def known_array(x: Any) -> Any:
    """The array of a constant, so that what is computed of it is one as well."""
    return x.value.array if isinstance(x, Array) and isinstance(x.value, Constant) else x


def _centred(q: Any, zero_point: Any) -> Any:
    if q.dtype.name not in NARROW:
        raise UsageError(f"integers of {q.dtype}; known are {' and '.join(NARROW)}")
    wide = np.astype(q, FLOAT32)
    return wide if zero_point is None else wide - np.astype(zero_point, FLOAT32)


def _sums(a: Any, b: Any) -> Any:
    """a @ b in int32, added in parts that are exact; in float64 where their number is not known."""
    count, along = a.shape[-1], max(-2, -b.ndim)
    if _is_exact(b, along):
        return np.astype(np.matmul(a, b), numpy.int32)
    if isinstance(count, Dim):
        wide = np.matmul(np.astype(a, FLOAT64), np.astype(b, FLOAT64))
        return np.astype(np.astype(wide, numpy.int64), numpy.int32)
    ends = list(range(EXACT, count, EXACT))
    pairs = zip(np.split(a, ends, axis=-1), np.split(b, ends, axis=along), strict=True)
    sums = [np.astype(np.matmul(*pair), numpy.int32) for pair in pairs]
    return functools.reduce(np.add, sums)


def _is_exact(b: Any, along: int) -> bool:
    """Whether all sums of 255 times known numbers are below 2**24, in whatever order they are."""
    if isinstance(b, Array) or not product(b.shape):
        return False
    sums = numpy.abs(b.astype(FLOAT64)).sum(axis=along)
    return bool(LARGEST_BYTE * sums.max() < LARGEST_FLOAT)
