"""com.microsoft: what ONNX Runtime fuses, in floats, by what it was fused of.

As in docs/ContribOperators.md of ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError

from ..facts import Facts, Row, plain, row
from .arithmetic import gemm
from .convolutions import convolution
from .creation import steps
from .movement import pad, triangle
from .units import scaled_elu

__all__ = ["ROWS"]


# Activations inside of fused operators: of x and the numbers that the attributes give, or these.
ACTIVATIONS: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "Clip": (lambda x, low, high: np.minimum(np.maximum(x, low), high), ()),
    "Elu": (lambda x, alpha: npx.elu(x, alpha=alpha), (1.0,)),
    "HardSigmoid": (lambda x, a, b: np.clip(a * x + b, 0, 1), (0.2, 0.5)),
    "LeakyRelu": (lambda x, slope: npx.leaky_relu(x, slope=slope), (0.01,)),
    "Relu": (lambda x: npx.relu(x), ()),
    "Selu": (scaled_elu, (1.6732632, 1.050701)),
    "Sigmoid": (lambda x: npx.sigmoid(x), ()),
    "Softplus": (lambda x: np.logaddexp(x, 0), ()),
    "Softsign": (lambda x: x / (1 + np.abs(x)), ()),
    "Tanh": (lambda x: np.tanh(x), ()),
    "ThresholdedRelu": (lambda x, low: np.where(x > low, x, np.zeros_like(x)), (1.0,)),
}


def _activated(name: str, x: Any, numbers: tuple[float, ...]) -> Any:
    if not name:
        return x
    if name not in ACTIVATIONS:
        raise UsageError(f"activation={name!r}; known are {', '.join(ACTIVATIONS)}")
    function, defaults = ACTIVATIONS[name]
    return function(x, *(numbers or defaults))


def fused_conv(facts: Facts, x: Any, weight: Any, bias: Any = None, added: Any = None) -> Any:
    """activation(convolution(x) + bias + added)"""
    y = convolution(facts, x, weight, bias)
    y = y if added is None else y + added
    numbers = tuple(facts.get("activation_params") or ())
    return _activated(facts.get("activation", ""), y, numbers)


def fused_gemm(facts: Facts, *operands: Any) -> Any:
    names = ("activation_alpha", "activation_beta", "activation_gamma")
    numbers = tuple(facts[name] for name in names if facts.get(name) is not None)
    return _activated(facts.get("activation", ""), gemm(facts, *operands), numbers)


def fused_matmul(facts: Facts, a: Any, b: Any) -> Any:
    """alpha * a @ b; trans swaps the last two axes, transBatch first moves the first axis before
    the last."""
    alpha = facts.get("alpha", 1.0)
    y = np.matmul(*(_turned(facts, one, side) for one, side in ((a, "A"), (b, "B"))))
    return y if alpha == 1 else y * alpha


def _turned(facts: Facts, x: Any, side: str) -> Any:
    if facts.get(f"transBatch{side}", 0):
        x = np.moveaxis(x, 0, -2)
    return np.matrix_transpose(x) if facts.get(f"trans{side}", 0) and x.ndim > 1 else x


def fast_gelu(_: Facts, x: Any, bias: Any = None) -> Any:
    return npx.gelu(x if bias is None else x + bias, approximate=True)


def bias_gelu(_: Facts, x: Any, bias: Any) -> Any:
    return npx.gelu(x + bias)


def quick_gelu(facts: Facts, x: Any) -> Any:
    """x * sigmoid(alpha * x)"""
    return x * npx.sigmoid(facts.get("alpha", 1.702) * x)


def bias_add(_: Facts, x: Any, bias: Any, skip: Any) -> Any:
    return x + bias + skip


def distances(facts: Facts, a: Any, b: Any) -> Any:
    """[N, M]: how far each row of a is from each of b."""
    metric = facts.get("metric", "sqeuclidean")
    if metric not in ("euclidean", "sqeuclidean"):
        raise UsageError(f"metric={metric!r}; known are euclidean and sqeuclidean")
    apart = np.expand_dims(a, 1) - np.expand_dims(b, 0)
    squares = np.sum(apart * apart, axis=2)
    return np.sqrt(squares) if metric == "euclidean" else squares


def bias_softmax(facts: Facts, x: Any, bias: Any) -> Any:
    axis = facts.get("axis", 1) % x.ndim
    if axis != x.ndim - 1:
        raise UsageError(f"axis={axis} of {x.ndim} axes; known is the last")
    return npx.softmax(x + bias, axis=-1)


def expand_dims(_: Facts, x: Any, axis: Any) -> Any:
    return np.expand_dims(x, axis[0] if isinstance(axis, list) else axis)


ROWS: dict[str, Row] = {
    "com.microsoft.BiasAdd": row(bias_add),
    "com.microsoft.BiasGelu": row(bias_gelu),
    "com.microsoft.BiasSoftmax": row(bias_softmax),
    "com.microsoft.CDist": row(distances),
    "com.microsoft.ExpandDims": row(expand_dims, known=(1,)),
    "com.microsoft.FastGelu": row(fast_gelu),
    "com.microsoft.FusedConv": row(fused_conv),
    "com.microsoft.FusedGemm": row(fused_gemm),
    "com.microsoft.FusedMatMul": row(fused_matmul),
    "com.microsoft.Gelu": plain(npx.gelu),
    "com.microsoft.Inverse": plain(np.linalg.inv),
    "com.microsoft.Pad": row(pad, sizes=(1,), known=(3,)),
    "com.microsoft.QuickGelu": row(quick_gelu),
    "com.microsoft.Range": row(steps, raw=True),
    "com.microsoft.TransposeMatMul": row(fused_matmul),
    "com.microsoft.Trilu": row(triangle, known=(1,)),
}
