"""Pooling over windows of images, and over whole ones."""

from __future__ import annotations

from typing import Any

from isthmus import np, npx

from .block import Block
from .spelling import check_rest, either

__all__ = ["AvgPool2D", "GlobalAvgPool2D", "GlobalMaxPool2D", "MaxPool2D"]


class MaxPool2D(Block):
    """The largest element of each window; see `npx.max_pool`.

    x: [N, C, H, W] -> [N, C, H', W']. window, strides, padding: a number of pixels, or
    (height, width); strides are the window's unless given. pool_size: Gluon's name of window.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.MaxPool2D(2)(numpy.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    def __init__(
        self,
        window: Any = None,
        strides: Any = None,
        padding: Any = 0,
        *,
        pool_size: Any = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        window = either("nn.MaxPool2D: window, pool_size", window, pool_size)
        self.options = {
            "window": 2 if window is None else window,
            "strides": strides,
            "padding": padding,
        }

    def forward(self, x: Any) -> Any:
        return npx.max_pool(x, **self.options)


class AvgPool2D(Block):
    """The mean of each window; see `npx.average_pool`.

    x: [N, C, H, W] -> [N, C, H', W']. window, strides, padding and pool_size are as of `MaxPool2D`;
    count_include_pad tells whether padded zeros are counted.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.AvgPool2D(2)(numpy.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

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
        check_rest(self, rest)
        window = either("nn.AvgPool2D: window, pool_size", window, pool_size)
        self.options = {
            "window": 2 if window is None else window,
            "strides": strides,
            "padding": padding,
            "count_padding": count_include_pad,
        }

    def forward(self, x: Any) -> Any:
        return npx.average_pool(x, **self.options)


class GlobalAvgPool2D(Block):
    """The mean over H and W.

    x: [N, C, H, W] -> [N, C, 1, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalAvgPool2D()(numpy.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

    def __init__(self, **rest: Any) -> None:
        check_rest(self, rest)

    def forward(self, x: Any) -> Any:
        return npx.global_average_pool(x)


class GlobalMaxPool2D(Block):
    """The largest element over H and W.

    x: [N, C, H, W] -> [N, C, 1, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalMaxPool2D()(numpy.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[3.]]]])
    """

    def __init__(self, **rest: Any) -> None:
        check_rest(self, rest)

    def forward(self, x: Any) -> Any:
        return np.max(x, axis=(2, 3), keepdims=True)
