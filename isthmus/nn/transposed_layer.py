"""Transposed convolutions, which make lines, images and volumes larger."""

from __future__ import annotations

from typing import Any

from isthmus import npx

from .convolution_layer import Convolution

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"]


class TransposedConvolution(Convolution):
    """What transposed convolutions along any number of axes have in common."""

    def __init__(
        self,
        channels: int,
        inputs: Any = None,
        kernel: Any = None,
        *,
        output_padding: Any = 0,
        **options: Any,
    ) -> None:
        super().__init__(channels, inputs, kernel, **options)
        self.options["output_padding"] = output_padding

    def _shape(self, inputs: Any) -> tuple[Any, ...]:
        """[inputs, channels / groups, ...]; published weights are so too."""
        groups = self._checked_groups(self.channels, "channels")
        if inputs is not None:
            self._checked_groups(inputs, "inputs")
        return (inputs, self.channels // groups, *self.window)

    def _computed(self, x: Any, weight: Any) -> Any:
        return npx.conv_transpose(x, weight, **self.options)


class Conv1DTranspose(TransposedConvolution):
    """Each element times weight, added up where windows overlap; see `npx.conv_transpose`.

    x: [N, inputs, W] -> [N, channels, W'], float32. weight: [inputs, channels / groups, w]. kernel,
    strides, padding, output_padding, dilation: a number, or (width,). All else is as of
    `Conv2DTranspose`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Conv1DTranspose(8, 3, kernel=4, strides=2, padding=1)
    >>> net.initialize(seed=0)
    >>> net(numpy.zeros((1, 3, 50), numpy.float32)).shape
    (1, 8, 100)
    """

    axes = 1


class Conv2DTranspose(TransposedConvolution):
    """Each element times weight, added up where windows overlap; see `npx.conv_transpose`.

    x: [N, inputs, H, W] -> [N, channels, H', W'], float32, H' = (H - 1) * stride + (h - 1) *
    dilation + 1 - padding + output_padding. weight: [inputs, channels / groups, h, w], normal with
    deviation sqrt(2 / (channels / groups * h * w)) until it is set. kernel, strides, padding,
    output_padding, dilation: a number of pixels, or (height, width). Bias, activation and Gluon's
    spellings are as of `Conv2D`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Conv2DTranspose(8, 3, kernel=4, strides=2, padding=1)
    >>> net.initialize(seed=0)
    >>> net(numpy.zeros((1, 3, 28, 28), numpy.float32)).shape
    (1, 8, 56, 56)
    """

    axes = 2


class Conv3DTranspose(TransposedConvolution):
    """Each element times weight, added up where windows overlap; see `npx.conv_transpose`.

    x: [N, inputs, D, H, W] -> [N, channels, D', H', W'], float32. weight: [inputs, channels /
    groups, d, h, w]. kernel, strides, padding, output_padding, dilation: a number, or (depth,
    height, width). All else is as of `Conv2DTranspose`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Conv3DTranspose(8, 3, kernel=2, strides=2)
    >>> net.initialize(seed=0)
    >>> net(numpy.zeros((1, 3, 4, 8, 8), numpy.float32)).shape
    (1, 8, 8, 16, 16)
    """

    axes = 3
