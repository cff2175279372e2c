"""Normalisation of each example by itself: over groups of channels, each channel, or each row."""

from __future__ import annotations

from typing import Any

from isthmus import npx
from isthmus.errors import UsageError

from .block import Block, as_array
from .normalization_layers import values
from .parameter import Parameter, ones, zeros
from .spelling import check_rest, either

__all__ = ["GroupNorm", "InstanceNorm", "RMSNorm"]


class GroupNorm(Block):
    """(x - mean) / sqrt(var + epsilon) * weight + bias, over each of `groups` groups of channels.

    x: [N, channels, ...], float32; weight and bias are [channels] (Wu and He 2018,
    arXiv:1803.08494). num_groups is Gluon's name of groups; channels, in_channels, scale and center
    are as of `BatchNorm`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.GroupNorm(2, epsilon=0)
    >>> net.initialize()
    >>> net(numpy.array([[[1.0], [3.0], [2.0], [8.0]]], numpy.float32))[0, :, 0]
    array([-1.,  1., -1.,  1.], dtype=float32)
    """

    def __init__(
        self,
        groups: int | None = None,
        channels: int | None = None,
        epsilon: float = 1e-5,
        *,
        center: bool = True,
        scale: bool = True,
        num_groups: int | None = None,
        in_channels: int | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        groups = either("nn.GroupNorm: groups, num_groups", groups, num_groups)
        channels = either("nn.GroupNorm: channels, in_channels", channels, in_channels or None)
        self.groups = 1 if groups is None else groups
        self.weight = Parameter((channels,), ones) if scale else None
        self.bias = Parameter((channels,), zeros) if center else None
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        if x.ndim < 2:
            raise UsageError(f"nn.GroupNorm of x with {x.ndim} axes; give [N, channels, ...]")
        weight, bias = values(self.weight, x, 1, 1), values(self.bias, x, 1, 0)
        return npx.group_norm(x, weight, bias, groups=self.groups, epsilon=self.epsilon)


class InstanceNorm(Block):
    """(x - mean) / sqrt(var + epsilon) * weight + bias, over each channel of each example.

    x: [N, channels, ...] with three axes or more, float32; weight and bias are [channels] (Ulyanov
    et al. 2016, arXiv:1607.08022). The weight is there if scale=True, which Gluon's layer asks for
    as well; channels, in_channels and center are as of `BatchNorm`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.InstanceNorm(1, epsilon=0)
    >>> net.initialize()
    >>> net(numpy.array([[[1.0, 3.0]]], numpy.float32))
    array([[[-1.,  1.]]], dtype=float32)
    """

    def __init__(
        self,
        channels: int | None = None,
        epsilon: float = 1e-5,
        *,
        axis: int = 1,
        center: bool = True,
        scale: bool = False,
        in_channels: int | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        if axis != 1:
            raise UsageError(f"nn.InstanceNorm: axis={axis!r}: channels are axis 1; transpose x")
        channels = either("nn.InstanceNorm: channels, in_channels", channels, in_channels or None)
        self.weight = Parameter((channels,), ones) if scale else None
        self.bias = Parameter((channels,), zeros) if center else None
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        if x.ndim < 3:
            raise UsageError(f"nn.InstanceNorm of x with {x.ndim} axes; give [N, channels, ...]")
        weight, bias = values(self.weight, x, 1, 1), values(self.bias, x, 1, 0)
        return npx.instance_norm(x, weight, bias, epsilon=self.epsilon)


class RMSNorm(Block):
    """x / sqrt(mean(x * x) + epsilon) * weight, over the last axis.

    x: [..., channels], float32; weight is [channels] (Zhang and Sennrich 2019, arXiv:1910.07467).
    channels, in_channels and scale are as of `BatchNorm`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.RMSNorm(2, epsilon=0)
    >>> net.initialize()
    >>> net(numpy.array([[2.0, -2.0]], numpy.float32))
    array([[ 1., -1.]], dtype=float32)
    """

    def __init__(
        self,
        channels: int | None = None,
        epsilon: float = 1e-5,
        *,
        axis: int = -1,
        scale: bool = True,
        in_channels: int | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        if axis != -1:
            raise UsageError(f"nn.RMSNorm: axis={axis!r}: it is over the last axis; transpose x")
        channels = either("nn.RMSNorm: channels, in_channels", channels, in_channels or None)
        self.weight = Parameter((channels,), ones) if scale else None
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        return npx.rms_norm(x, values(self.weight, x, -1, 1), epsilon=self.epsilon)
