"""Layers that pass on what they are given, in another shape or as it is."""

from __future__ import annotations

from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError

from .block import Block, as_array
from .spelling import check_rest

__all__ = ["Dropout", "Flatten", "Identity", "PixelShuffle2D"]


class Flatten(Block):
    """x with all axes but the first made one.

    x: [N, ...] -> [N, all the rest].

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Flatten()(numpy.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, **rest: Any) -> None:
        check_rest(self, rest)

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        return np.reshape(x, (x.shape[0], -1))


class Dropout(Block):
    """x itself: at inference nothing is dropped. Keeps the places of published networks.

    x: any shape. rate, axes: of training, as in Gluon. Raises UsageError for a rate that is none.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Dropout()(numpy.array([1.0, 2.0]))
    array([1., 2.])
    """

    def __init__(self, rate: float = 0.5, axes: Any = (), **rest: Any) -> None:
        check_rest(self, rest)
        if not 0 <= rate < 1:
            raise UsageError(f"nn.Dropout: rate={rate!r}; give a number from 0, below 1")
        self.rate = rate

    def forward(self, x: Any) -> Any:
        return x


class Identity(Block):
    """x itself, where a network has a place for a layer and none is there.

    x: any shape.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Identity()(numpy.array([1.0, 2.0]))
    array([1., 2.])
    """

    def __init__(self, **rest: Any) -> None:
        check_rest(self, rest)

    def forward(self, x: Any) -> Any:
        return x


class PixelShuffle2D(Block):
    """y[n, c, h b + i, w b + j] = x[n, (c b + i) b + j, h, w]: channels become places, as Gluon's.

    x: [N, C b b, H, W] -> [N, C, H b, W b]. factor: b. Raises UsageError for a factor below 1.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.PixelShuffle2D(2)(numpy.zeros((1, 12, 4, 5))).shape
    (1, 3, 8, 10)
    """

    def __init__(self, factor: int, **rest: Any) -> None:
        check_rest(self, rest)
        if type(factor) is not int or factor < 1:
            raise UsageError(f"nn.PixelShuffle2D: factor={factor!r}; give a whole number from 1")
        self.factor = factor

    def forward(self, x: Any) -> Any:
        return npx.depth_to_space(as_array(x), self.factor, mode="CRD")
