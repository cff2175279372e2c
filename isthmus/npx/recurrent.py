"""Recurrent layers over sequences, with ONNX's order of axes and gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.graph.nodes import Node
from isthmus.graph.operator import FULL
from isthmus.trace.op import composite

from .recurrent_activations import Function, functions_of, is_usual
from .recurrent_scan import Layer
from .recurrent_steps import lstm_step, reset_after, reset_before, rnn_step

__all__ = ["gru", "lstm", "rnn", "run_lstm"]

USUAL = {"gru": ("sigmoid", "tanh"), "lstm": ("sigmoid", "tanh", "tanh"), "rnn": ("tanh",)}


def _is_standard(node: Node) -> bool:
    """Whether it is what runtimes' kernels compute: the usual functions, whole sequences, no clip,
    no peepholes, and weights of known sizes."""
    facts, usual = node.attributes, USUAL[node.op.name.rpartition(".")[2]]
    unusual = (node.operands[4], *node.operands[7:])
    sizes = [value.type.is_static for value in node.operands[1:3] if value is not None]
    return (
        all(value is None for value in unusual)
        and facts["clip"] is None
        and not facts.get("input_forget")
        and is_usual(facts["activations"], usual)
        and all(sizes)
    )


@composite(is_standard=_is_standard, precision=FULL)
def lstm(
    x: Any,
    w: Any,
    r: Any,
    b: Any = None,
    sequence_lens: Any = None,
    initial_h: Any = None,
    initial_c: Any = None,
    p: Any = None,
    /,
    *,
    direction: str = "forward",
    activations: Sequence[Any] | None = None,
    clip: float | None = None,
    input_forget: bool = False,
) -> tuple[Any, Any, Any]:
    """c = f * c + i * g, h = o * tanh(c) from step to step (Hochreiter and Schmidhuber 1997); the
    gates i, o, f = sigmoid(x @ w.T + h @ r.T + b), g = tanh(of the same).

    x: [T, N, I], w: [D, 4H, I], r: [D, 4H, H], whose rows are those of i, o, f, g; b: [D, 8H], of w
    and then of r; initial_h, initial_c: [D, N, H], else zeros; p: [D, 3H], peepholes: p * c added
    in i, f (of the cell before) and o (of the new one), in the order i, o, f. All are floats; the
    result is in their common dtype -> y: [T, D, N, H], h and c after the last step: [D, N, H].
    direction: "forward", "reverse" or "bidirectional", D = 2 then, forward first. sequence_lens:
    [N] integers, the steps of each sequence; y is 0 after them, a reverse one begins at its own
    end. activations: instead of sigmoid, tanh and tanh, of i/o/f, g and c, for each direction;
    names of ONNX, or a name and its numbers, as ("LeakyRelu", 0.1). clip: the gates before their
    activations are cut to -clip..clip; the cell is not, as in ONNX Runtime and OpenVINO.
    input_forget: f is 1 - i. Raises UsageError for other options or dtypes, DimensionError for
    shapes that do not fit. As ONNX's LSTM, in layout 0.

    >>> import numpy
    >>> from isthmus import npx
    >>> x, w, r = numpy.ones((3, 1, 2)), numpy.ones((1, 4, 2)), numpy.zeros((1, 4, 1))
    >>> y, h, c = npx.lstm(x, w, r)
    >>> y[:, 0, 0, 0].round(4)
    array([0.6083, 0.8114, 0.8617])
    >>> h.shape, c.round(4)
    ((1, 1, 1), array([[[2.2558]]]))
    """
    layer = Layer.of(x, w, r, b, sequence_lens, direction=direction, gates=4)
    states = initial_h, initial_c
    return run_lstm(layer, states, p, activations, clip=clip, input_forget=input_forget)


def run_lstm(
    layer: Layer,
    states: tuple[Any, Any],
    p: Any,
    activations: Sequence[Any] | None,
    *,
    clip: float | None,
    input_forget: bool,
    rounded: Function | None = None,
) -> tuple[Any, Any, Any]:
    """The same of arrays that are a layer already. rounded: of the state, before its product."""
    h, c = layer.state("initial_h", states[0]), layer.state("initial_c", states[1])
    layer.check("p", p, (layer.directions, 3 * layer.hidden))
    peepholes = layer.wide(p)
    functions = functions_of(activations, USUAL["lstm"], layer.directions)
    options = clip, input_forget, rounded
    ways = range(layer.directions)
    steps = [
        lstm_step(layer.r[i], None if p is None else peepholes[i], functions[i], *options)
        for i in ways
    ]
    gates = [layer.projected(i, layer.bias(i)) for i in ways]
    y, last, cell = layer.run(gates, steps, (h, c))
    return y, last, cell


@composite(is_standard=_is_standard, precision=FULL)
def gru(
    x: Any,
    w: Any,
    r: Any,
    b: Any = None,
    sequence_lens: Any = None,
    initial_h: Any = None,
    /,
    *,
    direction: str = "forward",
    activations: Sequence[Any] | None = None,
    clip: float | None = None,
    linear_before_reset: bool = False,
) -> tuple[Any, Any]:
    """h = (1 - z) * g + z * h from step to step (Cho et al. 2014, arXiv:1406.1078); the gates
    z, q = sigmoid(x @ w.T + h @ r.T + b), g = tanh(x @ wg.T + (q * h) @ rg.T + b).

    x: [T, N, I], w: [D, 3H, I], r: [D, 3H, H], whose rows are those of z, q, g; b: [D, 6H], of w
    and then of r; initial_h: [D, N, H], else zeros -> y: [T, D, N, H], h after the last step: [D,
    N, H]. linear_before_reset: g = tanh(x @ wg.T + q * (h @ rg.T + b)), as in torch and cuDNN.
    activations: instead of sigmoid and tanh, of z/q and g, for each direction. All else is as of
    `npx.lstm`. As ONNX's GRU, in layout 0.

    >>> import numpy
    >>> from isthmus import npx
    >>> x, w, r = numpy.ones((3, 1, 2)), numpy.ones((1, 3, 2)), numpy.zeros((1, 3, 1))
    >>> y, h = npx.gru(x, w, r)
    >>> y[:, 0, 0, 0].round(4)
    array([0.1149, 0.2161, 0.3053])
    """
    layer = Layer.of(x, w, r, b, sequence_lens, direction=direction, gates=3)
    h = layer.state("initial_h", initial_h)
    functions = functions_of(activations, USUAL["gru"], layer.directions)
    make = reset_after if linear_before_reset else reset_before
    gates, steps = [], []
    for i in range(layer.directions):
        of_input, of_state = (None, None) if b is None else layer.biases(i)
        found, step = make(layer.hidden, layer.r[i], of_input, of_state, functions[i], clip)
        gates.append(layer.projected(i, found))
        steps.append(step)
    y, last = layer.run(gates, steps, (h,))
    return y, last


@composite(is_standard=_is_standard, precision=FULL)
def rnn(
    x: Any,
    w: Any,
    r: Any,
    b: Any = None,
    sequence_lens: Any = None,
    initial_h: Any = None,
    /,
    *,
    direction: str = "forward",
    activations: Sequence[Any] | None = None,
    clip: float | None = None,
) -> tuple[Any, Any]:
    """h = tanh(x @ w.T + h @ r.T + b) from step to step (Elman 1990).

    x: [T, N, I], w: [D, H, I], r: [D, H, H]; b: [D, 2H], of w and then of r; initial_h: [D, N, H],
    else zeros -> y: [T, D, N, H], h after the last step: [D, N, H]. activations: instead of tanh,
    one for each direction. All else is as of `npx.lstm`. As ONNX's RNN, in layout 0.

    >>> import numpy
    >>> from isthmus import npx
    >>> x, w, r = numpy.ones((3, 1, 2)), numpy.ones((1, 1, 2)), numpy.ones((1, 1, 1))
    >>> y, h = npx.rnn(x, w, r, activations=["Relu"])
    >>> y[:, 0, 0, 0], h
    (array([2., 4., 6.]), array([[[6.]]]))
    """
    layer = Layer.of(x, w, r, b, sequence_lens, direction=direction, gates=1)
    h = layer.state("initial_h", initial_h)
    functions = functions_of(activations, USUAL["rnn"], layer.directions)
    ways = range(layer.directions)
    steps = [rnn_step(layer.r[i], functions[i][0], clip) for i in ways]
    gates = [layer.projected(i, layer.bias(i)) for i in ways]
    y, last = layer.run(gates, steps, (h,))
    return y, last
