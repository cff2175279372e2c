"""The convolution of images."""

from __future__ import annotations

from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.windows import pair

from .activation_layer import Activation
from .block import Block
from .parameter import Parameter, he, zeros
from .spelling import check_rest, either, wanted

__all__ = ["Conv2D"]


class Conv2D(Block):
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
        check_rest(self, rest)
        as_gluon = kernel is None
        if as_gluon and kernel_size is None:
            inputs, kernel = None, inputs
        size = pair(wanted("nn.Conv2D: kernel, kernel_size", kernel, kernel_size), "kernel")
        if isinstance(inputs, tuple | list):
            raise UsageError(f"nn.Conv2D: inputs={inputs!r}; write kernel_size= and strides=")
        inputs = either("nn.Conv2D: inputs, in_channels", inputs, in_channels or None)
        has_bias = either("nn.Conv2D: bias, use_bias", bias, use_bias)
        self.channels = channels
        self.window = size
        self.options = {
            "strides": strides,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
        }
        self.weight = Parameter((channels, None, *size), he)
        if inputs is not None:
            self.weight.settle(self._shape(inputs))
        self.bias = (
            Parameter((channels,), zeros) if (has_bias or (has_bias is None and as_gluon)) else None
        )
        self.activation = None if activation is None else Activation(activation)

    def _shape(self, inputs: Any) -> tuple[Any, ...]:
        """The weight's, for a number of inputs."""
        groups = self.options["groups"]
        if isinstance(inputs, int) and (groups < 1 or inputs % groups):
            raise UsageError(f"nn.Conv2D: {inputs} inputs do not divide into {groups} groups")
        return (self.channels, inputs // groups, *self.window)

    def forward(self, x: Any) -> Any:
        if len(x.shape) != 4:
            raise UsageError(f"nn.Conv2D of x with {len(x.shape)} axes; give images [N, C, H, W]")
        if None in self.weight.shape:
            self.weight.settle(self._shape(x.shape[1]))
        y = npx.convolution(x, self.weight.data(), **self.options)
        y = y if self.bias is None else y + np.reshape(self.bias.data(), (-1, 1, 1))
        return y if self.activation is None else self.activation(y)
