"""Formulas as people write them, and the operator, and the runtimes' kernels, that each is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy

from isthmus import np, npx

__all__ = ["ATTENTION", "FUSED", "SPELLINGS", "Spelling", "attention", "layer_norm", "softmax"]

WIDTH = 8
GAMMA = numpy.linspace(0.5, 1.5, WIDTH, dtype=numpy.float32)
BETA = numpy.linspace(-1, 1, WIDTH, dtype=numpy.float32)
EPSILON = 1e-5
ROOT = math.sqrt(2 / math.pi)


FUSED = "FullyConnected"


class Spelling(NamedTuple):
    """function: of x [..., 8]. cpu, gpu: the operator it becomes under numerics="numpy", "" where
    it stays as it is; fast: under numerics="fast" on both. ov, onnx: what the runtime's own graph
    then has; FUSED: nothing behind a dense layer, whose kernel computes it as well."""

    function: Callable[[Any], Any]
    cpu: str = ""
    gpu: str = ""
    fast: str = ""
    ov: str = ""
    onnx: str = ""


def _mean(x: Any) -> Any:
    return np.mean(x, axis=-1, keepdims=True)


def softmax(x: Any, axis: int = -1) -> Any:
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def layer_norm(x: Any, epsilon: float = EPSILON, axis: int = -1) -> Any:
    centred = x - np.mean(x, axis=axis, keepdims=True)
    variance = np.mean(centred**2, axis=axis, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * GAMMA + BETA


def _reciprocal(x: Any) -> Any:
    scale = 1 / np.sqrt(np.var(x, axis=-1, keepdims=True) + EPSILON)
    return GAMMA * ((x - np.mean(x, -1)[..., None]) * scale) + BETA


def _squares(x: Any) -> Any:
    mean = _mean(x)
    return (x - mean) * (_mean(x * x) - np.square(mean) + EPSILON) ** -0.5 * GAMMA + BETA


def _summed(x: Any) -> Any:
    mean = np.sum(x, axis=-1, keepdims=True) / WIDTH
    variance = np.sum((x - mean) * (x - mean), axis=-1, keepdims=True) * (1 / WIDTH)
    return BETA + np.multiply(GAMMA, np.divide(np.subtract(x, mean), np.sqrt(EPSILON + variance)))


def _plain_norm(x: Any) -> Any:
    return (x - _mean(x)) / np.sqrt(np.var(x, axis=-1, keepdims=True) + EPSILON)


def _tanh_gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def _log_softmax(x: Any) -> Any:
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def _overflowing(x: Any) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)


def _attended(x: Any) -> Any:
    return softmax(x @ np.matrix_transpose(x) * 0.25) @ x


NORM = dict.fromkeys(("cpu", "gpu", "fast"), "npx.layer_norm")
LAYER = {**NORM, "ov": "MVN", "onnx": "LayerNormalization"}
GELU = {**dict.fromkeys(("cpu", "gpu", "fast"), "npx.gelu"), "ov": FUSED, "onnx": "Gelu"}
SWISH = {
    **dict.fromkeys(("cpu", "gpu", "fast"), "npx.hard_swish"),
    "ov": FUSED,
    "onnx": "HardSigmoid",
}
RELU6 = {"gpu": "npx.relu6", "fast": "npx.relu6", "ov": FUSED, "onnx": "Clip"}
SOFT = {"cpu": "npx.softmax_by_line", "gpu": "npx.softmax", "fast": "npx.softmax"}
SOFTMAX = {**SOFT, "ov": "Softmax", "onnx": "Softmax"}
SILU = {"cpu": "npx.silu", "fast": "npx.silu", "ov": FUSED}
MISH = {"cpu": "npx.mish", "fast": "npx.mish", "ov": FUSED}
RMS = {"cpu": "npx.rms_norm", "fast": "npx.rms_norm", "ov": "RMS"}

SPELLINGS: Mapping[str, Spelling] = {
    "layer_norm": Spelling(layer_norm, **LAYER),
    "layer_norm by 1/sqrt": Spelling(_reciprocal, **LAYER),
    "layer_norm by E[x*x] - m*m": Spelling(_squares, **LAYER),
    "layer_norm by sums": Spelling(_summed, **LAYER),
    "layer_norm without beta": Spelling(lambda x: _plain_norm(x) * GAMMA, **LAYER),
    "layer_norm without both": Spelling(_plain_norm, **LAYER),
    "rms_norm": Spelling(lambda x: x / np.sqrt(_mean(x * x) + EPSILON) * GAMMA, **RMS),
    "rms_norm by 1/sqrt": Spelling(
        lambda x: GAMMA * (x * (1 / np.sqrt(_mean(np.square(x)) + EPSILON))), **RMS
    ),
    "rms_norm without gamma": Spelling(lambda x: x * (_mean(x**2) + EPSILON) ** -0.5, **RMS),
    "gelu": Spelling(lambda x: 0.5 * x * (1 + npx.erf(x / math.sqrt(2))), **GELU),
    "gelu halved last": Spelling(lambda x: x * (npx.erf(x * 0.70710677) + 1) / 2, **GELU),
    "gelu distributed": Spelling(lambda x: x * (0.5 + 0.5 * npx.erf(x * 0.5**0.5)), **GELU),
    "gelu by tanh": Spelling(_tanh_gelu, **GELU),
    "gelu by tanh, factored": Spelling(
        lambda x: 0.5 * x * (1 + np.tanh(x * ROOT * (1 + 0.044715 * x**2))), **GELU
    ),
    "gelu by tanh, cubed": Spelling(
        lambda x: x * (0.5 * (1 + np.tanh(ROOT * (x + 0.044715 * np.pow(x, 3))))), **GELU
    ),
    "softmax": Spelling(softmax, **SOFTMAX),
    "softmax over rows": Spelling(lambda x: softmax(x, -2), **SOFTMAX),
    "softmax by 1/sum": Spelling(
        lambda x: (p := np.exp(x - np.max(x, -1)[..., None])) * (1 / np.sum(p, -1, keepdims=True)),
        **SOFTMAX,
    ),
    "softmax that overflows": Spelling(
        _overflowing, fast="npx.softmax", ov="Softmax", onnx="Softmax"
    ),
    "log_softmax": Spelling(
        _log_softmax, gpu="npx.log_softmax", fast="npx.log_softmax", onnx="LogSoftmax"
    ),
    "log of softmax": Spelling(
        lambda x: np.log(softmax(x)), fast="npx.log_softmax", onnx="LogSoftmax"
    ),
    "relu": Spelling(lambda x: np.maximum(x, 0), gpu="npx.relu", fast="npx.relu", onnx="Relu"),
    "relu6": Spelling(lambda x: np.minimum(np.maximum(x, 0), 6), **RELU6),
    "relu6 the other way": Spelling(lambda x: np.maximum(np.minimum(x, 6), 0), **RELU6),
    "relu6 by clip": Spelling(lambda x: np.clip(x, 0, 6), **RELU6),
    "relu6 of relu": Spelling(
        lambda x: np.minimum(npx.relu(x), 6), **{**RELU6, "cpu": "npx.relu6"}
    ),
    "hard_swish": Spelling(lambda x: x * np.clip(x + 3, 0, 6) / 6, **SWISH),
    "hard_swish by relu6": Spelling(lambda x: x * (npx.relu6(x + 3) * (1 / 6)), **SWISH),
    "hard_swish by relu": Spelling(lambda x: x * np.minimum(npx.relu(3 + x), 6) / 6, **SWISH),
    "hard_swish to 1": Spelling(lambda x: np.clip(x / 6 + 0.5, 0, 1) * x, **SWISH),
    "hard_sigmoid": Spelling(
        lambda x: np.clip(x + 3, 0, 6) / 6, gpu="npx.hard_sigmoid", fast="npx.hard_sigmoid",
        ov=FUSED, onnx="HardSigmoid",
    ),
    "silu": Spelling(lambda x: x * npx.sigmoid(x), **SILU),
    "silu by exp": Spelling(lambda x: x / (1 + np.exp(-x)), **SILU),
    "sigmoid": Spelling(
        lambda x: 1 / (1 + np.exp(-x)), cpu="npx.sigmoid", fast="npx.sigmoid", ov=FUSED,
        onnx="Sigmoid",
    ),
    "mish": Spelling(lambda x: x * np.tanh(np.log1p(np.exp(x))), **MISH),
    "mish by log": Spelling(lambda x: np.tanh(np.log(1 + np.exp(x))) * x, **MISH),
    "mish by logaddexp": Spelling(lambda x: x * np.tanh(np.logaddexp(x, 0)), **MISH),
}  # fmt: skip


# Attention of q, k, v [..., positions, width], in the ways it is written.


def attention(
    q: Any, k: Any, v: Any, mask: Any = None, scale: float = 0.5, where: str = "scores"
) -> Any:
    """where: what the scale is of. mask: added, or of truth values."""
    q, k = (q * scale if where == "q" else q), (k * scale if where == "k" else k)
    scores = q @ np.swapaxes(k, -1, -2)
    if where == "scores":
        scores = scores / (1 / scale)
    if mask is not None and mask.dtype == numpy.bool_:
        scores = np.where(mask, scores, numpy.float32(-1e9))
    elif mask is not None:
        scores = scores + mask
    return softmax(scores) @ v


ATTENTION: Mapping[str, Any] = {
    f"{where}, {mask}": (where, mask)
    for where in ("q", "k", "scores")
    for mask in ("no mask", "bool", "added")
}
