"""Normalisation by statistics that were learnt, or of each row."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import npx
from isthmus.errors import UsageError

from .block import Block
from .parameter import Parameter, ones, zeros
from .spelling import check_rest, either

__all__ = ["BatchNorm", "LayerNorm"]


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
        self.weight = Parameter((channels,), ones) if scale else None
        self.bias = Parameter((channels,), zeros) if center else None
        self.running_mean = Parameter((channels,), zeros)
        self.running_var = Parameter((channels,), ones)
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        shape = self.running_mean.shape if len(x.shape) < 2 else x.shape[1:2]
        weight, bias = values(self.weight, shape, 1), values(self.bias, shape, 0)
        mean, var = values(self.running_mean, shape, 0), values(self.running_var, shape, 1)
        return npx.batch_norm(x, weight, bias, mean, var, epsilon=self.epsilon)


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
        shape = x.shape[-1:]
        weight, bias = values(self.weight, shape, 1), values(self.bias, shape, 0)
        return npx.layer_norm(x, weight, bias, epsilon=self.epsilon)


def values(parameter: Parameter | None, shape: Any, otherwise: float) -> Any:
    """A parameter's elements; where it is left out, the one number that changes nothing."""
    if parameter is None:
        return numpy.full(shape, otherwise, numpy.float32)
    parameter.settle(shape)
    return parameter.data()
