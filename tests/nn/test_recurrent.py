"""Recurrent layers and cells: torch's formulas, both ways, compiled, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import UsageError
from isthmus.rewrite.quantization.places import hides_layers

RANDOM = numpy.random.default_rng(14)
X = RANDOM.standard_normal((5, 2, 3), numpy.float32)
CELLS = {nn.GRU: nn.GRUCell, nn.LSTM: nn.LSTMCell, nn.RNN: nn.RNNCell}
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def filled(net: nn.Block) -> Any:
    """The block with random values in every parameter, biases too."""
    net(X)
    for parameter in net.parameters().values():
        parameter.set(RANDOM.standard_normal(parameter.shape, numpy.float32) * 0.5)
    return net


def made(net: nn.Block) -> Any:
    net.initialize()
    return filled(net)


def stepped(cell: Any, x: Any, states: Any = None) -> tuple[Any, Any]:
    rows = []
    for row in x:
        y, states = cell(row, states)
        rows.append(y)
    return numpy.stack(rows), states


@pytest.mark.parametrize("kind", CELLS)
def test_a_layer_is_its_cell_in_both_directions(kind: Any) -> None:
    net = made(kind(4, num_layers=2, bidirectional=True))
    arrays, y, last = net.parameters(), X, []
    for layer in range(2):
        found = []
        for suffix, turn in (("", 1), ("_reverse", -1)):
            cell = CELLS[kind](4)
            names = {part: f"{part}_l{layer}{suffix}" for part in PARTS}
            cell.set_parameters({part: arrays[name].data() for part, name in names.items()})
            rows, states = stepped(cell, y[::turn])
            found.append(rows[::turn])
            last.append(states)
        y = numpy.concatenate(found, axis=2)
    zeros = [numpy.zeros((4, 2, 4), numpy.float32)] * net.states
    got, states = net(X, zeros)
    numpy.testing.assert_allclose(got, y, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(net(X), y, rtol=1e-5, atol=1e-6)
    for found, wanted in zip(states, zip(*last, strict=True), strict=True):
        numpy.testing.assert_allclose(found, numpy.stack(wanted), rtol=1e-5, atol=1e-6)


def test_the_cells_are_torchs_formulas() -> None:
    x, h, c = X[0], *RANDOM.standard_normal((2, 2, 4), numpy.float32)

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + numpy.exp(-x))

    def parts(cell: Any, count: int) -> list[tuple[Any, Any]]:
        w, u, b, d = (getattr(cell, part).data() for part in PARTS)
        mine, other = numpy.split(x @ w.T + b, count, 1), numpy.split(h @ u.T + d, count, 1)
        return list(zip(mine, other, strict=True))

    lstm = nn.LSTMCell(4, 3)
    gru = nn.GRUCell(4, 3)
    for cell in (lstm, gru):
        for parameter in cell.parameters().values():
            parameter.set(RANDOM.standard_normal(parameter.shape, numpy.float32))
    i, f, g, o = (a + b for a, b in parts(lstm, 4))
    cell_state = sigmoid(f) * c + sigmoid(i) * numpy.tanh(g)
    y, (last, state) = lstm(x, [h, c])
    numpy.testing.assert_allclose(state, cell_state, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(y, sigmoid(o) * numpy.tanh(cell_state), rtol=1e-5, atol=1e-6)
    assert y is last
    (r, rh), (z, zh), (n, nh) = parts(gru, 3)
    new = numpy.tanh(n + sigmoid(r + rh) * nh)
    wanted = (1 - sigmoid(z + zh)) * new + sigmoid(z + zh) * h
    numpy.testing.assert_allclose(gru(x, h)[0], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", CELLS)
def test_compiled_for_any_batch(kind: Any, any_backend: dict[str, Any]) -> None:
    net = made(kind(4, layout="NTC", bidirectional=True))
    run = im.compile(net, im.spec("float32", ["n", "t", 3]), **any_backend)
    for x in (X, X[:1, :1], X[:, :1]):
        numpy.testing.assert_allclose(run(x), net(x), rtol=1e-4, atol=1e-5)


def test_a_gradient_by_the_input() -> None:
    net = made(nn.LSTM(4))
    found = im.grad(lambda x: np.sum(net(x)[-1] ** 2))(X)
    step = numpy.zeros_like(X)
    step[1, 0, 2] = 1e-2
    both = [float(numpy.sum(net(X + sign * step)[-1] ** 2)) for sign in (1, -1)]
    assert found[1, 0, 2] == pytest.approx((both[0] - both[1]) / 2e-2, rel=0.02)


def test_options() -> None:
    assert [*nn.RNN(4, bias=False, input_size=2).parameters()] == ["weight_ih_l0", "weight_hh_l0"]
    assert (made(nn.RNN(4, activation="relu"))(X) >= 0).all()
    for wrong, said in (
        (lambda: nn.LSTM(4, layout="CTN"), "layout='CTN'"),
        (lambda: nn.LSTM(0), "hidden_size=0"),
        (lambda: nn.GRUCell(0), "hidden_size=0"),
        (lambda: nn.RNN(4, activation="gelu"), "activation='gelu'"),
        (lambda: nn.RNNCell(4, activation="gelu"), "activation='gelu'"),
        (lambda: made(nn.LSTM(4))(X, X), "has 2 states; 1 given"),
        (lambda: made(nn.GRU(4))(X, X), "a state of"),
        (lambda: made(nn.GRU(4))(X[0]), "2 axes; give T, N, C"),
        (lambda: nn.LSTMCell(4)(X), "3 axes"),
    ):
        with pytest.raises(UsageError, match=said):
            wrong()


def test_integers_leave_the_layer_to_its_kernel() -> None:
    net = made(nn.LSTM(4))
    (node,) = [n for n in im.trace(net, im.spec("float32", X.shape)).graph.nodes() if n.expansion][
        :1
    ]
    assert node.op is npx.lstm
    assert not hides_layers(node)


@pytest.mark.parametrize("kind", CELLS)
def test_in_a_file_it_is_one_operation(kind: Any, tmp_path: Path) -> None:
    net = made(kind(4, bidirectional=True))
    im.export(net, im.spec("float32", ["t", "n", 3]), tmp_path / "m.onnx")
    kinds = [node.op_type for node in onnx.load(tmp_path / "m.onnx").graph.node]
    assert kinds.count(kind.__name__) == 1
    assert "Scan" not in kinds
    numpy.testing.assert_allclose(im.load(tmp_path / "m.onnx")(X), net(X), rtol=1e-5, atol=1e-6)
