"""What recurrent layers share: parameters with torch's names, layers one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from isthmus import np
from isthmus.errors import UsageError

from .block import Block, as_array
from .parameter import Parameter, normal, zeros
from .spelling import check_rest

__all__ = ["Recurrent"]

LAYOUTS = {"NTC": (1, 0, 2), "TNC": (0, 1, 2)}


class Recurrent(Block):
    """What the layers share; see `nn.LSTM`."""

    order: ClassVar[tuple[int, ...]]  # where the gates of ONNX are among torch's
    states: ClassVar[int] = 1

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        *,
        bidirectional: bool = False,
        input_size: int | None = None,
        bias: bool = True,
        dropout: float = 0,
        **rest: Any,
    ) -> None:
        check_rest(self, rest)
        if layout not in LAYOUTS:
            raise UsageError(f"{self._name}: layout={layout!r}; give 'TNC' or 'NTC'")
        if hidden_size < 1 or num_layers < 1:
            raise UsageError(
                f"{self._name}: hidden_size={hidden_size!r}, num_layers={num_layers!r}; "
                "give numbers from 1"
            )
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.layout = layout
        self.bidirectional = bidirectional
        self.has_bias = bias
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                inputs = (input_size or None) if layer == 0 else self.directions * hidden_size
                self._add(suffix, inputs)

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _name(self) -> str:
        return f"nn.{type(self).__name__}"

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self.directions]

    def _add(self, suffix: str, inputs: int | None) -> None:
        rows, random = len(self.order) * self.hidden_size, normal(self.hidden_size**-0.5)
        setattr(self, f"weight_ih_{suffix}", Parameter((rows, inputs), random))
        setattr(self, f"weight_hh_{suffix}", Parameter((rows, self.hidden_size), random))
        if self.has_bias:
            setattr(self, f"bias_ih_{suffix}", Parameter((rows,), zeros))
            setattr(self, f"bias_hh_{suffix}", Parameter((rows,), zeros))

    def forward(self, x: Any, states: Any = None) -> Any:
        x = as_array(x)
        if x.ndim != 3:
            raise UsageError(f"{self._name} of x with {x.ndim} axes; give {', '.join(self.layout)}")
        y = np.permute_dims(x, LAYOUTS[self.layout])
        first = self._first(states)
        last = []
        for layer in range(self.num_layers):
            y, *after = self._layer(layer, y, first)
            last.append(after)
        y = np.permute_dims(y, LAYOUTS[self.layout])
        if states is None:
            return y
        return y, [np.concat(list(parts), axis=0) for parts in zip(*last, strict=True)]

    def _first(self, states: Any) -> list[Any]:
        """The states before, [layers * directions, N, H] each."""
        if states is None:
            return [None] * self.states
        given = list(states) if isinstance(states, list | tuple) else [states]
        if len(given) != self.states:
            raise UsageError(f"{self._name} has {self.states} states; {len(given)} given")
        given = [as_array(state) for state in given]
        count = self.num_layers * self.directions
        for state in given:
            if state.ndim != 3 or state.shape[0] != count:
                raise UsageError(
                    f"{self._name}: a state of {tuple(state.shape)}; give [{count}, N, "
                    f"{self.hidden_size}], of each layer and direction"
                )
        return given

    def _layer(self, layer: int, x: Any, first: Sequence[Any]) -> list[Any]:
        """y: [T, N, D*H], and the states after the last step."""
        here = slice(layer * self.directions, (layer + 1) * self.directions)
        y, *last = self._run(
            x,
            self._weight("weight_ih", layer, x.shape[2]),
            self._weight("weight_hh", layer, self.hidden_size),
            self._biases(layer),
            None,
            *(None if state is None else state[here] for state in first),
            direction="bidirectional" if self.bidirectional else "forward",
        )
        steps, batch = x.shape[:2]
        y = np.reshape(np.permute_dims(y, (0, 2, 1, 3)), (steps, batch, y.shape[1] * y.shape[3]))
        return [y, *last]

    def _run(self, *operands: Any, direction: str) -> Any:
        """The operator of `npx` that runs one layer: a subclass's."""
        raise NotImplementedError

    def _weight(self, name: str, layer: int, inputs: Any) -> Any:
        """The weights of a layer's directions, in ONNX's order: [D, G*H, inputs]."""
        rows = len(self.order) * self.hidden_size
        parameters = [getattr(self, f"{name}_{suffix}") for suffix in self._suffixes(layer)]
        for parameter in parameters:
            parameter.settle((rows, inputs))
        return self._stacked(parameters)

    def _biases(self, layer: int) -> Any:
        """Those of the input, then of the state: [D, 2*G*H]; None where there are none."""
        if not self.has_bias:
            return None
        both = [
            self._stacked([getattr(self, f"{name}_{suffix}") for suffix in self._suffixes(layer)])
            for name in ("bias_ih", "bias_hh")
        ]
        return np.concat(both, axis=1)

    def _stacked(self, parameters: Sequence[Parameter]) -> Any:
        return np.stack([self._ordered(parameter.data()) for parameter in parameters])

    def _ordered(self, array: Any) -> Any:
        parts = np.split(array, len(self.order), axis=0)
        return np.concat([parts[position] for position in self.order], axis=0)
