"""Normalisation of each example by itself: over groups of its channels, or over each of them."""

from __future__ import annotations

from typing import Any

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.operator import FULL
from isthmus.np.staged_sums import added_over_examples
from isthmus.trace.op import composite

from .precision import in_float32
from .standard import numbers, with_numbers

__all__ = [
    "group_norm",
    "instance_norm",
]


@composite(settled=numbers("epsilon"), precision=FULL)
@in_float32
def group_norm(x: Any, gamma: Any, beta: Any, /, *, groups: int = 1, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(var + epsilon) * gamma + beta, over each of the groups of channels.

    x: [N, C, ...], gamma and beta: [C] (Wu and He 2018, arXiv:1803.08494). Result: x's shape, in
    the common dtype. Raises UsageError for an x of one axis, DimensionError where the groups do not
    divide the channels. As ONNX's GroupNormalization of opset 21.

    >>> import numpy
    >>> from isthmus import npx
    >>> x = numpy.array([[[1.0], [3.0], [2.0], [8.0]]])
    >>> npx.group_norm(x, numpy.ones(4), numpy.zeros(4), groups=2, epsilon=0.0)[0, :, 0]
    array([-1.,  1., -1.,  1.])
    """
    if x.ndim < 2:
        raise UsageError(f"npx.group_norm of x with {x.ndim} axes; give [N, C, ...]")
    channels = x.shape[1]
    if groups < 1 or (not isinstance(channels, Dim) and channels % groups):
        raise DimensionError(
            f"{channels} channels in {groups} groups; give a number that divides them"
        )
    parts = np.reshape(x, (x.shape[0], groups, -1))
    return _scaled(np.reshape(_normalized(parts, (2,), epsilon), x.shape), gamma, beta)


@composite(
    adds=added_over_examples,
    settled=numbers("epsilon"),
    is_standard=with_numbers("epsilon", least=0),
    precision=FULL,
)
@in_float32
def instance_norm(x: Any, gamma: Any, beta: Any, /, *, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(var + epsilon) * gamma + beta, over each channel of each example.

    x: [N, C, ...], gamma and beta: [C] (Ulyanov et al. 2016, arXiv:1607.08022). Result: x's shape,
    in the common dtype. Raises UsageError for an x of fewer than three axes. As ONNX's
    InstanceNormalization.

    >>> import numpy
    >>> from isthmus import npx
    >>> x = numpy.array([[[1.0, 3.0], [2.0, 8.0]]])
    >>> npx.instance_norm(x, numpy.ones(2), numpy.zeros(2), epsilon=0.0)
    array([[[-1.,  1.],
            [-1.,  1.]]])
    """
    if x.ndim < 3:
        raise UsageError(f"npx.instance_norm of x with {x.ndim} axes; give [N, C, ...]")
    return _scaled(_normalized(x, tuple(range(2, x.ndim)), epsilon), gamma, beta)


def _normalized(x: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    centred = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(centred * centred, axis=axes, keepdims=True)
    return centred / np.sqrt(variance + epsilon)


def _scaled(x: Any, gamma: Any, beta: Any) -> Any:
    lines = (-1,) + (1,) * (x.ndim - 2)
    return x * np.reshape(gamma, lines) + np.reshape(beta, lines)
