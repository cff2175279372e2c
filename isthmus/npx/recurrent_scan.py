"""What recurrent layers share: their shapes, both directions, and sequences of several lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from isthmus import np
from isthmus.errors import DimensionError, UsageError
from isthmus.graph.dims import equal

from .control_flow import foreach

__all__ = ["DIRECTIONS", "Layer", "Step"]

# Of each direction whether it goes backwards.
DIRECTIONS = {"bidirectional": (False, True), "forward": (False,), "reverse": (True,)}

States = tuple[Any, ...]
Step = Callable[..., States]  # (gates of the input, *states) -> the new states; the first is y
HALF_BYTES = 2


@dataclass(frozen=True)
class Layer:
    """The arrays of a recurrent layer, in one dtype: x [T, N, I], w [D, G*H, I], r [D, G*H, H].

    b: [D, 2*G*H] or None. lengths: [N], or None for T each. gates: G.
    """

    x: Any
    w: Any
    r: Any
    b: Any
    lengths: Any
    direction: str
    gates: int
    dtype: Any

    @classmethod
    def of(
        cls, x: Any, w: Any, r: Any, b: Any, lengths: Any, *, direction: str, gates: int
    ) -> Layer:
        """UsageError for other dtypes, DimensionError for other shapes. Half precision is computed
        in float32."""
        if direction not in DIRECTIONS:
            raise UsageError(f"direction={direction!r}; give one of {', '.join(DIRECTIONS)}")
        dtype = numpy.result_type(*(a.dtype for a in (x, w, r, b) if a is not None))
        if dtype.kind != "f":
            raise UsageError(f"arrays of {dtype}; give floats")
        if x.ndim != 3 or w.ndim != 3 or r.ndim != 3:
            raise UsageError("give x: [T, N, I], w: [D, G*H, I], r: [D, G*H, H]")
        if lengths is not None and lengths.dtype.kind not in "iu":
            raise UsageError(f"sequence_lens of {lengths.dtype}; give integers")
        made = cls(x, w, r, b, lengths, direction, gates, dtype)
        made._check()
        wide = made.wide
        return cls(wide(x), wide(w), wide(r), wide(b), lengths, direction, gates, dtype)

    def _check(self) -> None:
        count, hidden, batch = self.directions, self.hidden, self.x.shape[1]
        self.check("w", self.w, (count, self.gates * hidden, self.x.shape[2]))
        self.check("r", self.r, (count, self.gates * hidden, hidden))
        self.check("b", self.b, (count, 2 * self.gates * hidden))
        self.check("sequence_lens", self.lengths, (batch,))
        if isinstance(self.lengths, numpy.ndarray) and self.lengths.size:
            self._check_lengths()

    def _check_lengths(self) -> None:
        """UsageError for known lengths that x does not have."""
        least, most, steps = self.lengths.min(), self.lengths.max(), self.x.shape[0]
        if least < 0 or (isinstance(steps, int) and most > steps):
            raise UsageError(f"sequence_lens in {least}..{most} of x with {steps} steps")

    def check(self, name: str, array: Any, wanted: Sequence[Any]) -> None:
        """DimensionError for an array of another shape."""
        if array is None:
            return
        found = tuple(array.shape)
        if len(found) != len(wanted) or not all(map(equal, found, wanted)):
            raise DimensionError(f"{name} is {found}; give {tuple(wanted)}")

    @property
    def directions(self) -> int:
        return len(DIRECTIONS[self.direction])

    @property
    def hidden(self) -> Any:
        return self.r.shape[-1]

    def wide(self, array: Any) -> Any:
        """The array in the dtype that is computed in."""
        if array is None:
            return None
        is_half = self.dtype.itemsize == HALF_BYTES
        return np.astype(array, numpy.float32 if is_half else self.dtype, copy=False)

    def state(self, name: str, given: Any) -> Any:
        """A first state, [D, N, H]; zeros where none is given."""
        wanted = (self.directions, self.x.shape[1], self.hidden)
        self.check(name, given, wanted)
        return np.zeros(wanted, self.x.dtype) if given is None else self.wide(given)

    def biases(self, way: int) -> tuple[Any, Any]:
        """Of the input and of the state, [G*H] each."""
        half = self.gates * self.hidden
        row = self.b[way]
        return row[:half], row[half:]

    def bias(self, way: int) -> Any:
        """The sum of both, None where there are none."""
        if self.b is None:
            return None
        of_input, of_state = self.biases(way)
        return of_input + of_state

    def projected(self, way: int, bias: Any = None) -> Any:
        """x @ w.T + bias, of all steps at once: [T, N, G*H]."""
        y = np.matmul(self.x, np.matrix_transpose(self.w[way]))
        return y if bias is None else y + bias

    def run(self, gates: Sequence[Any], steps: Sequence[Step], first: Sequence[Any]) -> States:
        """y: [T, D, N, H], then each state after the last step: [D, N, H].

        gates: of each direction what its steps take of the input, [T, N, G*H]. first: the states
        before, [D, N, H].
        """
        found = []
        for way, is_backwards in enumerate(DIRECTIONS[self.direction]):
            states = tuple(state[way] for state in first)
            found.append(self._one_way(gates[way], steps[way], states, is_backwards))
        ys, *last = zip(*((y, *states) for y, states in found), strict=True)
        results = (np.stack(list(ys), axis=1), *(np.stack(list(s), axis=0) for s in last))
        return tuple(np.astype(result, self.dtype, copy=False) for result in results)

    def _one_way(
        self, gates: Any, step: Step, states: States, is_backwards: bool
    ) -> tuple[Any, States]:
        data = [gates] if self.lengths is None else [gates, self._active()]
        if is_backwards:
            data = [np.flip(part, axis=0) for part in data]

        def body(parts: Any, before: Any) -> tuple[Any, Any]:
            after = step(parts[0], *before)
            if self.lengths is None:
                return after[0], list(after)
            kept = [np.where(parts[1], new, old) for new, old in zip(after, before, strict=True)]
            return np.where(parts[1], after[0], numpy.zeros((), after[0].dtype)), kept

        y, last = foreach(body, data, list(states))
        return (np.flip(y, axis=0) if is_backwards else y), tuple(last)

    def _active(self) -> Any:
        """Whether a step is one of a sequence: [T, N, 1]. A sequence that goes backwards begins at
        its own end, since its state does not change before."""
        steps = np.arange(self.x.shape[0], dtype=self.lengths.dtype)
        return np.reshape(steps, (-1, 1, 1)) < np.reshape(self.lengths, (-1, 1))
