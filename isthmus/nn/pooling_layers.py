"""Pooling over windows along one, two and three axes."""

from __future__ import annotations

from typing import Any, ClassVar

from isthmus import npx

from .block import Block
from .spelling import check_rest, either, with_axes, without_layout

__all__ = ["AvgPool1D", "AvgPool2D", "AvgPool3D", "MaxPool1D", "MaxPool2D", "MaxPool3D"]


class MaxPool(Block):
    """What max pooling along any number of axes has in common; see `MaxPool2D`."""

    axes: ClassVar[int]

    def __init__(
        self,
        window: Any = None,
        strides: Any = None,
        padding: Any = 0,
        *,
        pool_size: Any = None,
        **rest: Any,
    ) -> None:
        check_rest(self, without_layout(rest, self.axes))
        called = f"nn.{type(self).__name__}: window, pool_size"
        window = either(called, window, pool_size)
        self.options = {
            "window": (2,) * self.axes if window is None else window,
            "strides": strides,
            "padding": padding,
        }

    def forward(self, x: Any) -> Any:
        return npx.max_pool(with_axes(self, x, self.axes), **self.options)


class AvgPool(Block):
    """What average pooling along any number of axes has in common; see `AvgPool2D`."""

    axes: ClassVar[int]

    def __init__(
        self,
        window: Any = None,
        strides: Any = None,
        padding: Any = 0,
        *,
        count_include_pad: bool = True,
        pool_size: Any = None,
        **rest: Any,
    ) -> None:
        check_rest(self, without_layout(rest, self.axes))
        called = f"nn.{type(self).__name__}: window, pool_size"
        window = either(called, window, pool_size)
        self.options = {
            "window": (2,) * self.axes if window is None else window,
            "strides": strides,
            "padding": padding,
            "count_padding": count_include_pad,
        }

    def forward(self, x: Any) -> Any:
        return npx.average_pool(with_axes(self, x, self.axes), **self.options)


class AvgPool1D(AvgPool):
    """The mean of each window; see `npx.average_pool`.

    x: [N, C, W] -> [N, C, W']. window, strides and padding: a number, or (width,); all else is as
    of `AvgPool2D`.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.AvgPool1D(2)(numpy.arange(4.0).reshape(1, 1, 4))
    array([[[0.5, 2.5]]])
    """

    axes = 1


class AvgPool2D(AvgPool):
    """The mean of each window; see `npx.average_pool`.

    x: [N, C, H, W] -> [N, C, H', W']. window, strides, padding and pool_size are as of `MaxPool2D`;
    count_include_pad tells whether padded zeros are counted.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.AvgPool2D(2)(numpy.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

    axes = 2


class AvgPool3D(AvgPool):
    """The mean of each window; see `npx.average_pool`.

    x: [N, C, D, H, W] -> [N, C, D', H', W']. window, strides and padding: a number, or (depth,
    height, width); all else is as of `AvgPool2D`.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.AvgPool3D(2)(numpy.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[3.5]]]]])
    """

    axes = 3


class MaxPool1D(MaxPool):
    """The largest element of each window; see `npx.max_pool`.

    x: [N, C, W] -> [N, C, W']. window, strides and padding: a number, or (width,); all else is as
    of `MaxPool2D`.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.MaxPool1D(2)(numpy.arange(4.0).reshape(1, 1, 4))
    array([[[1., 3.]]])
    """

    axes = 1


class MaxPool2D(MaxPool):
    """The largest element of each window; see `npx.max_pool`.

    x: [N, C, H, W] -> [N, C, H', W']. window, strides, padding: a number of pixels, or
    (height, width); strides are the window's unless given. pool_size: Gluon's name of window.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.MaxPool2D(2)(numpy.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    axes = 2


class MaxPool3D(MaxPool):
    """The largest element of each window; see `npx.max_pool`.

    x: [N, C, D, H, W] -> [N, C, D', H', W']. window, strides and padding: a number, or (depth,
    height, width); all else is as of `MaxPool2D`.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.MaxPool3D(2)(numpy.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    axes = 3
