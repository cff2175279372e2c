"""Recurrent layers of ONNX files: what each attribute means, on every backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import isthmus as im
from isthmus.errors import UsageError

RANDOM = numpy.random.default_rng(11)
T, N, I, H = 6, 2, 3, 4  # noqa: E741 (the letters of ONNX's shapes)
NAMES = ("x", "w", "r", "b", "lengths", "h", "c", "p")
GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


def f32(*shape: int) -> Any:
    return RANDOM.standard_normal(shape, numpy.float32) * 0.5


def arrays(kind: str, directions: int = 1) -> dict[str, Any]:
    rows = GATES[kind] * H
    return {
        "x": f32(T, N, I) * 2,
        "w": f32(directions, rows, I),
        "r": f32(directions, rows, H),
        "b": f32(directions, 2 * rows),
        "h": f32(directions, N, H),
    }


def model(path: Path, kind: str, given: dict[str, Any], **attributes: Any) -> Path:
    """A file of one node; x is its input, the others are weights."""
    operands = [name if name in given else "" for name in NAMES]
    while not operands[-1]:
        operands.pop()
    outputs = ["y", "last", "cell"][: 3 if kind == "LSTM" else 2]
    node = helper.make_node(kind, operands, outputs, hidden_size=H, **attributes)
    weights = [
        onnx.numpy_helper.from_array(array, name) for name, array in given.items() if name != "x"
    ]
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, given["x"].shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        weights,
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    onnx.save(proto, path)
    return path


def found(path: Path, x: Any, options: dict[str, Any]) -> list[Any]:
    net = im.load(path)
    run = im.compile(net, im.spec(x.dtype, x.shape), **options)
    return list(run(x).values())


def sigmoid(x: Any) -> Any:
    return 1 / (1 + numpy.exp(-x))


def lstm(
    given: dict[str, Any], way: int = 0, input_forget: bool = False, clip: float = numpy.inf
) -> tuple[Any, Any, Any]:
    """The formulas of the standard, one sequence and one step after the other, in float64."""
    x, w, r, b = (given[name].astype(float) for name in "xwrb")
    b = b[way, : 4 * H] + b[way, 4 * H :]
    p = given["p"][way].astype(float) if "p" in given else numpy.zeros(3 * H)
    y = numpy.zeros((len(x), N, H))
    last, cell = numpy.zeros((N, H)), numpy.zeros((N, H))
    for n in range(N):
        h = given["h"][way, n].astype(float)
        c = given["c"][way, n].astype(float) if "c" in given else numpy.zeros(H)
        steps = list(range(given["lengths"][n] if "lengths" in given else len(x)))
        for t in reversed(steps) if way else steps:
            i, o, f, g = numpy.split(w[way] @ x[t, n] + r[way] @ h + b, 4)
            i = sigmoid(numpy.clip(i + p[:H] * c, -clip, clip))
            f = 1 - i if input_forget else sigmoid(numpy.clip(f + p[2 * H :] * c, -clip, clip))
            c = f * c + i * numpy.tanh(numpy.clip(g, -clip, clip))
            h = sigmoid(numpy.clip(o + p[H : 2 * H] * c, -clip, clip)) * numpy.tanh(c)
            y[t, n] = h
        last[n], cell[n] = h, c
    return y, last, cell


@pytest.mark.parametrize("lengths", [None, [2, 6]], ids=["whole", "lengths"])
@pytest.mark.parametrize("more", [(), ("c", "p")], ids=["plain", "peepholes"])
def test_lstm_both_ways(
    lengths: Any, more: Any, tmp_path: Path, any_backend: dict[str, Any]
) -> None:
    given = arrays("LSTM", 2)
    if lengths:
        given["lengths"] = numpy.array(lengths, numpy.int32)
    given |= {"c": f32(2, N, H), "p": f32(2, 3 * H)} if more else {}
    path = model(tmp_path / "m.onnx", "LSTM", given, direction="bidirectional")
    y, last, cell = found(path, given["x"], any_backend)
    for way in range(2):
        wanted = lstm(given, way)
        for one, other in zip((y[:, way], last[way], cell[way]), wanted, strict=True):
            numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_input_and_forget_gates_coupled(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    given = arrays("LSTM")
    path = model(tmp_path / "m.onnx", "LSTM", given, input_forget=1)
    y = found(path, given["x"], any_backend)[0]
    wanted = lstm(given, input_forget=True)[0]
    numpy.testing.assert_allclose(y[:, 0], wanted, rtol=1e-4, atol=1e-5)


def test_gates_are_clipped_and_the_cell_is_not(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    given = arrays("LSTM") | {"c": f32(1, N, H) * 4}
    path = model(tmp_path / "m.onnx", "LSTM", given, clip=0.5)
    y = found(path, given["x"], any_backend)[0]
    numpy.testing.assert_allclose(y[:, 0], lstm(given, clip=0.5)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", GATES)
def test_batch_first_is_the_same_transposed(
    kind: str, tmp_path: Path, any_backend: dict[str, Any]
) -> None:
    given = arrays(kind, 2)
    plain = model(tmp_path / "0.onnx", kind, given, direction="bidirectional")
    y, last, *_ = found(plain, given["x"], any_backend)
    turned = {**given, "x": given["x"].swapaxes(0, 1).copy(), "h": given["h"].swapaxes(0, 1).copy()}
    other = model(tmp_path / "1.onnx", kind, turned, direction="bidirectional", layout=1)
    y1, last1, *_ = found(other, turned["x"], any_backend)
    numpy.testing.assert_allclose(y1, y.transpose(2, 0, 1, 3), atol=1e-6)
    numpy.testing.assert_allclose(last1, last.swapaxes(0, 1), atol=1e-6)


@pytest.mark.parametrize("after", [0, 1])
def test_gru(after: int, tmp_path: Path, any_backend: dict[str, Any]) -> None:
    given = arrays("GRU")
    path = model(tmp_path / "m.onnx", "GRU", given, linear_before_reset=after)
    y, last = found(path, given["x"], any_backend)
    w, r, b = (given[name][0].astype(float) for name in "wrb")
    (wz, wq, wg), (rz, rq, rg) = numpy.split(w, 3), numpy.split(r, 3)
    bz, bq, bg, cz, cq, cg = numpy.split(b, 6)
    h = given["h"][0].astype(float)
    for t, x in enumerate(given["x"].astype(float)):
        z = sigmoid(x @ wz.T + h @ rz.T + bz + cz)
        q = sigmoid(x @ wq.T + h @ rq.T + bq + cq)
        state = q * (h @ rg.T + cg) if after else (q * h) @ rg.T + cg
        h = (1 - z) * numpy.tanh(x @ wg.T + bg + state) + z * h
        numpy.testing.assert_allclose(y[t, 0], h, rtol=1e-4, atol=1e-5)
    numpy.testing.assert_allclose(last[0], h, rtol=1e-4, atol=1e-5)


def test_activations_take_their_numbers_in_order(
    tmp_path: Path, any_backend: dict[str, Any]
) -> None:
    given = arrays("RNN", 2)
    del given["b"]
    path = model(
        tmp_path / "m.onnx", "RNN", given, direction="bidirectional",
        activations=["ScaledTanh", "LeakyRelu"],
        activation_alpha=[0.5, 0.25], activation_beta=[2.0],
    )  # fmt: skip
    y = found(path, given["x"], any_backend)[0]
    first = given["x"][0] @ given["w"][0].T + given["h"][0] @ given["r"][0].T
    numpy.testing.assert_allclose(y[0, 0], 0.5 * numpy.tanh(2 * first), rtol=1e-4, atol=1e-5)
    last = given["x"][-1] @ given["w"][1].T + given["h"][1] @ given["r"][1].T
    wanted = numpy.where(last < 0, 0.25 * last, last)
    numpy.testing.assert_allclose(y[-1, 1], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"activations": ["Cosine"]}, "activation 'cosine'"),
        ({"activations": ["Tanh"], "activation_alpha": [0.5]}, "do not take so many"),
        ({"activations": ["Affine"]}, "it takes 2 to 2 numbers"),
        ({"activation_alpha": [0.5]}, "without activations"),
        ({"clip": 0.0}, "clip=0.0"),
        ({"direction": "sideways"}, "direction='sideways'"),
        ({"lengths": [3, 7]}, "sequence_lens in 3..7 of x with 6 steps"),
    ],
)
def test_what_is_refused(attributes: dict[str, Any], said: str, tmp_path: Path) -> None:
    given, attributes = arrays("RNN"), dict(attributes)
    if "lengths" in attributes:
        given["lengths"] = numpy.array(attributes.pop("lengths"), numpy.int32)
    path = model(tmp_path / "m.onnx", "RNN", given, **attributes)
    with pytest.raises(UsageError, match=said):
        im.load(path)(given["x"])


@pytest.mark.parametrize("per_gate", [False, True])
def test_weights_of_eight_bits(per_gate: bool, tmp_path: Path, any_backend: dict[str, Any]) -> None:
    """As ONNX Runtime does, of weights whose products do not saturate on any processor."""
    directions, rows = 2, 4 * H
    scale = numpy.full((directions, rows) if per_gate else directions, 0.02, numpy.float32)
    zero = numpy.zeros(scale.shape, numpy.int8)
    given = {
        "w": RANDOM.integers(-60, 60, (directions, I, rows), numpy.int8),
        "r": RANDOM.integers(-60, 60, (directions, H, rows), numpy.int8),
        "b": f32(directions, 2 * rows),
        **{"w_scale": scale, "w_zero": zero, "r_scale": scale, "r_zero": zero},
    }
    names = ["x", "w", "r", "b", "", "", "", "", "w_scale", "w_zero", "r_scale", "r_zero"]
    node = helper.make_node(
        "DynamicQuantizeLSTM", names, ["y", "last", "cell"], domain="com.microsoft",
        hidden_size=H, direction="bidirectional",
    )  # fmt: skip
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["t", "n", I])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output],
        [onnx.numpy_helper.from_array(array, name) for name, array in given.items()],
    )
    opsets = [helper.make_opsetid("", 14), helper.make_opsetid("com.microsoft", 1)]
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    x = f32(T, 1, I) * 2
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for one, other in zip(found(path, x, any_backend), session.run(None, {"x": x}), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    with pytest.raises(UsageError, match="2 sequences at once"):
        im.load(path)(f32(T, 2, I))
