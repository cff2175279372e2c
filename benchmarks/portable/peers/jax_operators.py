"""ONNX operators as JAX functions, one row each; rows run while jax.jit traces.

Operands are traced arrays, whose shapes are known; attributes and static operands are Python's.
Images may be [N, H, W, C], said by the attribute layout (`onnx_layout`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax  # type: ignore[import-not-found]
import jax.numpy as jnp  # type: ignore[import-not-found]
import numpy
from jax import lax

from ..timing.main import Missing

__all__ = [
    "Row",
    "average_pool",
    "batch_norm",
    "broadcast",
    "conv",
    "flatten",
    "folded",
    "gelu",
    "gemm",
    "global_pool",
    "hard_sigmoid",
    "layer_norm",
    "max_pool",
    "plain",
    "reduction",
    "reshape",
    "slicing",
    "softmax",
    "split",
    "take",
]

Attributes = Mapping[str, Any]
Row = Callable[..., Any]


def plain(function: Row) -> Row:
    """A row without attributes."""
    return lambda _, *operands: function(*operands)


def folded(function: Row) -> Row:
    """A row of any number of operands, two by two."""
    return lambda _, *operands: functools.reduce(function, operands)


def is_last(attributes: Attributes) -> bool:
    return attributes.get("layout") == "NHWC"


def spatial(attributes: Attributes, x: Any) -> tuple[int, ...]:
    """The axes of height and width."""
    return tuple(range(1, x.ndim - 1) if is_last(attributes) else range(2, x.ndim))


def pairs(attributes: Attributes, rank: int) -> list[tuple[int, int]]:
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Missing(f"ONNX auto_pad {attributes['auto_pad']} has no row in on_jax")
    pads = attributes.get("pads", [0] * 2 * rank)
    return list(zip(pads[:rank], pads[rank:], strict=True))


def per_channel(attributes: Attributes, x: Any, vector: Any) -> Any:
    """A vector over channels, to be added to images."""
    return vector if is_last(attributes) else vector.reshape(-1, *[1] * (x.ndim - 2))


def conv(attributes: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
    rank = len(attributes["kernel_shape"])
    letters = "DHW"[-rank:]
    first = (f"NC{letters}", f"OI{letters}", f"NC{letters}")
    last = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    result = lax.conv_general_dilated(
        x,
        weight,
        attributes.get("strides", [1] * rank),
        pairs(attributes, rank),
        rhs_dilation=attributes.get("dilations", [1] * rank),
        dimension_numbers=last if is_last(attributes) else first,
        feature_group_count=attributes.get("group", 1),
    )
    return result if bias is None else result + per_channel(attributes, x, bias)


def window(attributes: Attributes, x: Any, start: float, combine: Row) -> Any:
    """lax.reduce_window over height and width."""
    if attributes.get("ceil_mode") or set(attributes.get("dilations", [1])) != {1}:
        raise Missing("ONNX pooling with ceil_mode or dilations has no row in on_jax")
    axes = spatial(attributes, x)
    kernel, strides, sides = [1] * x.ndim, [1] * x.ndim, [(0, 0)] * x.ndim
    padding = pairs(attributes, len(axes))
    for i, axis in enumerate(axes):
        kernel[axis] = attributes["kernel_shape"][i]
        strides[axis] = attributes.get("strides", [1] * len(axes))[i]
        sides[axis] = padding[i]
    return lax.reduce_window(x, numpy.asarray(start, x.dtype), combine, kernel, strides, sides)


def max_pool(attributes: Attributes, x: Any) -> Any:
    return window(attributes, x, -numpy.inf, lax.max)


def average_pool(attributes: Attributes, x: Any) -> Any:
    total = window(attributes, x, 0, lax.add)
    if attributes.get("count_include_pad"):
        return total / numpy.prod(attributes["kernel_shape"]).astype(x.dtype)
    return total / window(attributes, jnp.ones_like(x), 0, lax.add)


def global_pool(function: Row) -> Row:
    return lambda attributes, x: function(x, axis=spatial(attributes, x), keepdims=True)


def batch_norm(
    attributes: Attributes, x: Any, scale: Any, bias: Any, mean: Any, variance: Any
) -> Any:
    """(x - mean) scale / √(variance + ε) + bias, as flax.linen.BatchNorm computes it."""
    factor = lax.rsqrt(variance + attributes.get("epsilon", 1e-5)) * scale
    mean, factor, bias = (per_channel(attributes, x, v) for v in (mean, factor, bias))
    return (x - mean) * factor + bias


def layer_norm(attributes: Attributes, x: Any, scale: Any, bias: Any = None) -> Any:
    """Over the axes from `axis` on."""
    axes = tuple(range(attributes.get("axis", -1) % x.ndim, x.ndim))
    mean = x.mean(axes, keepdims=True)
    variance = jnp.square(x - mean).mean(axes, keepdims=True)
    y = (x - mean) * lax.rsqrt(variance + attributes.get("epsilon", 1e-5)) * scale
    return y if bias is None else y + bias


def gemm(attributes: Attributes, a: Any, b: Any, c: Any = None) -> Any:
    """alpha A B + beta C."""
    a = a.T if attributes.get("transA") else a
    product = a @ (b.T if attributes.get("transB") else b)
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    product = product if alpha == 1.0 else product * alpha
    return product if c is None else product + (c if beta == 1.0 else c * beta)


def take(attributes: Attributes, x: Any, indices: Any) -> Any:
    """Indices are within bounds, negative ones counting from the end: ONNX says so."""
    axis = attributes.get("axis", 0)
    wrapped = jnp.where(indices < 0, indices + x.shape[axis], indices)
    return jnp.take(x, wrapped, axis=axis, mode="clip")


def reshape(attributes: Attributes, x: Any, shape: Sequence[int]) -> Any:
    """An ONNX 0 is the operand's own size, -1 what is left."""
    if attributes.get("allowzero"):
        return x.reshape(tuple(shape))
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


