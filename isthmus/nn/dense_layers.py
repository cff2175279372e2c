"""The dense layer, and the table it is for numbers of words."""

from __future__ import annotations

from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError

from .activation_layer import Activation
from .block import Block
from .parameter import Parameter, normal, zeros
from .spelling import check_rest, either, wanted

__all__ = ["Dense", "Embedding"]


class Dense(Block):
    """x @ weight.T + bias

    x: [..., inputs] -> [..., units], float32. weight: [units, inputs], normal with deviation 0.02
    until it is set. bias: [units], zeros; bias=False leaves it out. activation: one of
    `ACTIVATIONS`. flatten=True makes x [N, inputs] first.

    inputs: those of the first call where they are left out, as in Gluon. There x of more than two
    axes is made [N, inputs] unless flatten=False says otherwise: here such an x raises UsageError
    until flatten says which. in_units, use_bias: Gluon's names of inputs and bias.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Dense(2, 3)
    >>> net.set_parameters({"weight": numpy.ones((2, 3)), "bias": numpy.array([0, 1])})
    Unmatched(missing=[], unexpected=[])
    >>> net(numpy.array([[1, 2, 3]], numpy.float32))
    array([[6., 7.]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        inputs: Any = None,
        bias: bool | None = None,
        *,
        activation: str | None = None,
        flatten: bool | None = None,
        in_units: int | None = None,
        use_bias: bool | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        if isinstance(inputs, str):  # where Gluon has the activation
            inputs, activation = None, either("nn.Dense: activation", inputs, activation)
        inputs = either("nn.Dense: inputs, in_units", inputs, in_units or None)
        has_bias = either("nn.Dense: bias, use_bias", bias, use_bias)
        self.units = units
        self.weight = Parameter((units, inputs), normal(0.02))
        self.bias = None if has_bias is False else Parameter((units,), zeros)
        self.activation = None if activation is None else Activation(activation)
        self.flatten = flatten
        self.is_told = inputs is not None  # how many they are

    def forward(self, x: Any) -> Any:
        x = self._flat(x)
        self.weight.settle((self.units, x.shape[-1]))
        bias = None if self.bias is None else self.bias.data()
        y = npx.fully_connected(x, self.weight.data(), bias)
        return y if self.activation is None else self.activation(y)

    def _flat(self, x: Any) -> Any:
        if self.flatten:
            return np.reshape(x, (x.shape[0], -1))
        if not self.is_told and self.flatten is None and len(x.shape) > 2:
            raise UsageError(
                f"nn.Dense({self.units}) of x with {len(x.shape)} axes: give "
                "flatten=False for a layer on the last axis, flatten=True for one on all but the "
                "first, or its inputs"
            )
        return x


class Embedding(Block):
    """weight[x]

    x: ints of any shape in 0..count-1 -> [..., channels], float32. Raises IndexError for others.
    input_dim, output_dim: Gluon's names of count and channels.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.Embedding(10, channels=4)
    >>> net.initialize()
    >>> net(numpy.array([[3, 1, 3]])).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        count: int | None = None,
        channels: int | None = None,
        *,
        input_dim: int | None = None,
        output_dim: int | None = None,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        count = wanted("nn.Embedding: count, input_dim", count, input_dim)
        channels = wanted("nn.Embedding: channels, output_dim", channels, output_dim)
        self.weight = Parameter((count, channels), normal(0.02))

    def forward(self, x: Any) -> Any:
        return np.take(self.weight.data(), x, axis=0)
