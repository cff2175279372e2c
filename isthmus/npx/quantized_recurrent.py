"""The LSTM of ONNX Runtime with weights of eight bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from isthmus import np
from isthmus.graph.dims import same
from isthmus.graph.nodes import Constant, Node
from isthmus.graph.operator import FULL
from isthmus.trace.op import OPERATORS, composite

from .dynamic_quantization import dynamic_quantize
from .integer_products import known_array
from .recurrent import USUAL, run_lstm
from .recurrent_activations import is_usual
from .recurrent_scan import Layer

__all__ = ["quantized_lstm"]

WEIGHTS = (1, 2)  # among the operands; their scales and zero points are the last ones
PARAMETERS = (8, 9, 10, 11)
UNUSUAL = (4, 7)  # lengths and peepholes


def _is_standard(node: Node) -> bool:
    """Whether it is what the kernel computes as this does: of one sequence, all of it, with known
    weights and the usual functions."""
    x, facts = node.operands[0], node.attributes
    assert x is not None
    known = [node.operands[i] for i in (*WEIGHTS, *PARAMETERS)]
    return (
        same(x.type.shape[1], 1)
        and all(isinstance(value, Constant) for value in known)
        and all(node.operands[i] is None for i in UNUSUAL)
        and facts["clip"] is None
        and not facts["input_forget"]
        and is_usual(facts["activations"], USUAL["lstm"])
    )


@composite(is_standard=_is_standard, precision=FULL)
def quantized_lstm(
    x: Any, w: Any, r: Any, b: Any, lengths: Any, h: Any, c: Any, p: Any,
    w_scale: Any, w_zero: Any, r_scale: Any, r_zero: Any, /, *,
    direction: str, activations: Sequence[Any] | None, clip: float | None, input_forget: bool,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """`npx.lstm` of (w - w_zero) * w_scale, w: [D, I, 4H], r: [D, H, 4H], int8 or uint8.

    x is rounded to eight bits by the range of all of it, and h by its own at each step. Scales and
    zero points: [D] or [D, 4H]. As com.microsoft's DynamicQuantizeLSTM of one sequence.
    """
    w, w_scale, w_zero, r, r_scale, r_zero, b, h, c, p = map(
        known_array, (w, w_scale, w_zero, r, r_scale, r_zero, b, h, c, p)
    )
    w, r = _read(w, w_scale, w_zero), _read(r, r_scale, r_zero)
    layer = Layer.of(_rounded(x), w, r, b, lengths, direction=direction, gates=4)
    return run_lstm(
        layer, (h, c), p, activations, clip=clip, input_forget=input_forget, rounded=_rounded
    )


def _read(q: Any, scale: Any, zero_point: Any) -> Any:
    """The floats that integers stand for, by direction or by gate: [D, 4H, ...]."""
    numbers = np.astype(q, numpy.float32)
    if zero_point is not None:
        numbers = numbers - np.astype(_by_gate(zero_point), numpy.float32)
    return np.permute_dims(numbers * _by_gate(scale), (0, 2, 1))


def _by_gate(x: Any) -> Any:
    """[D] or [D, 4H], beside [D, I, 4H]."""
    return np.reshape(x, (x.shape[0], 1, x.shape[1] if x.ndim > 1 else 1))


def _rounded(x: Any) -> Any:
    """The numbers that the integers of eight bits stand for, of the range that x has."""
    q, scale, zero_point = dynamic_quantize(x)
    back: Any = OPERATORS["npx.dequantize"]
    return back(q, scale, zero_point, axis=None)
