"""Layers. Parameters are named as published checkpoints name them: weight, bias, running_mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.npx.windows import pair

from .block import Block
from .parameter import Parameter, he, normal, ones, zeros

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool2D",
    "Identity",
    "LayerNorm",
    "MaxPool2D",
]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "elu": npx.elu,
    "gelu": npx.gelu,
    "gelu_tanh": lambda x: npx.gelu(x, approximate=True),
    "hard_sigmoid": npx.hard_sigmoid,
    "hard_swish": npx.hard_swish,
    "relu": npx.relu,
    "relu6": npx.relu6,
    "sigmoid": npx.sigmoid,
    "silu": npx.silu,
    "tanh": np.tanh,
}


class Activation(Block):
    """One of `ACTIVATIONS`, by name, element by element.

    x: any shape, float. Raises UsageError for an unknown name.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Activation("relu")(numpy.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __init__(self, name: str) -> None:
        if name not in ACTIVATIONS:
            raise UsageError(f"no activation '{name}'; there are {', '.join(ACTIVATIONS)}")
        self.name = name

    def forward(self, x: Any) -> Any:
        return ACTIVATIONS[self.name](x)


class Dense(Block):
    """x @ weight.T + bias

    x: [..., inputs] -> [..., units], float32. weight: [units, inputs], normal with deviation 0.02
    until it is set. bias: [units], zeros; bias=False leaves it out.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Dense(2, 3)
    >>> net.set_parameters({"weight": numpy.ones((2, 3)), "bias": numpy.array([0, 1])})
    >>> net(numpy.array([[1, 2, 3]], numpy.float32))
    array([[6., 7.]], dtype=float32)
    """

    def __init__(self, units: int, inputs: int, bias: bool = True) -> None:
        self.weight = Parameter((units, inputs), normal(0.02))
        self.bias = Parameter((units,), zeros) if bias else None

    def forward(self, x: Any) -> Any:
        bias = None if self.bias is None else self.bias.data()
        return npx.fully_connected(x, self.weight.data(), bias)


class Conv2D(Block):
    """The sum over channels and window of x * weight, at each place; see `npx.convolution`.

    x: [N, inputs, H, W] -> [N, channels, H', W'], float32. weight: [channels, inputs / groups, h,
    w], normal with deviation sqrt(2 / its inputs) until it is set (arXiv:1502.01852).
    kernel, strides, padding: a number of pixels, or (height, width).

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
        inputs: int,
        kernel: Any,
        *,
        strides: Any = 1,
        padding: Any = 0,
        groups: int = 1,
        bias: bool = False,
    ) -> None:
        self.weight = Parameter((channels, inputs // groups, *pair(kernel, "kernel")), he)
        self.bias = Parameter((channels,), zeros) if bias else None
        self.options = {"strides": strides, "padding": padding, "groups": groups}

    def forward(self, x: Any) -> Any:
        y = npx.convolution(x, self.weight.data(), **self.options)
        return y if self.bias is None else y + np.reshape(self.bias.data(), (-1, 1, 1))


class BatchNorm(Block):
    """(x - running_mean) / sqrt(running_var + epsilon) * weight + bias, by channel.

    x: [N, channels, ...], float32; the parameters are [channels]. Statistics are those that were
    learnt: inference changes none (Ioffe and Szegedy 2015, arXiv:1502.03167).

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.BatchNorm(2, epsilon=0)
    >>> net.initialize()
    >>> net.running_mean.set([1, 2])
    >>> net(numpy.array([[[1.0], [5.0]]], numpy.float32))
    array([[[0.],
            [3.]]], dtype=float32)
    """

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        self.weight = Parameter((channels,), ones)
        self.bias = Parameter((channels,), zeros)
        self.running_mean = Parameter((channels,), zeros)
        self.running_var = Parameter((channels,), ones)
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        statistics = (self.weight, self.bias, self.running_mean, self.running_var)
        return npx.batch_norm(x, *(p.data() for p in statistics), epsilon=self.epsilon)


class LayerNorm(Block):
    """(x - mean) / sqrt(var + epsilon) * weight + bias, over the last axis.

    x: [..., channels], float32; weight and bias are [channels] (Ba et al. 2016, arXiv:1607.06450).

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.LayerNorm(2, epsilon=0)
    >>> net.initialize()
    >>> net(numpy.array([[1.0, 3.0]], numpy.float32))
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        self.weight = Parameter((channels,), ones)
        self.bias = Parameter((channels,), zeros)
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        return npx.layer_norm(x, self.weight.data(), self.bias.data(), epsilon=self.epsilon)


class Embedding(Block):
    """weight[x]

    x: ints of any shape in 0..count-1 -> [..., channels], float32. Raises IndexError for others.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Embedding(10, channels=4)
    >>> net.initialize()
    >>> net(numpy.array([[3, 1, 3]])).shape
    (1, 3, 4)
    """

    def __init__(self, count: int, channels: int) -> None:
        self.weight = Parameter((count, channels), normal(0.02))

    def forward(self, x: Any) -> Any:
        return np.take(self.weight.data(), x, axis=0)


class MaxPool2D(Block):
    """The largest element of each window; see `npx.max_pool`.

    x: [N, C, H, W] -> [N, C, H', W']. window, strides, padding: a number of pixels, or
    (height, width); strides are the window's unless given.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.MaxPool2D(2)(numpy.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    def __init__(self, window: Any, strides: Any = None, padding: Any = 0) -> None:
        self.options = {"window": window, "strides": strides, "padding": padding}

    def forward(self, x: Any) -> Any:
        return npx.max_pool(x, **self.options)


class GlobalAvgPool2D(Block):
    """The mean over H and W.

    x: [N, C, H, W] -> [N, C, 1, 1], float.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.GlobalAvgPool2D()(numpy.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

    def forward(self, x: Any) -> Any:
        return npx.global_average_pool(x)


class Flatten(Block):
    """x with all axes but the first made one.

    x: [N, ...] -> [N, all the rest].

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Flatten()(numpy.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def forward(self, x: Any) -> Any:
        return np.reshape(x, (x.shape[0], -1))


class Dropout(Block):
    """x itself: at inference nothing is dropped. Keeps the places of published networks.

    x: any shape.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Dropout()(numpy.array([1.0, 2.0]))
    array([1., 2.])
    """

    def forward(self, x: Any) -> Any:
        return x


class Identity(Dropout):
    """x itself, where a network has a place for a layer and none is there.

    x: any shape.

    >>> import numpy
    >>> from isthmus import nn
    >>> nn.Identity()(numpy.array([1.0, 2.0]))
    array([1., 2.])
    """
