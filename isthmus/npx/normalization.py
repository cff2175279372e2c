"""Normalisations, at inference: statistics of a batch are constants."""

from __future__ import annotations

from typing import Any

from isthmus import np
from isthmus.graph.operator import FOLLOWS, FULL
from isthmus.np.staged_sums import added_over_last_axis
from isthmus.trace.op import composite

from .precision import in_float32
from .standard import has_statistics_by_channel, numbers, with_numbers

__all__ = [
    "batch_norm",
    "l2_normalize",
    "layer_norm",
    "rms_norm",
]


@composite(settled=numbers("epsilon"), is_standard=has_statistics_by_channel, precision=FOLLOWS)
@in_float32
def batch_norm(
    x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, /, *, epsilon: float = 1e-5
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, by channel.

    x: [N, C, ...], the others: [C] (Ioffe and Szegedy 2015, arXiv:1502.03167). Result: x's shape,
    in the common dtype.

    >>> from isthmus import np, npx
    >>> x, one, zero = np.asarray([[1.0, 2.0], [3.0, 4.0]]), np.ones(2), np.zeros(2)
    >>> npx.batch_norm(x, one, zero, np.asarray([2.0, 3.0]), one, epsilon=0.0)
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    scale = gamma / np.sqrt(variance + epsilon)
    shift = beta - mean * scale
    lines = (-1,) + (1,) * (x.ndim - 2)
    return x * np.reshape(scale, lines) + np.reshape(shift, lines)


@composite(
    adds=added_over_last_axis,
    settled=numbers("epsilon"),
    is_standard=with_numbers("epsilon", least=0),
    precision=FULL,
)
@in_float32
def layer_norm(x: Any, gamma: Any, beta: Any, /, *, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(var + epsilon) * gamma + beta, over the last axis.

    x: [..., C], gamma and beta: [C] (Ba et al. 2016, arXiv:1607.06450). Result: x's shape, in the
    common dtype.

    >>> from isthmus import np, npx
    >>> npx.layer_norm(np.asarray([[1.0, 3.0], [2.0, 8.0]]), np.ones(2), np.zeros(2), epsilon=0.0)
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * gamma + beta


@composite(precision=FULL)
@in_float32
def l2_normalize(x: Any, /, *, axis: int = -1, epsilon: float = 1e-12) -> Any:
    """x / max(sqrt(sum(x*x)), epsilon) along axis.

    x: any shape, float; the result has its dtype. axis: an int or several. Raises UsageError for an
    axis that x lacks (NumPy arrays: AxisError). As `torch.nn.functional.normalize`.

    >>> from isthmus import np, npx
    >>> npx.l2_normalize(np.asarray([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    norm = np.sqrt(np.sum(x * x, axis=axis, keepdims=True))
    return x / np.maximum(norm, epsilon)


@composite(
    adds=added_over_last_axis,
    settled=numbers("epsilon"),
    is_standard=with_numbers("epsilon", least=0),
    precision=FULL,
)
@in_float32
def rms_norm(x: Any, gamma: Any, /, *, epsilon: float = 1e-5) -> Any:
    """x / sqrt(mean(x * x) + epsilon) * gamma, over the last axis.

    x: [..., C], gamma: [C] (Zhang and Sennrich 2019, arXiv:1910.07467). Result: x's shape, in the
    common dtype. As ONNX's RMSNormalization.

    >>> from isthmus import np, npx
    >>> npx.rms_norm(np.asarray([[3.0, 3.0], [2.0, -2.0]]), np.ones(2), epsilon=0.0)
    array([[ 1.,  1.],
           [ 1., -1.]])
    """
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon) * gamma
