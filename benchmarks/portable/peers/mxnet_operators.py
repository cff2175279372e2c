"""ONNX operators as MXNet 1.9 symbols, one row each; rows run while the symbol is built.

Operands are symbols whose variables carry shape and type; constants of no axes are NumPy scalars.
Truth values are the numbers 0 and 1, as MXNet's legacy operators have them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mxnet  # type: ignore[import-not-found]
import numpy
from mxnet import sym

from ..timing.main import Missing

__all__ = [
    "Row",
    "activation",
    "attention",
    "batch_norm",
    "binary",
    "broadcast",
    "clip",
    "compared",
    "conv",
    "flatten",
    "folded",
    "gelu",
    "gemm",
    "global_pool",
    "hard_sigmoid",
    "hard_swish",
    "layer_norm",
    "leaky",
    "linear",
    "matmul",
    "plain",
    "pool",
    "reduction",
    "reshape",
    "shape_of",
    "slicing",
    "split",
    "take",
    "unsqueeze",
    "where",
]

Attributes = Mapping[str, Any]
Row = Callable[..., Any]

LARGEST = float(numpy.finfo(numpy.float32).max)


def is_symbol(x: Any) -> bool:
    return isinstance(x, mxnet.symbol.Symbol)


def shape_of(x: Any) -> tuple[int, ...]:
    """What the variables' shapes make of it; () for a number."""
    return tuple(x.infer_shape()[1][0]) if is_symbol(x) else ()


def plain(function: Row) -> Row:
    """A row without attributes."""
    return lambda _, *operands: function(*operands)


def binary(same: Row, broadcast: Row, scalar: Row) -> Row:
    """Three operators of MXNet are one of ONNX; oneDNN fuses that of equal shapes alone."""

    def row(_: Attributes, a: Any, b: Any) -> Any:
        if not (is_symbol(a) and is_symbol(b)):
            return scalar(*(x if is_symbol(x) else x.item() for x in (a, b)))
        return (same if shape_of(a) == shape_of(b) else broadcast)(a, b)

    return row


def folded(row: Row) -> Row:
    """A row of any number of operands, two by two."""
    return lambda attributes, *operands: functools.reduce(
        lambda a, b: row(attributes, a, b), operands
    )


def compared(broadcast: Row, scalar: Row) -> Row:
    return binary(broadcast, broadcast, scalar)


def sides(attributes: Attributes, rank: int) -> tuple[int, ...]:
    pads = attributes.get("pads", [0] * 2 * rank)
    if (
        attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
        or pads[:rank] != pads[rank:]
    ):
        raise Missing("ONNX auto_pad or uneven pads have no row in on_mxnet")
    return tuple(pads[:rank])


def conv(attributes: Attributes, x: Any, weight: Any, *bias: Any) -> Any:
    kernel = tuple(attributes["kernel_shape"])
    return sym.Convolution(
        x,
        weight,
        *bias,
        no_bias=not bias,
        num_filter=shape_of(weight)[0],
        kernel=kernel,
        stride=tuple(attributes.get("strides", [1] * len(kernel))),
        dilate=tuple(attributes.get("dilations", [1] * len(kernel))),
        pad=sides(attributes, len(kernel)),
        num_group=attributes.get("group", 1),
    )


def pool(kind: str) -> Row:
    def row(attributes: Attributes, x: Any) -> Any:
        kernel = tuple(attributes["kernel_shape"])
        if attributes.get("ceil_mode") or set(attributes.get("dilations", [1])) != {1}:
            raise Missing("ONNX pooling with ceil_mode or dilations has no row in on_mxnet")
        return sym.Pooling(
            x,
            kernel=kernel,
            pool_type=kind,
            stride=tuple(attributes.get("strides", [1] * len(kernel))),
            pad=sides(attributes, len(kernel)),
            count_include_pad=bool(attributes.get("count_include_pad", 0)),
        )

    return row


def global_pool(kind: str) -> Row:
    return plain(lambda x: sym.Pooling(x, kernel=(1, 1), pool_type=kind, global_pool=True))


