"""Elementwise arithmetic, comparisons and bits; matrix products."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.trace.op import OPERATORS

from ..facts import Facts, Row, plain, row
from . import low_types
from .types import dtype_of

__all__ = ["ROWS"]


def broadcasting(function: Callable[..., Any]) -> Row:
    """A row of two arrays; before opset 7 the second is put along the axes from `axis` on."""

    def call(facts: Facts, x: Any, y: Any) -> Any:
        axis = facts.get("axis")
        if facts.opset < 7 and axis is not None:
            y = np.reshape(y, tuple(y.shape) + (1,) * (x.ndim - axis % x.ndim - y.ndim))
        return function(x, y)

    return row(call)


def folded(function: Callable[..., Any]) -> Row:
    """A row of any number of operands, two by two."""
    return plain(lambda *operands: functools.reduce(function, operands))


def divide(x: Any, y: Any) -> Any:
    """x / y; of integers the quotient without its fraction, as in C."""
    if x.dtype.kind not in "iu":
        return np.divide(x, y)
    quotient: Any = OPERATORS["np.quotient"]
    return quotient(x, y)


def power(facts: Facts, x: Any, y: Any) -> Any:
    """x ** y in the dtype of x."""
    if facts.opset < 7 and facts.get("axis") is not None:
        y = np.reshape(y, tuple(y.shape) + (1,) * (x.ndim - facts["axis"] - y.ndim))
    if x.dtype.kind == "f":
        return np.power(x, np.astype(y, x.dtype, copy=False))
    if y.dtype.kind == "f":
        return np.astype(np.power(np.astype(x, numpy.float64), y), x.dtype)
    return np.astype(np.power(x, y), x.dtype, copy=False)


def modulo(facts: Facts, x: Any, y: Any) -> Any:
    return np.fmod(x, y) if facts.get("fmod", 0) else np.remainder(x, y)


def gemm(facts: Facts, a: Any, b: Any, c: Any = None) -> Any:
    """alpha * a @ b + beta * c, where a and b may have to be transposed first."""
    alpha, beta = facts.get("alpha", 1.0), facts.get("beta", 1.0)
    a = np.matrix_transpose(a) if facts.get("transA", 0) else a
    is_vector = c is None or c.ndim == 1
    if facts.get("transB", 0) and (alpha, beta) == (1, 1) and is_vector:
        return npx.fully_connected(a, b, c)
    y = np.matmul(a, np.matrix_transpose(b) if facts.get("transB", 0) else b)
    y = y if alpha == 1 else _scaled(y, alpha)
    return y if c is None else y + (c if beta == 1 else _scaled(c, beta))


def _scaled(x: Any, factor: float) -> Any:
    return x * (int(factor) if x.dtype.kind in "iu" else factor)


def shifted(facts: Facts, x: Any, y: Any) -> Any:
    """By the width of the type or more nothing remains, of a negative number to the right -1."""
    width = x.dtype.itemsize * 8
    inside, last = y < width, numpy.asarray(width - 1, y.dtype)
    if facts["direction"] == "RIGHT" and x.dtype.kind == "i":
        return np.bitwise_right_shift(x, np.where(inside, y, last))
    shift = np.bitwise_left_shift if facts["direction"] == "LEFT" else np.bitwise_right_shift
    return np.where(inside, shift(x, np.where(inside, y, last)), numpy.zeros((), x.dtype))


def bitwise_not(x: Any) -> Any:
    return np.bitwise_invert(x)


def mean_of(*operands: Any) -> Any:
    return functools.reduce(np.add, operands) / len(operands)


def is_infinite(facts: Facts, x: Any) -> Any:
    low, high = facts.get("detect_negative", 1), facts.get("detect_positive", 1)
    found = np.isinf(x)
    if not low:
        found = found & (x > 0)
    return found if high else found & (x < 0)


def cast(facts: Facts, x: Any) -> Any:
    number = facts["to"]
    if low_types.known(number):
        modes = bool(facts.get("saturate", 1)), facts.get("round_mode", "up")
        return low_types.narrowed(x, number, *modes)
    dtype, x = dtype_of(number), low_types.widened(x)
    if x.dtype == numpy.dtypes.StringDType() or dtype == numpy.dtypes.StringDType():
        return _texts(x, dtype)
    return np.astype(x, dtype, copy=False)


def _texts(x: Any, dtype: Any) -> Any:
    if not isinstance(x, numpy.ndarray):
        raise UsageError("texts made of what is computed are not known")
    if dtype != numpy.dtypes.StringDType():
        return numpy.array([dtype.type(text) for text in x.reshape(-1)], dtype).reshape(x.shape)
    return x.astype(dtype)


def cast_like(facts: Facts, x: Any, y: Any) -> Any:
    if low_types.is_low(y):
        modes = bool(facts.get("saturate", 1)), facts.get("round_mode", "up")
        return low_types.narrowed(x, low_types.number_of(y.dtype), *modes)
    x = low_types.widened(x)
    return np.astype(x, y.dtype, copy=False)


def einsum(facts: Facts, *operands: Any) -> Any:
    return np.einsum(facts["equation"].replace(" ", ""), *operands)


ROWS: dict[str, Row] = {
    "Abs": plain(np.abs),
    "Acos": plain(np.acos),
    "Acosh": plain(np.acosh),
    "Add": broadcasting(np.add),
    "And": broadcasting(np.logical_and),
    "Asin": plain(np.asin),
    "Asinh": plain(np.asinh),
    "Atan": plain(np.atan),
    "Atanh": plain(np.atanh),
    "BitShift": row(shifted),
    "BitwiseAnd": plain(np.bitwise_and),
    "BitwiseNot": plain(bitwise_not),
    "BitwiseOr": plain(np.bitwise_or),
    "BitwiseXor": plain(np.bitwise_xor),
    "Cast": row(cast),
    "CastLike": row(cast_like),
    "Ceil": plain(np.ceil),
    "Cos": plain(np.cos),
    "Cosh": plain(np.cosh),
    "Det": plain(np.linalg.det),
    "Div": broadcasting(divide),
    "Einsum": row(einsum),
    "Equal": broadcasting(np.equal),
    "Erf": plain(npx.erf),
    "Exp": plain(np.exp),
    "Floor": plain(np.floor),
    "Gemm": row(gemm),
    "Greater": broadcasting(np.greater),
    "GreaterOrEqual": plain(np.greater_equal),
    "IsInf": row(is_infinite),
    "IsNaN": plain(np.isnan),
    "Less": broadcasting(np.less),
    "LessOrEqual": plain(np.less_equal),
    "Log": plain(np.log),
    "MatMul": plain(np.matmul),
    "Max": folded(np.maximum),
    "Mean": plain(mean_of),
    "Min": folded(np.minimum),
    "Mod": row(modulo),
    "Mul": broadcasting(np.multiply),
    "Neg": plain(np.negative),
    "Not": plain(np.logical_not),
    "Or": broadcasting(np.logical_or),
    "Pow": row(power),
    "Reciprocal": plain(lambda x: 1 / x),
    "Round": plain(np.rint),
    "Sign": plain(np.sign),
    "Sin": plain(np.sin),
    "Sinh": plain(np.sinh),
    "Sqrt": plain(np.sqrt),
    "Sub": broadcasting(np.subtract),
    "Sum": folded(np.add),
    "Tan": plain(np.tan),
    "Where": plain(np.where),
    "Xor": broadcasting(np.logical_xor),
}