def flatten(attributes: Attributes, x: Any) -> Any:
    axis = attributes.get("axis", 1)
    return x.reshape(int(numpy.prod(x.shape[:axis], dtype=int)), -1)


def slicing(
    _: Attributes, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None
) -> Any:
    spans = [slice(None)] * x.ndim
    for i, axis in enumerate(axes or range(len(starts))):
        spans[axis] = slice(starts[i], ends[i], steps[i] if steps else 1)
    return x[tuple(spans)]


def reduction(function: Row) -> Row:
    """A row of (x, axes); all axes for none."""

    def row(attributes: Attributes, x: Any, axes: Any = None) -> Any:
        if not axes and attributes.get("noop_with_empty_axes"):
            return x
        keep = bool(attributes.get("keepdims", 1))
        return function(x, axis=tuple(axes) if axes else None, keepdims=keep)

    return row


def split(attributes: Attributes, x: Any, sizes: Any = None) -> Any:
    if sizes is None:
        raise Missing("ONNX Split without sizes has no row in on_jax")
    return list(jnp.split(x, numpy.cumsum(sizes)[:-1].tolist(), attributes.get("axis", 0)))


def gelu(attributes: Attributes, x: Any) -> Any:
    return jax.nn.gelu(x, approximate=attributes.get("approximate", "none") == "tanh")


def hard_sigmoid(attributes: Attributes, x: Any) -> Any:
    alpha, beta = attributes.get("alpha", 0.2), attributes.get("beta", 0.5)
    return jnp.clip(x * alpha + beta, 0, 1)


def broadcast(_: Attributes, x: Any, shape: Sequence[int]) -> Any:
    return jnp.broadcast_to(x, jnp.broadcast_shapes(x.shape, tuple(shape)))


def softmax(function: Row) -> Row:
    return lambda attributes, x: function(x, axis=attributes.get("axis", -1))