def batch_norm(
    attributes: Attributes, x: Any, scale: Any, bias: Any, mean: Any, variance: Any
) -> Any:
    epsilon = attributes.get("epsilon", 1e-5)
    return sym.BatchNorm(
        x, scale, bias, mean, variance, eps=epsilon, fix_gamma=False, use_global_stats=True
    )


def layer_norm(attributes: Attributes, x: Any, scale: Any, bias: Any = None) -> Any:
    if attributes.get("axis", -1) not in (-1, len(shape_of(x)) - 1):
        raise Missing("ONNX LayerNormalization over more than the last axis: not in on_mxnet")
    bias = sym.zeros_like(scale) if bias is None else bias
    return sym.LayerNorm(x, scale, bias, axis=-1, eps=attributes.get("epsilon", 1e-5))


def gemm(attributes: Attributes, a: Any, b: Any, *c: Any) -> Any:
    """FullyConnected, as MXNet's layers call it: its weight is [out, in]."""
    if {attributes.get("alpha", 1.0), attributes.get("beta", 1.0)} != {1.0}:
        raise Missing("ONNX Gemm with alpha or beta has no row in on_mxnet")
    a = sym.transpose(a) if attributes.get("transA") else a
    b = b if attributes.get("transB") else sym.transpose(b)
    width = shape_of(b)[0]
    if not c or shape_of(c[0]) == (width,):
        return sym.FullyConnected(a, b, *c, no_bias=not c, num_hidden=width)
    return sym.broadcast_add(sym.FullyConnected(a, b, no_bias=True, num_hidden=width), c[0])


def linear(attributes: Attributes, x: Any, weight: Any, bias: Any, shape: Sequence[int]) -> Any:
    """FullyConnected over the last axis, where the result keeps the others."""
    width, own = shape_of(weight)[0], shape_of(x)
    if (*own[:-1], width) == tuple(shape):
        return sym.FullyConnected(x, weight, bias, num_hidden=width, flatten=False)
    flat = sym.reshape(x, shape=(-1, own[-1]))
    return reshape(attributes, sym.FullyConnected(flat, weight, bias, num_hidden=width), shape)


def matmul(_: Attributes, a: Any, b: Any) -> Any:
    """Stacks of matrices of equal shapes, or any stack by one matrix."""
    left, right = shape_of(a), shape_of(b)
    if len(right) == 2:
        weight = sym.transpose(b)
        return sym.FullyConnected(a, weight, no_bias=True, num_hidden=right[1], flatten=False)
    if left[:-2] != right[:-2]:
        raise Missing("ONNX MatMul of stacks that broadcast has no row in on_mxnet")
    return batched(a, b, (*left[:-1], right[-1]), transposed=False)


def batched(a: Any, b: Any, result: Sequence[int], *, transposed: bool) -> Any:
    """batch_dot of stacks, which it takes with three axes."""
    if len(result) == 3:
        return sym.batch_dot(a, b, transpose_b=transposed)
    a, b = (sym.reshape(x, shape=(-1, *shape_of(x)[-2:])) for x in (a, b))
    return sym.reshape(sym.batch_dot(a, b, transpose_b=transposed), shape=tuple(result))


