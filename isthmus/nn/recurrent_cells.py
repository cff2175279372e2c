"""One step of recurrent layers, with torch's names and order of gates."""

from __future__ import annotations

from typing import Any, ClassVar

from isthmus import np, npx
from isthmus.errors import UsageError

from .block import Block, as_array
from .parameter import Parameter, normal, zeros
from .spelling import check_rest

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class Cell(Block):
    """What the cells share; see `LSTMCell`."""

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def __init__(
        self, hidden_size: int, input_size: int | None = None, *, bias: bool = True, **rest: Any
    ) -> None:
        check_rest(self, rest)
        if hidden_size < 1:
            raise UsageError(f"{self._name}: hidden_size={hidden_size!r}; give a number from 1")
        rows, random = self.gates * hidden_size, normal(hidden_size**-0.5)
        self.hidden_size = hidden_size
        self.weight_ih = Parameter((rows, input_size or None), random)
        self.weight_hh = Parameter((rows, hidden_size), random)
        self.bias_ih = Parameter((rows,), zeros) if bias else None
        self.bias_hh = Parameter((rows,), zeros) if bias else None

    @property
    def _name(self) -> str:
        return f"nn.{type(self).__name__}"

    def forward(self, x: Any, states: Any = None) -> Any:
        x = as_array(x)
        if x.ndim != 2:
            raise UsageError(f"{self._name} of x with {x.ndim} axes; give [N, inputs]")
        self.weight_ih.settle((self.gates * self.hidden_size, x.shape[1]))
        before = self._before(states, x)
        of_input, of_state = (
            npx.fully_connected(value, weight.data(), None if bias is None else bias.data())
            for value, weight, bias in (
                (x, self.weight_ih, self.bias_ih),
                (before[0], self.weight_hh, self.bias_hh),
            )
        )
        after = self._step(of_input, of_state, *before)
        return after[0], list(after)

    def _before(self, states: Any, x: Any) -> list[Any]:
        if states is None:
            return [np.zeros((x.shape[0], self.hidden_size), x.dtype)] * self.states
        given = list(states) if isinstance(states, list | tuple) else [states]
        if len(given) != self.states:
            raise UsageError(f"{self._name} has {self.states} states; {len(given)} given")
        return [as_array(state) for state in given]

    def _step(self, of_input: Any, of_state: Any, *before: Any) -> tuple[Any, ...]:
        """The new states, of the products with the input and the state before: a subclass's."""
        raise NotImplementedError


class LSTMCell(Cell):
    """c = f * c + i * g, h = o * tanh(c), of the gates i, f, g, o = x @ weight_ih.T + bias_ih + h @
    weight_hh.T + bias_hh (Hochreiter and Schmidhuber 1997).

    cell(x, [h, c]) gives h, [h, c]; the states are zeros where they are left out. x: [N, inputs],
    the states: [N, H], float32. weight_ih: [4H, inputs], weight_hh: [4H, H], biases: [4H], as in
    torch; bias=False leaves them out. input_size: that of the first call where it is left out.
    Raises UsageError for other options and shapes.

    >>> import numpy
    >>> from isthmus import nn
    >>> cell = nn.LSTMCell(4)
    >>> cell.initialize()
    >>> y, (h, c) = cell(numpy.ones((2, 3), numpy.float32))
    >>> y.shape, h.shape, c.shape
    ((2, 4), (2, 4), (2, 4))
    """

    gates = 4
    states = 2

    def _step(self, of_input: Any, of_state: Any, *before: Any) -> tuple[Any, ...]:
        i, f, g, o = np.split(of_input + of_state, 4, axis=1)
        c = npx.sigmoid(f) * before[1] + npx.sigmoid(i) * np.tanh(g)
        return npx.sigmoid(o) * np.tanh(c), c


class GRUCell(Cell):
    """h = (1 - z) * n + z * h, n = tanh(x @ wn.T + b + r * (h @ un.T + b)), of the gates r, z, n
    (Cho et al. 2014, arXiv:1406.1078).

    cell(x, h) gives h, [h]. weight_ih: [3H, inputs]. All else is as of `nn.LSTMCell`.

    >>> import numpy
    >>> from isthmus import nn
    >>> cell = nn.GRUCell(4)
    >>> cell.initialize()
    >>> cell(numpy.ones((2, 3), numpy.float32))[0].shape
    (2, 4)
    """

    gates = 3

    def _step(self, of_input: Any, of_state: Any, *before: Any) -> tuple[Any, ...]:
        r, z, n = np.split(of_input, 3, axis=1)
        rh, zh, nh = np.split(of_state, 3, axis=1)
        z = npx.sigmoid(z + zh)
        return ((1 - z) * np.tanh(n + npx.sigmoid(r + rh) * nh) + z * before[0],)


class RNNCell(Cell):
    """h = tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh) (Elman 1990).

    cell(x, h) gives h, [h]. weight_ih: [H, inputs]. activation: "tanh" or "relu". All else is as of
    `nn.LSTMCell`.

    >>> import numpy
    >>> from isthmus import nn
    >>> cell = nn.RNNCell(4)
    >>> cell.initialize()
    >>> cell(numpy.ones((2, 3), numpy.float32))[0].shape
    (2, 4)
    """

    gates = 1

    def __init__(
        self,
        hidden_size: int,
        input_size: int | None = None,
        *,
        activation: str = "tanh",
        **rest: Any,
    ) -> None:
        if activation not in ("relu", "tanh"):
            raise UsageError(f"nn.RNNCell: activation={activation!r}; give 'relu' or 'tanh'")
        super().__init__(hidden_size, input_size, **rest)
        self.activation = activation

    def _step(self, of_input: Any, of_state: Any, *before: Any) -> tuple[Any, ...]:
        function = np.tanh if self.activation == "tanh" else npx.relu
        return (function(of_input + of_state),)
