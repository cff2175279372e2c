"""Scales and shifts behind a layer go into its weights where the runtime would not put them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import isthmus as im
from isthmus import nn, np, npx
from isthmus.program.executable import Executable

pytest.importorskip("onnxruntime")

F32 = numpy.float32
RANDOM = numpy.random.default_rng(0)
GAMMA, BETA, MEAN = (RANDOM.standard_normal(6).astype(F32) + 2 for _ in range(3))
DEVIATION = numpy.sqrt(abs(RANDOM.standard_normal(6)) + 0.5).astype(F32)
WINDOWS = RANDOM.standard_normal((6, 4, 3, 3)).astype(F32)
MATRIX, BIAS = RANDOM.standard_normal((6, 4)).astype(F32), RANDOM.standard_normal(6).astype(F32)
IMAGE = RANDOM.standard_normal((2, 4, 5, 5)).astype(F32)
ROWS = RANDOM.standard_normal((3, 4)).astype(F32)


def channels(vector: Any) -> Any:
    return vector.reshape(1, -1, 1, 1)


def convolved(x: Any) -> Any:
    return npx.convolution(x, WINDOWS, padding=1)


def normalized(y: Any, of: Any = lambda vector: vector) -> Any:
    return (y - of(MEAN)) / of(DEVIATION) * of(GAMMA) + of(BETA)


def dense(x: Any) -> Any:
    return npx.fully_connected(x, MATRIX, BIAS)


FOLDED = {
    "convolution": (lambda x: normalized(convolved(x), channels), IMAGE, "npx.convolution"),
    "reciprocal": (
        lambda x: channels(BETA) + convolved(x) * channels(GAMMA / DEVIATION),
        IMAGE,
        "npx.convolution",
    ),
    "turned around": (
        lambda x: 3 - (channels(MEAN)[0] - convolved(x)) * 0.5, IMAGE, "npx.convolution",
    ),
    "dense": (lambda x: normalized(dense(x)), ROWS, "npx.fully_connected"),
    "dense without bias": (
        lambda x: normalized(npx.fully_connected(x, MATRIX, None)), ROWS, "npx.fully_connected",
    ),
    "dense of three axes": (lambda x: normalized(dense(x[None])), ROWS, "npx.fully_connected"),
    "batch_norm": (
        lambda x: npx.batch_norm(dense(x), GAMMA, BETA, MEAN, DEVIATION), ROWS,
        "npx.fully_connected",
    ),
    "product": (lambda x: normalized(x @ MATRIX.T), ROWS, "np.matmul"),
}  # fmt: skip


def compiled(function: Any, x: Any, backend: str = "gpu") -> Executable:
    device: dict[str, Any] = {"device": "cpu"} if backend == "gpu" else {}
    return im.compile(function, im.spec("float32", x.shape), backend=backend, threads=1, **device)


def operators(run: Executable) -> list[str]:
    return [node.op.name for node in run.graph.nodes()]


def assert_as_numpy(run: Executable, function: Any, x: Any) -> None:
    numpy.testing.assert_allclose(run(x), compiled(function, x, "numpy")(x), 1e-5, 1e-5)


@pytest.mark.parametrize("name", FOLDED)
def test_a_line_goes_into_the_layer(name: str) -> None:
    function, x, layer = FOLDED[name]
    run = compiled(function, x)
    found = [op for op in operators(run) if op not in ("np.getitem", "np.expand_dims")]
    assert found in ([layer], [layer, "np.add"])
    assert_as_numpy(run, function, x)
    bad = x.copy()
    bad.flat[1], bad.flat[-1] = numpy.nan, numpy.inf
    assert_as_numpy(run, function, bad)


@pytest.mark.parametrize("name", FOLDED)
def test_openvino_computes_it_in_the_layer_itself(name: str) -> None:
    function, x, _ = FOLDED[name]
    run = compiled(function, x, "cpu")
    layers = [text.split()[0] for text in run._run.runners[0].describe()]
    assert not {"Eltwise", "Subgraph"} & set(layers)
    assert_as_numpy(run, function, x)


KEPT = {
    "read beside": lambda x: normalized(y := dense(x)) + y,
    "a result beside": lambda x: {"y": (y := dense(x)), "z": y * GAMMA},
    "by rows": lambda x: dense(x) * numpy.array([[1], [2], [3]], F32),
    "a scale of 0": lambda x: dense(x) * numpy.array([0, 1, 1, 1, 1, 1], F32),
    "an infinite scale": lambda x: dense(x) * numpy.array([numpy.inf, 1, 1, 1, 1, 1], F32),
    "divided by 0": lambda x: dense(x) / numpy.array([0, 1, 1, 1, 1, 1], F32),
    "a divisor itself": lambda x: GAMMA / dense(x),
    "weights that are made": lambda x: npx.fully_connected(x, MATRIX * np.sum(x), BIAS) * GAMMA,
    "a shift alone": lambda x: x @ MATRIX.T + BIAS,
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_no_such_line_stays(name: str) -> None:
    run = compiled(KEPT[name], ROWS)
    from isthmus.graph.passes import expand, without_idle_nodes

    graph = expand(run.traced.graph, lambda node: run.backend.fuses(node, run.options))
    assert operators(run) == [node.op.name for node in without_idle_nodes(graph).nodes()]
    found, wanted = run(ROWS), compiled(KEPT[name], ROWS, "numpy")(ROWS)
    for key in wanted if isinstance(wanted, dict) else [...]:
        numpy.testing.assert_allclose(found[key], wanted[key], 1e-5, 1e-5)


def test_a_long_chain_of_numbers_is_no_recursion() -> None:
    def chain(x: Any) -> Any:
        y = dense(x)
        for _ in range(1500):
            y = y * 0.999 + 0.001
        return y

    assert_as_numpy(compiled(chain, ROWS), chain, ROWS)


def test_weights_keep_their_names_in_files(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")

    class Net(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Dense(6, in_units=4)

        def forward(self, x: Any) -> Any:
            return self.dense(x) * GAMMA + BETA

    net = Net()
    net.initialize()
    im.export(net, im.spec("float32", ["n", 4]), tmp_path / "net.onnx")
    graph = onnx.load(tmp_path / "net.onnx").graph
    assert [node.op_type for node in graph.node] == ["Gemm"]
    assert "dense.weight" in [tensor.name for tensor in graph.initializer]


def test_inside_of_loops() -> None:
    def loop(x: Any) -> Any:
        return npx.foreach(lambda row, s: (normalized(dense(row)), s), x, np.zeros(1, F32))[0]

    run = compiled(loop, ROWS)
    assert "np.divide" not in {node.op.name for node in run.graph.all_nodes()}
    assert_as_numpy(run, loop, ROWS)


@given(st.lists(st.sampled_from(["+", "-", "*", "/", "turned", "number"]), max_size=6), st.data())
def test_any_line_of_numbers_and_vectors(steps: list[str], data: Any) -> None:
    def line(x: Any) -> Any:
        y = dense(x)
        for step in steps:
            match step:
                case "+":
                    y = y + BETA
                case "-":
                    y = y - MEAN
                case "*":
                    y = GAMMA * y
                case "/":
                    y = y / DEVIATION
                case "turned":
                    y = MEAN - y
                case "number":
                    y = y * 0.5
        return y

    assert_as_numpy(compiled(line, ROWS), line, ROWS)
