"""The activation whose slope is learnt."""

from __future__ import annotations

from typing import Any

import numpy

from isthmus import np
from isthmus.errors import UsageError

from .block import Block, as_array
from .parameter import Parameter
from .spelling import check_rest, either

__all__ = ["PReLU"]

START = 0.25


def quarter(_: Any, shape: tuple[int, ...]) -> Any:
    """What He et al. begin with."""
    return numpy.full(shape, START, numpy.float32)


class PReLU(Block):
    """x above 0, slope * x below (He et al. 2015, arXiv:1502.01852).

    x: any shape, float32; slope: [1], or [channels] of x [N, channels, ...]. in_channels is Gluon's
    name of channels. The slope starts as 0.25.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.PReLU()
    >>> net.initialize()
    >>> net(numpy.array([-2.0, 3.0], numpy.float32))
    array([-0.5,  3. ], dtype=float32)
    """

    def __init__(
        self, channels: int | None = None, *, in_channels: int | None = None, **rest: Any
    ) -> None:
        check_rest(self, rest)
        channels = either("nn.PReLU: channels, in_channels", channels, in_channels)
        self.channels = 1 if channels is None else channels
        self.weight = Parameter((self.channels,), quarter)

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        if self.channels > 1 and x.ndim < 2:
            raise UsageError(f"nn.PReLU of x with {x.ndim} axes; give [N, channels, ...]")
        slope = self.weight.data()
        if self.channels > 1:
            slope = np.reshape(slope, (-1, *(1,) * (x.ndim - 2)))
        return np.where(x > 0, x, slope * x)
