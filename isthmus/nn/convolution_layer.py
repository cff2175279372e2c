"""Convolutions along one, two and three axes."""

from __future__ import annotations

from typing import Any, ClassVar

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.windows import along

from .activation_layer import Activation
from .block import Block, as_array
from .parameter import Parameter, he, zeros
from .spelling import check_rest, either, wanted, with_axes, without_layout

__all__ = ["Conv1D", "Conv2D", "Conv3D", "Convolution"]


class Convolution(Block):
    """What convolutions along any number of axes have in common; see `Conv2D`."""

    axes: ClassVar[int]

    def __init__(
        self,
        channels: int,
        inputs: Any = None,
        kernel: Any = None,
        *,
        strides: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool | None = None,
        activation: str | None = None,
        kernel_size: Any = None,
        in_channels: int | None = None,
        use_bias: bool | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, without_layout(rest, self.axes))
        called = f"nn.{type(self).__name__}"
        as_gluon = kernel is None
        if as_gluon and kernel_size is None:
            inputs, kernel = None, inputs
        size = wanted(f"{called}: kernel, kernel_size", kernel, kernel_size)
        if isinstance(inputs, tuple | list):
            raise UsageError(f"{called}: inputs={inputs!r}; write kernel_size= and strides=")
        inputs = either(f"{called}: inputs, in_channels", inputs, in_channels or None)
        has_bias = either(f"{called}: bias, use_bias", bias, use_bias)
        self.channels = channels
        self.window = along(size, "kernel", self.axes)
        self.options = {
            "strides": strides,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
        }
        self.weight = Parameter(self._shape(None), he)
        if inputs is not None:
            self.weight.settle(self._shape(inputs))
        self.bias = (
            Parameter((channels,), zeros) if (has_bias or (has_bias is None and as_gluon)) else None
        )
        self.activation = None if activation is None else Activation(activation)

    def _shape(self, inputs: Any) -> tuple[Any, ...]:
        """The weight's, for a number of inputs, or where that is not known yet."""
        if inputs is None:
            return (self.channels, None, *self.window)
        groups = self._checked_groups(inputs, "inputs")
        return (self.channels, inputs // groups, *self.window)

    def _checked_groups(self, count: Any, what: str) -> int:
        groups: int = self.options["groups"]
        if isinstance(count, int) and (groups < 1 or count % groups):
            called = f"nn.{type(self).__name__}"
            raise UsageError(f"{called}: {count} {what} do not divide into {groups} groups")
        return groups

    def forward(self, x: Any) -> Any:
        x = with_axes(self, as_array(x), self.axes)
        if None in self.weight.shape:
            self.weight.settle(self._shape(x.shape[1]))
        y = self._computed(x, self.weight.data())
        if self.bias is not None:
            y = y + np.reshape(self.bias.data(), (-1, *(1 for _ in self.window)))
        return y if self.activation is None else self.activation(y)

    def _computed(self, x: Any, weight: Any) -> Any:
        return npx.convolution(x, weight, **self.options)


class Conv1D(Convolution):
    """The sum over channels and window of x * weight, at each place; see `npx.convolution`.

    x: [N, inputs, W] -> [N, channels, W'], float32. weight: [channels, inputs / groups, w]. kernel,
    strides, padding, dilation: a number, or (width,); padding also ((left, right),). All else is as
    of `Conv2D`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Conv1D(8, 3, kernel=5, dilation=2)
    >>> net.initialize(seed=0)
    >>> net(numpy.zeros((1, 3, 100), numpy.float32)).shape
    (1, 8, 92)
    """

    axes = 1


class Conv2D(Convolution):
    """The sum over channels and window of x * weight, at each place; see `npx.convolution`.

    x: [N, inputs, H, W] -> [N, channels, H', W'], float32. weight: [channels, inputs / groups, h,
    w], normal with deviation sqrt(2 / its inputs) until it is set (arXiv:1502.01852).
    kernel, strides, padding, dilation: a number of pixels, or (height, width). activation: one of
    `ACTIVATIONS`, after the bias, which bias=True adds.

    As in Gluon: Conv2D(channels, kernel), or kernel_size=, takes the inputs of the first call
    unless in_channels says them, and has a bias unless use_bias is False.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Conv2D(8, 3, kernel=3, strides=2, padding=1)
    >>> net.initialize(seed=0)
    >>> net(numpy.zeros((1, 3, 224, 224), numpy.float32)).shape
    (1, 8, 112, 112)
    """

    axes = 2


class Conv3D(Convolution):
    """The sum over channels and window of x * weight, at each place; see `npx.convolution`.

    x: [N, inputs, D, H, W] -> [N, channels, D', H', W'], float32. weight: [channels, inputs /
    groups, d, h, w]. kernel, strides, padding, dilation: a number, or (depth, height, width). All
    else is as of `Conv2D`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Conv3D(8, 3, kernel=3, strides=(1, 2, 2), padding=1)
    >>> net.initialize(seed=0)
    >>> net(numpy.zeros((1, 3, 4, 16, 16), numpy.float32)).shape
    (1, 8, 4, 8, 8)
    """

    axes = 3
