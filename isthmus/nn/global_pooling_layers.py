"""Pooling over all that follows the channels."""

from __future__ import annotations

from typing import Any, ClassVar

from isthmus import np, npx

from .block import Block
from .spelling import check_rest, with_axes, without_layout

__all__ = [
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
]


class GlobalPool(Block):
    """What both kinds have in common, along any number of axes."""

    axes: ClassVar[int]

    def __init__(self, **rest: Any) -> None:
        check_rest(self, without_layout(rest, self.axes))


class GlobalAvgPool(GlobalPool):
    """The mean over all axes after the channels."""

    def forward(self, x: Any) -> Any:
        return npx.global_average_pool(with_axes(self, x, self.axes))


class GlobalMaxPool(GlobalPool):
    """The largest element over all axes after the channels."""

    def forward(self, x: Any) -> Any:
        x = with_axes(self, x, self.axes)
        return np.max(x, axis=tuple(range(2, x.ndim)), keepdims=True)


class GlobalAvgPool1D(GlobalAvgPool):
    """The mean over W.

    x: [N, C, W] -> [N, C, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalAvgPool1D()(numpy.arange(4.0).reshape(1, 1, 4))
    array([[[1.5]]])
    """

    axes = 1


class GlobalAvgPool2D(GlobalAvgPool):
    """The mean over H and W.

    x: [N, C, H, W] -> [N, C, 1, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalAvgPool2D()(numpy.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

    axes = 2


class GlobalAvgPool3D(GlobalAvgPool):
    """The mean over D, H and W.

    x: [N, C, D, H, W] -> [N, C, 1, 1, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalAvgPool3D()(numpy.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[3.5]]]]])
    """

    axes = 3


class GlobalMaxPool1D(GlobalMaxPool):
    """The largest element over W.

    x: [N, C, W] -> [N, C, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalMaxPool1D()(numpy.arange(4.0).reshape(1, 1, 4))
    array([[[3.]]])
    """

    axes = 1


class GlobalMaxPool2D(GlobalMaxPool):
    """The largest element over H and W.

    x: [N, C, H, W] -> [N, C, 1, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalMaxPool2D()(numpy.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[3.]]]])
    """

    axes = 2


class GlobalMaxPool3D(GlobalMaxPool):
    """The largest element over D, H and W.

    x: [N, C, D, H, W] -> [N, C, 1, 1, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalMaxPool3D()(numpy.arange(8.0).reshape(1, 1, 2, 2, 2))
    array([[[[[7.]]]]])
    """

    axes = 3
