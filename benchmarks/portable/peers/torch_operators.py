"""ONNX operators as PyTorch functions, one row each; rows run once, while the graph is traced.

Operands are `torch.fx` proxies: a row may look at attributes and static operands, not at shapes.
What needs a tensor's shape is a `leaf`: a call that stays in the traced program.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Proxy
from torch.nn import functional as F

from ..onnx.sizes import SIZES
from ..timing.main import Missing

__all__ = [
    "SIZE_TABLE",
    "Row",
    "attention",
    "average_pool",
    "batch_norm",
    "cast",
    "clip",
    "conv",
    "expanded",
    "flattened",
    "folded",
    "gelu",
    "gemm",
    "hard_sigmoid",
    "layer_norm",
    "max_pool",
    "plain",
    "power",
    "quotient",
    "reduction",
    "reshape",
    "shape",
    "slicing",
    "softmax",
    "spatial_max",
    "spatial_mean",
    "split",
    "take",
    "transpose",
    "unsqueeze",
]

Attributes = Mapping[str, Any]
Row = Callable[..., Any]


def leaf(function: Row) -> Row:
    """A call of the function, recorded where an operand is traced, made where none is."""

    @functools.wraps(function)
    def row(*operands: Any) -> Any:
        listed: list[Any] = [
            part for o in operands for part in (o if isinstance(o, Sequence) else (o,))
        ]
        traced = [part for part in listed if isinstance(part, Proxy)]
        if not traced:
            return function(*operands)
        return traced[0].tracer.create_proxy("call_function", function, operands, {})

    return row


def plain(function: Row) -> Row:
    """A row without attributes."""
    return lambda _, *operands: function(*operands)


def folded(function: Row) -> Row:
    """A row of any number of operands, two by two."""
    return lambda _, *operands: functools.reduce(function, operands)


def sides(attributes: Attributes, rank: int) -> tuple[Any, list[int]]:
    """Padding as convolutions take it, or 0 and what F.pad has to do before, last axis first."""
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Missing(f"ONNX auto_pad {attributes['auto_pad']} has no row in on_torch")
    pads = attributes.get("pads", [0] * 2 * rank)
    begins, ends = pads[:rank], pads[rank:]
    if begins == ends:
        return tuple(begins), []
    pairs = zip(reversed(begins), reversed(ends), strict=True)
    return 0, [side for pair in pairs for side in pair]


def conv(attributes: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
    rank = len(attributes["kernel_shape"])
    padding, before = sides(attributes, rank)
    function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    return function(
        F.pad(x, before) if before else x,
        weight,
        bias,
        stride=tuple(attributes.get("strides", [1] * rank)),
        padding=padding,
        dilation=tuple(attributes.get("dilations", [1] * rank)),
        groups=attributes.get("group", 1),
    )


def max_pool(attributes: Attributes, x: Any) -> Any:
    kernel = tuple(attributes["kernel_shape"])
    padding, before = sides(attributes, len(kernel))
    function = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[len(kernel) - 1]
    return function(
        F.pad(x, before, value=float("-inf")) if before else x,
        kernel,
        tuple(attributes.get("strides", [1] * len(kernel))),
        padding,
        tuple(attributes.get("dilations", [1] * len(kernel))),
        ceil_mode=bool(attributes.get("ceil_mode", 0)),
    )


def average_pool(attributes: Attributes, x: Any) -> Any:
    kernel = tuple(attributes["kernel_shape"])
    padding, before = sides(attributes, len(kernel))
    if before:
        raise Missing("ONNX AveragePool with uneven pads has no row in on_torch")
    function = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[len(kernel) - 1]
    return function(
        x,
        kernel,
        tuple(attributes.get("strides", [1] * len(kernel))),
        padding,
        bool(attributes.get("ceil_mode", 0)),
        bool(attributes.get("count_include_pad", 0)),
    )


@leaf
def quotient(a: Tensor, b: Tensor) -> Tensor:
    """Integers truncate, as ONNX says."""
    return a / b if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")


@leaf
def power(x: Tensor, exponent: Tensor) -> Tensor:
    """Of the base's type, as ONNX says."""
    return torch.pow(x, exponent).to(x.dtype)


@leaf
def flattened(x: Tensor, axis: int) -> Tensor:
    """Two axes, whatever there were."""
    return x.reshape(math.prod(x.shape[:axis]), -1)


@leaf
def spatial_mean(x: Tensor) -> Tensor:
    return x.mean(tuple(range(2, x.dim())), keepdim=True)


@leaf
def spatial_max(x: Tensor) -> Tensor:
    return x.amax(tuple(range(2, x.dim())), keepdim=True)


def batch_norm(
    attributes: Attributes, x: Any, scale: Any, bias: Any, mean: Any, variance: Any
) -> Any:
    return F.batch_norm(x, mean, variance, scale, bias, eps=attributes.get("epsilon", 1e-5))


