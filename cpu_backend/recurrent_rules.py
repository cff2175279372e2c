"""Rules of recurrent layers: OpenVINO's sequences have the batch first, and gates in its order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
from openvino import opset16 as ov

from .builder import Output, Site, vector

__all__ = ["gru", "lstm", "rnn"]

LSTM_GATES = (2, 0, 3, 1)  # where f, i, g, o are among i, o, f, g


def lstm(
    site: Site,
    x: Output,
    w: Output,
    r: Output,
    b: Output | None,
    _: Output | None,
    h: Output | None,
    c: Output | None,
    __: Output | None,
) -> tuple[Output, ...]:
    weights = [_gates(site, part, LSTM_GATES) for part in (w, r, _bias(site, b, 4))]
    found = ov.lstm_sequence(
        _batch_first(x), _state(site, h), _state(site, c), _lengths(site), *weights,
        _hidden(site), site.attributes["direction"],
    )  # fmt: skip
    return _results(found, 3)


def gru(
    site: Site,
    x: Output,
    w: Output,
    r: Output,
    b: Output | None,
    _: Output | None,
    h: Output | None,
) -> tuple[Output, ...]:
    after = site.attributes["linear_before_reset"]
    bias = _bias(site, b, 3, apart=1 if after else 0)
    found = ov.gru_sequence(
        _batch_first(x), _state(site, h), _lengths(site), w, r, bias,
        _hidden(site), site.attributes["direction"], linear_before_reset=bool(after),
    )  # fmt: skip
    return _results(found, 2)


def rnn(
    site: Site,
    x: Output,
    w: Output,
    r: Output,
    b: Output | None,
    _: Output | None,
    h: Output | None,
) -> tuple[Output, ...]:
    found = ov.rnn_sequence(
        _batch_first(x), _state(site, h), _lengths(site), w, r, _bias(site, b, 1),
        _hidden(site), site.attributes["direction"],
    )  # fmt: skip
    return _results(found, 2)


def _hidden(site: Site) -> int:
    return int(site.operand_type(2).shape[2])


def _batch_first(x: Output) -> Output:
    """[T, N, I] -> [N, T, I], and [D, N, H] -> [N, D, H] and back."""
    return ov.transpose(x, vector([1, 0, 2]))


def _state(site: Site, given: Output | None) -> Output:
    """[D, N, H] -> [N, D, H]; zeros where there is none."""
    if given is not None:
        return _batch_first(given)
    batch, directions = site.operand_type(0).shape[1], site.operand_type(1).shape[0]
    sizes = site.build.shape((batch, directions, _hidden(site)))
    return ov.broadcast(ov.constant(numpy.float32(0)), sizes)


def _lengths(site: Site) -> Output:
    """Every sequence is as long as x: [N], int32."""
    steps, batch = site.operand_type(0).shape[:2]
    length = ov.convert(ov.squeeze(site.build.size(steps), vector([0])), "i32")
    return ov.broadcast(length, site.build.shape((batch,)))


def _gates(site: Site, weight: Output, order: Sequence[int]) -> Output:
    """The rows of the gates in another order: [D, G*H, ...]."""
    parts = ov.split(weight, ov.constant(numpy.int64(1)), len(order))
    return ov.concat([parts.output(position) for position in order], 1)


def _bias(site: Site, b: Output | None, gates: int, apart: int = 0) -> Output:
    """The biases of the input and of the state added, [D, G*H]; those of the last `apart` gates
    one after the other, [D, (G + apart)*H]."""
    directions, hidden = int(site.operand_type(1).shape[0]), _hidden(site)
    if b is None:
        return ov.constant(numpy.zeros((directions, (gates + apart) * hidden), numpy.float32))
    axis = ov.constant(numpy.int64(1))
    together, separate = (gates - apart) * hidden, apart * hidden
    sizes = [size for size in (together, separate) * 2 if size]
    parts = ov.variadic_split(b, axis, vector(sizes))
    if not apart:
        return ov.add(parts.output(0), parts.output(1))
    both = ov.add(parts.output(0), parts.output(2))
    return ov.concat([both, parts.output(1), parts.output(3)], 1)


def _results(found: Output, count: int) -> tuple[Output, ...]:
    """y: [N, D, T, H] -> [T, D, N, H], and the states."""
    y = ov.transpose(found.output(0), vector([2, 1, 0, 3]))
    return (y, *(_batch_first(found.output(i)) for i in range(1, count)))
