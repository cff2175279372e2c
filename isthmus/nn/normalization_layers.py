"""Normalisation by statistics that were learnt, or of each row."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError

from .block import Block, as_array
from .parameter import Parameter, ones, zeros
from .spelling import check_rest, either

__all__ = ["BatchNorm", "LayerNorm"]

HALF = numpy.dtype(numpy.float16)


class BatchNorm(Block):
    """(x - running_mean) / sqrt(running_var + epsilon) * weight + bias, by channel.

    x: [N, channels, ...], float32; the parameters are [channels]. Statistics are those that were
    learnt: inference changes none (Ioffe and Szegedy 2015, arXiv:1502.03167). channels: those of
    the first call where they are left out; in_channels is Gluon's name. scale=False leaves out the
    weight, center=False the bias.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.BatchNorm(2, epsilon=0)
    >>> net.initialize()
    >>> net.running_mean.set([1, 2])
    >>> net(numpy.array([[[1.0], [5.0]]], numpy.float32))
    array([[[0.],
            [3.]]], dtype=float32)
    """

    def __init__(
        self,
        channels: int | None = None,
        epsilon: float = 1e-5,
        *,
        axis: int = 1,
        center: bool = True,
        scale: bool = True,
        in_channels: int | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        if axis != 1:
            raise UsageError(f"nn.BatchNorm: axis={axis!r}: channels are axis 1; transpose x")
        channels = either("nn.BatchNorm: channels, in_channels", channels, in_channels or None)
        self.weight = Parameter((channels,), ones, wide=True) if scale else None
        self.bias = Parameter((channels,), zeros, wide=True) if center else None
        self.running_mean = Parameter((channels,), zeros, wide=True)
        self.running_var = Parameter((channels,), ones, wide=True)
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        if x.ndim < 2:
            raise UsageError(f"nn.BatchNorm of x with {x.ndim} axes; give [N, channels, ...]")
        mean, var = values(self.running_mean, x, 1, 0), values(self.running_var, x, 1, 1)
        weight, bias = values(self.weight, x, 1, 1), values(self.bias, x, 1, 0)
        y = npx.batch_norm(x, weight, bias, mean, var, epsilon=self.epsilon)
        is_half = self.running_mean.is_half and x.dtype.newbyteorder("=") == HALF
        return np.astype(y, HALF) if is_half else y


class LayerNorm(Block):
    """(x - mean) / sqrt(var + epsilon) * weight + bias, over the last axis.

    x: [..., channels], float32; weight and bias are [channels] (Ba et al. 2016, arXiv:1607.06450).
    channels, in_channels, scale and center are as of `BatchNorm`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.LayerNorm(2, epsilon=0)
    >>> net.initialize()
    >>> net(numpy.array([[1.0, 3.0]], numpy.float32))
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        channels: int | None = None,
        epsilon: float = 1e-5,
        *,
        axis: int = -1,
        center: bool = True,
        scale: bool = True,
        in_channels: int | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        if axis != -1:
            raise UsageError(f"nn.LayerNorm: axis={axis!r}: it is over the last axis; transpose x")
        channels = either("nn.LayerNorm: channels, in_channels", channels, in_channels or None)
        self.weight = Parameter((channels,), ones) if scale else None
        self.bias = Parameter((channels,), zeros) if center else None
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        weight, bias = values(self.weight, x, -1, 1), values(self.bias, x, -1, 0)
        return npx.layer_norm(x, weight, bias, epsilon=self.epsilon)


def values(parameter: Parameter | None, x: Any, axis: int, otherwise: float) -> Any:
    """A parameter's elements, one for each along an axis of x; where it is left out, the one number
    that changes nothing, of x's dtype where that is a float."""
    size = x.shape[axis]
    if parameter is None:
        dtype = x.dtype.newbyteorder("=") if x.dtype.kind == "f" else numpy.float32
        return np.full((size,), otherwise, dtype=dtype)
    parameter.settle((size,))
    return parameter.data()
