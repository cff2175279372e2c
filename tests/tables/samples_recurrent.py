"""Sample rows of operators: recurrent layers. See `operator_samples`."""

from __future__ import annotations

from typing import Any

import numpy
from sample_arrays import Sample, f32

from isthmus import npx
from isthmus.trace.op import OPERATORS, Op

X = f32(5, 2, 3)  # steps, batch, inputs
LENGTHS = numpy.array([3, 5], numpy.int32)
# Of one sequence, with weights of eight bits.
INTEGERS = numpy.random.default_rng(2).integers(-128, 128, (1, 4, 16), numpy.int8)
SCALE, ZERO = numpy.full(1, 0.01, numpy.float32), numpy.zeros(1, numpy.int8)
BOTH, BACKWARDS = {"direction": "bidirectional"}, {"direction": "reverse"}


def _layer(gates: int, directions: int = 1, hidden: int = 4) -> tuple[Any, ...]:
    """x, w, r and b."""
    rows = gates * hidden
    b = f32(directions, 2 * rows)
    return (X, f32(directions, rows, 3) * 0.5, f32(directions, rows, hidden) * 0.5, b)


def _state(directions: int = 1) -> Any:
    return f32(directions, 2, 4)


ROWS: dict[Op[..., Any], list[Sample]] = {
    npx.gru: [
        Sample((*_layer(3, 2), None, _state(2)), {**BOTH, "linear_before_reset": True}),
        Sample(_layer(3)[:3], {**BACKWARDS, "linear_before_reset": True}),
        Sample((*_layer(3, 2), None, _state(2)), BOTH),
        Sample((*_layer(3), LENGTHS, _state()), {"clip": 0.5}),
        Sample(_layer(3), {"activations": ("HardSigmoid", ("LeakyRelu", 0.1))}),
    ],
    npx.lstm: [
        Sample((*_layer(4, 2), None, _state(2), _state(2)), BOTH),
        Sample(_layer(4)[:3]),
        Sample((*_layer(4), LENGTHS, _state(), _state(), f32(1, 12)), BACKWARDS),
        Sample(_layer(4), {"clip": 0.5, "input_forget": True}),
        Sample(_layer(4), {"activations": (("Affine", 0.5, 0.1), "Softsign", ("Elu", 0.5))}),
    ],
    OPERATORS["npx.quantized_lstm"]: [
        Sample(
            (
                f32(5, 1, 3),
                INTEGERS[:, :3],
                INTEGERS,
                f32(1, 32),
                None,
                f32(1, 1, 4),
                None,
                None,
                SCALE,
                ZERO,
                SCALE,
                ZERO,
            ),
            {"direction": "forward", "activations": None, "clip": None, "input_forget": False},
        ),
    ],
    npx.rnn: [
        Sample((*_layer(1, 2), None, _state(2)), BOTH),
        Sample(_layer(1)[:3]),
        Sample((*_layer(1), LENGTHS), BACKWARDS),
        Sample(_layer(1), {"activations": ("ThresholdedRelu",), "clip": 2.0}),
    ],
}