@leaf
def normalised(x: Tensor, scale: Tensor, bias: Tensor | None, epsilon: float) -> Tensor:
    return F.layer_norm(x, scale.shape, scale, bias, epsilon)


def layer_norm(attributes: Attributes, x: Any, scale: Any, bias: Any = None) -> Any:
    if attributes.get("axis", -1) != -1:
        raise Missing("ONNX LayerNormalization over more than the last axis: not in on_torch")
    return normalised(x, scale, bias, attributes.get("epsilon", 1e-5))


def gemm(attributes: Attributes, a: Any, b: Any, c: Any = None) -> Any:
    """alpha A B + beta C; a layer with its weight [out, in] is F.linear, as torch users write."""
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    a = a.t() if attributes.get("transA") else a
    if alpha == beta == 1.0 and attributes.get("transB"):
        return F.linear(a, b, c)
    product = alpha * (a @ (b.t() if attributes.get("transB") else b))
    return product if c is None else product + beta * c


@leaf
def take(x: Tensor, indices: Tensor, axis: int) -> Tensor:
    """Rows of a table are F.embedding; negative indices count from the end, as ONNX says."""
    if axis == 0 and x.dim() == 2 and indices.dim():
        return F.embedding(indices, x)
    axis = axis % x.dim()
    flat = indices.reshape(-1).to(torch.int64) % x.shape[axis]
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return x.index_select(axis, flat).reshape(shape)


@leaf
def reshaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    """To the shape, each 0 in it being the tensor's own size there."""
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


def reshape(attributes: Attributes, x: Any, shape: Any) -> Any:
    """An ONNX 0 is the operand's own size; a traced shape is of sizes, none of them 0."""
    if isinstance(shape, Proxy):
        return torch.reshape(x, shape)
    if attributes.get("allowzero") or 0 not in shape:
        return torch.reshape(x, tuple(shape))
    return reshaped(x, shape)


@leaf
def shape(x: Tensor) -> tuple[int, ...]:
    return tuple(x.shape)


@leaf
def expanded(x: Tensor, shape: Sequence[int]) -> Tensor:
    return x.expand(torch.broadcast_shapes(x.shape, tuple(shape)))


@leaf
def sliced(x: Tensor, starts: Sequence[int], ends: Sequence[int], axes: Any, steps: Any) -> Tensor:
    spans = [slice(None)] * x.dim()
    for i, axis in enumerate(axes or range(len(starts))):
        spans[axis] = slice(starts[i], ends[i], steps[i] if steps else 1)
    return x[tuple(spans)]


def slicing(
    _: Attributes, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None
) -> Any:
    return sliced(x, starts, ends, axes, steps)


def reduction(function: Row) -> Row:
    """A row of (x, axes); all axes for none."""

    @leaf
    def reduced(x: Tensor, axes: Any, keep: bool) -> Tensor:
        return function(x, tuple(axes or range(x.dim())), keep)

    def row(attributes: Attributes, x: Any, axes: Any = None) -> Any:
        if not axes and attributes.get("noop_with_empty_axes"):
            return x
        keep = bool(attributes.get("keepdims", 1))
        return function(x, tuple(axes), keep) if axes else reduced(x, axes, keep)

    return row


def softmax(function: Row) -> Row:
    return lambda attributes, x: function(x, dim=attributes.get("axis", -1))


def unsqueeze(_: Attributes, x: Any, axes: Sequence[int]) -> Any:
    for axis in sorted(axes):
        x = x.unsqueeze(axis)
    return x


def split(attributes: Attributes, x: Any, sizes: Any = None) -> Any:
    if sizes is None:
        raise Missing("ONNX Split without sizes has no row in on_torch")
    parts = torch.split(x, list(sizes), attributes.get("axis", 0))
    return [parts[i] for i in range(len(sizes))]


def transpose(attributes: Attributes, x: Any) -> Any:
    return x.permute(tuple(attributes["perm"])) if "perm" in attributes else x.T


def gelu(attributes: Attributes, x: Any) -> Any:
    return F.gelu(x, approximate=attributes.get("approximate", "none"))


def hard_sigmoid(attributes: Attributes, x: Any) -> Any:
    alpha, beta = attributes.get("alpha", 0.2), attributes.get("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-7 and beta == 0.5:
        return F.hardsigmoid(x)
    return (x * alpha + beta).clamp(0, 1)


def clip(_: Attributes, x: Any, low: float | None = None, high: float | None = None) -> Any:
    return F.relu6(x) if (low, high) == (0, 6) else torch.clamp(x, low, high)


def cast(attributes: Attributes, x: Any) -> Any:
    return x.to(getattr(torch, attributes["to"]))


def attention(attributes: Attributes, q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=attributes["scale"])


@leaf
def size(op: str, attributes: Attributes, *operands: Any) -> Any:
    return SIZES[op](attributes, *operands)


SIZE_TABLE: dict[str, Row] = {op: functools.partial(size, op) for op in SIZES}
