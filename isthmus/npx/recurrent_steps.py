"""The steps of recurrent layers: (gates of the input, *states) -> the new states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus import np

from .recurrent_activations import Function
from .recurrent_scan import Step

__all__ = ["lstm_step", "reset_after", "reset_before", "rnn_step"]


def _clipped(x: Any, clip: float | None) -> Any:
    return x if clip is None else np.clip(x, -clip, clip)


def lstm_step(
    r: Any,
    p: Any,
    functions: Sequence[Function],
    clip: float | None,
    input_forget: bool,
    rounded: Function | None = None,
) -> Step:
    """rounded: of the state, before its product."""
    of_gates, of_cell, of_state = functions
    turned = np.matrix_transpose(r)
    ways = [None] * 3 if p is None else np.split(p, 3)

    def seen(gate: Any, cell: Any, position: int) -> Any:
        """The gate, with the cell through a peephole if there is one."""
        return gate if ways[position] is None else gate + ways[position] * cell

    def step(row: Any, h: Any, c: Any) -> tuple[Any, ...]:
        i, o, f, g = np.split(
            row + np.matmul(h if rounded is None else rounded(h), turned), 4, axis=-1
        )
        i = of_gates(_clipped(seen(i, c, 0), clip))
        f = 1 - i if input_forget else of_gates(_clipped(seen(f, c, 2), clip))
        c = f * c + i * of_cell(_clipped(g, clip))
        o = of_gates(_clipped(seen(o, c, 1), clip))
        return o * of_state(c), c

    return step


def reset_before(
    hidden: Any, r: Any, of_input: Any, of_state: Any, functions: Sequence[Function], clip: Any
) -> tuple[Any, Step]:
    """The bias of the input's gates, and a step."""
    of_gates, of_new = functions
    both, new = np.matrix_transpose(r[: 2 * hidden]), np.matrix_transpose(r[2 * hidden :])

    def step(row: Any, h: Any) -> tuple[Any, ...]:
        zq = of_gates(_clipped(row[:, : 2 * hidden] + np.matmul(h, both), clip))
        z, q = np.split(zq, 2, axis=-1)
        g = of_new(_clipped(row[:, 2 * hidden :] + np.matmul(q * h, new), clip))
        return ((1 - z) * g + z * h,)

    return (None if of_input is None else of_input + of_state), step


def reset_after(
    hidden: Any, r: Any, of_input: Any, of_state: Any, functions: Sequence[Function], clip: Any
) -> tuple[Any, Step]:
    """The same, for a state that is reset after its product."""
    of_gates, of_new = functions
    turned = np.matrix_transpose(r)

    def step(row: Any, h: Any) -> tuple[Any, ...]:
        product = np.matmul(h, turned)
        if of_state is not None:
            product = product + of_state
        zq = of_gates(_clipped(row[:, : 2 * hidden] + product[:, : 2 * hidden], clip))
        z, q = np.split(zq, 2, axis=-1)
        g = of_new(_clipped(row[:, 2 * hidden :] + q * product[:, 2 * hidden :], clip))
        return ((1 - z) * g + z * h,)

    return of_input, step


def rnn_step(r: Any, function: Function, clip: float | None) -> Step:
    turned = np.matrix_transpose(r)

    def step(row: Any, h: Any) -> tuple[Any, ...]:
        return (function(_clipped(row + np.matmul(h, turned), clip)),)

    return step
