"""Recurrent layers over sequences, with torch's names and order of gates."""

from __future__ import annotations

from typing import Any

from isthmus import npx
from isthmus.errors import UsageError

from .recurrent_base import Recurrent

__all__ = ["GRU", "LSTM", "RNN"]


class LSTM(Recurrent):
    """Layers of `npx.lstm`, one after the other (Hochreiter and Schmidhuber 1997).

    x: [T, N, inputs], or [N, T, inputs] with layout="NTC" -> y: [T, N, D*H], D = 2 if
    bidirectional. net(x) begins with zeros and gives y. net(x, [h, c]) gives y, [h, c]: the states
    before and after, [num_layers * D, N, H]. Each layer has weight_ih_l0: [4H, inputs],
    weight_hh_l0: [4H, H], bias_ih_l0 and bias_hh_l0: [4H], in torch's order of gates: input,
    forget, cell, output; backwards "_reverse" is behind the names. input_size: that of the first
    call where it is left out. bias=False leaves out the biases. dropout has no effect at inference.
    Raises UsageError for other options and shapes.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.LSTM(4, num_layers=2, bidirectional=True)
    >>> net.initialize()
    >>> net(numpy.ones((5, 1, 3), numpy.float32)).shape
    (5, 1, 8)
    >>> zeros = numpy.zeros((4, 1, 4), numpy.float32)
    >>> y, (h, c) = net(numpy.ones((5, 1, 3), numpy.float32), [zeros, zeros])
    >>> y.shape, h.shape, c.shape
    ((5, 1, 8), (4, 1, 4), (4, 1, 4))
    """

    order = (0, 3, 1, 2)
    states = 2

    def _run(self, *operands: Any, direction: str) -> Any:
        return npx.lstm(*operands, direction=direction)


class GRU(Recurrent):
    """Layers of `npx.gru`, one after the other, that reset the state after its product, as in torch
    (Cho et al. 2014, arXiv:1406.1078).

    The gates are in torch's order: reset, update, new, so that weight_ih_l0 is [3H, inputs].
    net(x, h) gives y, [h]. All else is as of `nn.LSTM`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.GRU(4, layout="NTC", input_size=3)
    >>> net.initialize()
    >>> net(numpy.ones((1, 5, 3), numpy.float32)).shape
    (1, 5, 4)
    """

    order = (1, 0, 2)

    def _run(self, *operands: Any, direction: str) -> Any:
        return npx.gru(*operands, direction=direction, linear_before_reset=True)


class RNN(Recurrent):
    """Layers of `npx.rnn`, one after the other (Elman 1990).

    activation: "tanh" or "relu". weight_ih_l0 is [H, inputs]; net(x, h) gives y, [h]. All else is
    as of `nn.LSTM`.

    >>> import numpy
    >>> from isthmus import nn
    >>> net = nn.RNN(4, activation="relu")
    >>> net.initialize()
    >>> net(numpy.ones((5, 1, 3), numpy.float32)).shape
    (5, 1, 4)
    """

    order = (0,)

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        *,
        activation: str = "tanh",
        **rest: Any,
    ) -> None:
        if activation not in ("relu", "tanh"):
            raise UsageError(f"nn.RNN: activation={activation!r}; give 'relu' or 'tanh'")
        super().__init__(hidden_size, num_layers, layout, **rest)
        self.activation = activation

    def _run(self, *operands: Any, direction: str) -> Any:
        usual = None if self.activation == "tanh" else [self.activation] * self.directions
        return npx.rnn(*operands, direction=direction, activations=usual)
