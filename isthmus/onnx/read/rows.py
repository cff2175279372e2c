"""ONNX operators as functions of `isthmus.np` and `npx`: a row each, (attributes, *operands).

Operands that say a shape, an axis or a bound are Python numbers and tuples of them (`STATIC` in
process/onnx_graph.py). Operators are named as in https://onnx.ai/onnx/operators, from opset 13 on.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from .shapes import (
    concat,
    constant_of_shape,
    cut,
    expand,
    flatten,
    gather,
    gather_elements,
    pad,
    reshape,
    shape,
    split,
    squeeze,
    transpose,
    unsqueeze,
)
from .windows import average_pool, convolution, max_pool

__all__ = ["ROWS", "Row"]

Attributes = Mapping[str, Any]
Row = Callable[..., Any]


def plain(function: Row) -> Row:
    """A row without attributes."""
    return lambda _, *operands: function(*operands)


def folded(function: Row) -> Row:
    """A row of any number of operands, two by two."""
    return lambda _, *operands: functools.reduce(function, operands)


def reduction(function: Row) -> Row:
    """A row of (x, axes): over all axes where none are given, unless that is to do nothing."""

    def row(attributes: Attributes, x: Any, axes: Sequence[int] | None = None) -> Any:
        if not axes and attributes.get("noop_with_empty_axes", 0):
            return x
        keep = bool(attributes.get("keepdims", 1))
        return function(x, axis=tuple(axes) if axes else None, keepdims=keep)

    return row


def position(function: Row) -> Row:
    """A row that finds where along an axis the largest or smallest element is: the first."""

    def row(attributes: Attributes, x: Any) -> Any:
        if attributes.get("select_last_index", 0):
            raise UsageError("select_last_index=1 is not known")
        keep = bool(attributes.get("keepdims", 1))
        return function(x, axis=attributes.get("axis", 0), keepdims=keep)

    return row


# Arithmetic


def divide(_: Attributes, x: Any, y: Any) -> Any:
    """x / y; of integers the quotient without its fraction, as in C."""
    if x.dtype.kind not in "iu":
        return np.divide(x, y)
    down, rest = np.floor_divide(x, y), np.remainder(x, y)
    return np.where((rest != 0) & ((x < 0) != (y < 0)), down + 1, down)


def power(_: Attributes, x: Any, y: Any) -> Any:
    """x ** y in the dtype of x."""
    if x.dtype.kind == "f":
        return np.power(x, np.astype(y, x.dtype, copy=False))
    return np.astype(np.power(x, y), x.dtype, copy=False)


def modulo(attributes: Attributes, x: Any, y: Any) -> Any:
    return np.fmod(x, y) if attributes.get("fmod", 0) else np.remainder(x, y)


def gemm(attributes: Attributes, a: Any, b: Any, c: Any = None) -> Any:
    """alpha * a @ b + beta * c, where a and b may have to be transposed first."""
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    a = np.matrix_transpose(a) if attributes.get("transA", 0) else a
    if attributes.get("transB", 0) and (alpha, beta) == (1, 1):
        return npx.fully_connected(a, b, c)
    y = np.matmul(a, np.matrix_transpose(b) if attributes.get("transB", 0) else b)
    y = y if alpha == 1 else y * alpha
    return y if c is None else y + (c if beta == 1 else c * beta)


def mean_of(_: Attributes, *operands: Any) -> Any:
    return functools.reduce(np.add, operands) / len(operands)


def _sum(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sum(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


def _prod(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.prod(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


def _length(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


# Activations and normalisations


def clip(_: Attributes, x: Any, low: Any = None, high: Any = None) -> Any:
    if (low, high) == (0, 6):
        return npx.relu6(x)
    return npx.relu(x) if (low, high) == (0, None) else np.clip(x, low, high)


def gelu(attributes: Attributes, x: Any) -> Any:
    return npx.gelu(x, approximate=attributes.get("approximate", "none") == "tanh")


def hard_sigmoid(attributes: Attributes, x: Any) -> Any:
    alpha, beta = attributes.get("alpha", 0.2), attributes.get("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return npx.hard_sigmoid(x)
    return np.clip(x * alpha + beta, 0, 1)


def parametric_relu(_: Attributes, x: Any, slope: Any) -> Any:
    return np.where(x > 0, x, slope * x)


def batch_norm(attributes: Attributes, x: Any, *statistics: Any) -> Any:
    if attributes.get("training_mode", 0):
        raise UsageError("training_mode=1 is not inference")
    return npx.batch_norm(x, *statistics, epsilon=attributes.get("epsilon", 1e-5))


def layer_norm(attributes: Attributes, x: Any, scale: Any, bias: Any = None) -> Any:
    """Over the axes from `axis` on."""
    first, epsilon = attributes.get("axis", -1) % x.ndim, attributes.get("epsilon", 1e-5)
    if first == x.ndim - 1 and bias is not None:
        return npx.layer_norm(x, scale, bias, epsilon=epsilon)
    axes = tuple(range(first, x.ndim))
    centred = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(centred * centred, axis=axes, keepdims=True)
    y = centred / np.sqrt(variance + epsilon) * scale
    return y if bias is None else y + bias


# Integers of eight bits


def quantize(attributes: Attributes, x: Any, scale: Any, zero_point: Any = None) -> Any:
    dtype = numpy.dtype("uint8") if zero_point is None else zero_point.dtype
    scale, zero, axis = _parameters(attributes, x, scale, zero_point)
    return npx.quantize(x, scale, zero, axis, dtype)


def dequantize(attributes: Attributes, q: Any, scale: Any, zero_point: Any = None) -> Any:
    scale, zero, axis = _parameters(attributes, q, scale, zero_point)
    return npx.dequantize(q, scale, zero, axis)


def _parameters(attributes: Attributes, x: Any, scale: Any, zero_point: Any) -> Any:
    """The scale and zero point, and the axis they lie along; None where they are one number."""
    for name in ("block_size", "output_dtype", "precision"):
        if attributes.get(name, 0):
            raise UsageError(f"{name}={attributes[name]!r} is not known")
    zero_point = 0 if zero_point is None else zero_point
    if scale.ndim == 1 and scale.shape[0] != 1:
        return scale, zero_point, attributes.get("axis", 1)
    zero = zero_point if isinstance(zero_point, int) else np.reshape(zero_point, ())
    return np.reshape(scale, ()), zero, None


def _cast(attributes: Attributes, x: Any) -> Any:
    return np.astype(x, attributes["to"])


ROWS: dict[str, Row] = {
    "Abs": plain(np.abs),
    "Add": plain(np.add),
    "And": plain(np.logical_and),
    "ArgMax": position(np.argmax),
    "ArgMin": position(np.argmin),
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Cast": _cast,
    "Ceil": plain(np.ceil),
    "Clip": clip,
    "Concat": concat,
    "ConstantOfShape": constant_of_shape,
    "Conv": convolution,
    "Cos": plain(np.cos),
    "DequantizeLinear": dequantize,
    "Div": divide,
    "Dropout": lambda _, x, *__: x,
    "Einsum": lambda attributes, *operands: np.einsum(attributes["equation"], *operands),
    "Elu": lambda attributes, x: npx.elu(x, alpha=attributes.get("alpha", 1.0)),
    "Equal": plain(np.equal),
    "Erf": plain(npx.erf),
    "Exp": plain(np.exp),
    "Expand": expand,
    "Flatten": flatten,
    "Floor": plain(np.floor),
    "Gather": gather,
    "GatherElements": gather_elements,
    "Gelu": gelu,
    "Gemm": gemm,
    "GlobalAveragePool": plain(npx.global_average_pool),
    "GlobalMaxPool": lambda _, x: np.max(x, axis=tuple(range(2, x.ndim)), keepdims=True),
    "Greater": plain(np.greater),
    "GreaterOrEqual": plain(np.greater_equal),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": plain(npx.hard_swish),
    "Identity": plain(lambda x: x),
    "LayerNormalization": layer_norm,
    "LeakyRelu": lambda attributes, x: npx.leaky_relu(x, slope=attributes.get("alpha", 0.01)),
    "Less": plain(np.less),
    "LessOrEqual": plain(np.less_equal),
    "Log": plain(np.log),
    "LogSoftmax": lambda attributes, x: npx.log_softmax(x, axis=attributes.get("axis", -1)),
    "MatMul": plain(np.matmul),
    "Max": folded(np.maximum),
    "MaxPool": max_pool,
    "Mean": mean_of,
    "Min": folded(np.minimum),
    "Mish": plain(npx.mish),
    "Mod": modulo,
    "Mul": plain(np.multiply),
    "Neg": plain(np.negative),
    "Not": plain(np.logical_not),
    "Or": plain(np.logical_or),
    "PRelu": parametric_relu,
    "Pad": pad,
    "Pow": power,
    "QuantizeLinear": quantize,
    "Range": plain(np.arange),
    "Reciprocal": plain(lambda x: 1 / x),
    "ReduceL2": reduction(_length),
    "ReduceMax": reduction(np.max),
    "ReduceMean": reduction(np.mean),
    "ReduceMin": reduction(np.min),
    "ReduceProd": reduction(_prod),
    "ReduceSum": reduction(_sum),
    "Relu": plain(npx.relu),
    "Reshape": reshape,
    "Round": plain(np.rint),
    "Shape": shape,
    "Sigmoid": plain(npx.sigmoid),
    "Sign": plain(np.sign),
    "Sin": plain(np.sin),
    "Slice": cut,
    "Softmax": lambda attributes, x: npx.softmax(x, axis=attributes.get("axis", -1)),
    "Softplus": lambda _, x: np.logaddexp(x, 0),
    "Split": split,
    "Sqrt": plain(np.sqrt),
    "Squeeze": squeeze,
    "Sub": plain(np.subtract),
    "Sum": folded(np.add),
    "Tanh": plain(np.tanh),
    "Tile": lambda _, x, repeats: np.tile(x, repeats),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Where": plain(np.where),
    "Xor": plain(np.logical_xor),
}