def attention(attributes: Attributes, q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """softmax(q kᵀ scale + mask) v, as GluonNLP's attention cells compute it."""
    left, right = shape_of(q), shape_of(k)
    square = (*left[:-1], right[-2])
    scores = batched(q * attributes["scale"], k, square, transposed=True)
    scores = scores if mask is None else sym.broadcast_add(scores, mask)
    weights = sym.softmax(scores, axis=-1)
    return batched(weights, v, (*left[:-1], shape_of(v)[-1]), transposed=False)


def take(attributes: Attributes, x: Any, indices: Any) -> Any:
    """Rows of a table are an Embedding; else negative indices count from the end."""
    axis, table = attributes.get("axis", 0), shape_of(x)
    if not is_symbol(indices):
        return sym.squeeze(sym.slice_axis(x, axis=axis, **_one(indices, table[axis])), axis=axis)
    if axis == 0 and len(table) == 2:
        return sym.Embedding(indices, x, input_dim=table[0], output_dim=table[1])
    return sym.take(x, indices, axis=axis, mode="wrap")


def _one(index: Any, size: int) -> dict[str, int]:
    begin = int(index) % size
    return {"begin": begin, "end": begin + 1}


def slicing(
    _: Attributes, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None
) -> Any:
    shape = shape_of(x)
    spans = [(0, size, 1) for size in shape]
    for i, axis in enumerate(axes or range(len(starts))):
        asked = slice(starts[i], ends[i], steps[i] if steps else 1).indices(shape[axis])
        spans[axis] = asked
    if any(step < 0 for _, _, step in spans):
        raise Missing("ONNX Slice with negative steps has no row in on_mxnet")
    begin, end, step = zip(*spans, strict=True)
    return sym.slice(x, begin=begin, end=end, step=step)


def reduction(function: Row) -> Row:
    """A row of (x, axes); all axes for none."""

    def row(attributes: Attributes, x: Any, axes: Any = None) -> Any:
        if not axes and attributes.get("noop_with_empty_axes"):
            return x
        keep = bool(attributes.get("keepdims", 1))
        return function(x, axis=tuple(axes or range(len(shape_of(x)))), keepdims=keep)

    return row


def where(_: Attributes, condition: Any, a: Any, b: Any) -> Any:
    """sym.where takes arrays of one shape and type."""
    shape = numpy.broadcast_shapes(*map(shape_of, (condition, a, b)))
    typed = [x if is_symbol(x) else sym.full(shape, x.item(), dtype=x.dtype.name) for x in (a, b)]
    return sym.where(*(broadcast(None, x, shape) for x in (condition, *typed)))


def broadcast(_: Attributes | None, x: Any, shape: Sequence[int]) -> Any:
    own = shape_of(x)
    shape = numpy.broadcast_shapes(own, tuple(shape))
    if own == shape:
        return x
    return sym.broadcast_to(sym.reshape(x, shape=(1,) * (len(shape) - len(own)) + own), shape=shape)


def split(attributes: Attributes, x: Any, sizes: Any = None) -> Any:
    if sizes is None:
        raise Missing("ONNX Split without sizes has no row in on_mxnet")
    cuts = tuple(numpy.cumsum(sizes)[:-1].tolist())
    return list(sym.split_v2(x, cuts, axis=attributes.get("axis", 0)))


def gelu(attributes: Attributes, x: Any) -> Any:
    if attributes.get("approximate", "none") != "none":
        raise Missing("ONNX Gelu with approximate='tanh' has no row in on_mxnet")
    return sym.LeakyReLU(x, act_type="gelu")


def activation(kind: str) -> Row:
    return plain(lambda x: sym.Activation(x, act_type=kind))


def leaky(kind: str, slope: float) -> Row:
    return lambda attributes, x: sym.LeakyReLU(
        x, act_type=kind, slope=attributes.get("alpha", slope)
    )


def hard_sigmoid(attributes: Attributes, x: Any) -> Any:
    alpha, beta = attributes.get("alpha", 0.2), attributes.get("beta", 0.5)
    return sym.hard_sigmoid(x, alpha=alpha, beta=beta)


def hard_swish(x: Any) -> Any:
    """x min(max(x + 3, 0), 6) / 6, as GluonCV's MobileNetV3 writes it."""
    return x * sym.clip(x + 3, a_min=0, a_max=6) / 6


def unsqueeze(_: Attributes, x: Any, axes: Sequence[int]) -> Any:
    for axis in sorted(axes):
        x = sym.expand_dims(x, axis=axis)
    return x


def reshape(attributes: Attributes, x: Any, shape: Sequence[int]) -> Any:
    """0 and -1 mean the same to both."""
    if attributes.get("allowzero"):
        raise Missing("ONNX Reshape with allowzero has no row in on_mxnet")
    return sym.reshape(x, shape=tuple(shape))


def flatten(attributes: Attributes, x: Any) -> Any:
    rows = math.prod(shape_of(x)[: attributes.get("axis", 1)])
    return sym.reshape(x, shape=(rows, -1))


def clip(_: Attributes, x: Any, low: float = -LARGEST, high: float = LARGEST) -> Any:
    return sym.clip(x, a_min=low, a_max=high)
