"""Weights alone in integers of eight bits."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy
import pytest
from backends import BACKENDS, INSTALLED, each_backend
from half_net import GIVEN, NET, X, exact

import isthmus as im
from isthmus import nn, npx
from isthmus.errors import UsageError

SMALL = {"weights": "int8"}


onnxruntime = pytest.importorskip("onnxruntime")


def options_of(backend: str) -> dict[str, Any]:
    return {**BACKENDS[backend], **SMALL}


def test_a_weight_is_within_half_a_step_of_its_channel() -> None:
    """127 steps to each side; a channel of zeros, and one a million times as large as another."""
    w = numpy.random.default_rng(0).standard_normal((5, 8)).astype(numpy.float32)
    w[1], w[2] = 0, w[2] * 1e6
    run = im.compile(lambda x: npx.fully_connected(x, w), X, backend="numpy", weights="int8")
    back = run(numpy.eye(8, dtype=numpy.float32)).T
    step = abs(w).max(axis=1, keepdims=True) / 127
    assert (abs(back - w) <= step / 2 * (1 + 1e-5)).all()
    assert not back[1].any()


@each_backend
def test_every_backend_multiplies_by_the_same_weights(backend: str) -> None:
    """And by no rounded arrays: OpenVINO would round them to integers as well, unasked."""
    wanted = im.compile(NET, X, **options_of("numpy"))(GIVEN)
    run = im.compile(NET, X, **options_of(backend))
    numpy.testing.assert_allclose(run(GIVEN), wanted, rtol=0, atol=1e-6)
    assert not numpy.array_equal(wanted, exact())
    numpy.testing.assert_allclose(wanted, exact(), rtol=0, atol=5 * 8 / 127)
    assert "f32, weights in int8" in run.explain().splitlines()[0]


def test_explain_tells_what_multiplies_and_not_how_the_weights_are_kept(tmp_path: Path) -> None:
    """Also of a dense layer that is large enough for OpenVINO to round arrays, were it let to."""
    rng = numpy.random.default_rng(0)
    w = rng.standard_normal((1000, 1280)).astype(numpy.float32)
    x = rng.standard_normal((4, 1280)).astype(numpy.float32)
    spec = im.spec("float32", ["n", 1280])
    wanted, run = (
        im.compile(lambda x: npx.fully_connected(x, w), spec, backend=backend, weights="int8")
        for backend in ("numpy", "cpu")
    )
    run.save(tmp_path / "net.im")
    for one in (run, im.load(tmp_path / "net.im")):
        numpy.testing.assert_allclose(one(x), wanted(x), rtol=1e-5, atol=1e-3)
        said = one.explain()
        assert "FullyConnected f32" in said and " i8" not in said and " u8" not in said


@each_backend
def test_convolutions_and_loops_have_them(backend: str) -> None:
    rng = numpy.random.default_rng(0)
    kernel = rng.standard_normal((4, 2, 3, 3)).astype(numpy.float32)
    groups = rng.standard_normal((4, 1, 3, 3)).astype(numpy.float32)
    w = (rng.standard_normal((6, 6)) / 4).astype(numpy.float32)

    def images(x: Any) -> Any:
        return npx.convolution(npx.relu(npx.convolution(x, kernel)), groups, groups=4)

    def steps(x: Any) -> Any:
        def step(row: Any, state: Any) -> Any:
            state = im.np.tanh(npx.fully_connected(row + state, w))
            return state, state

        return npx.foreach(step, x, im.np.zeros((2, 6), "float32"))[0]

    for function, shape in ((images, (2, 8, 8)), (steps, (2, 6))):
        x = rng.standard_normal((2, *shape)).astype(numpy.float32)
        spec = im.spec("float32", ("n", *shape))
        wanted = im.compile(function, spec, **options_of("numpy"))(x)
        run = im.compile(function, spec, **options_of(backend))
        assert sum(node.op.name == "npx.dequantize" for node in run.graph.all_nodes()) >= 1
        numpy.testing.assert_allclose(run(x), wanted, rtol=1e-5, atol=1e-5)


def test_nobody_keeps_the_floats() -> None:
    w = numpy.ones((64, 64), numpy.float32)
    net = nn.Dense(64, 64)
    net.set_parameters({"weight": w, "bias": numpy.ones(64, numpy.float32)})
    held = weakref.ref(net.weight.data())
    run = im.compile(net, im.spec("float32", ["n", 64]), backend="numpy", weights="int8")
    del net, w
    gc.collect()
    assert held() is None
    floats = [c.array for c in run.traced.graph.constants() if c.array.dtype == numpy.float32]
    assert max(array.size for array in floats) == 64


def test_a_file_is_smaller_and_computes_the_same(tmp_path: Path) -> None:
    w = numpy.random.default_rng(0).standard_normal((256, 128)).astype(numpy.float32)
    spec = im.spec("float32", ["n", 128])
    x = numpy.ones((2, 128), numpy.float32)
    run = im.compile(lambda x: npx.fully_connected(x, w), spec, **options_of("numpy"))
    run.save(tmp_path / "small.im")
    assert (tmp_path / "small.im").stat().st_size < 0.35 * w.nbytes
    for name in INSTALLED:
        loaded = im.load(tmp_path / "small.im", **BACKENDS[name])
        numpy.testing.assert_allclose(loaded(x), run(x), rtol=1e-5, atol=1e-5)
    im.export(lambda x: npx.fully_connected(x, w), spec, tmp_path / "small.onnx", weights="int8")
    assert (tmp_path / "small.onnx").stat().st_size < 0.35 * w.nbytes
    found = onnxruntime.InferenceSession(tmp_path / "small.onnx").run(None, {"x": x})
    numpy.testing.assert_allclose(found[0], run(x), rtol=1e-5, atol=1e-5)
    im.export(lambda x: npx.fully_connected(x, w), spec, tmp_path / "small.xml", weights="int8")
    assert (tmp_path / "small.bin").stat().st_size < 0.35 * w.nbytes


def test_what_the_user_keeps_stays() -> None:
    run = im.compile(NET, X, **options_of("numpy"), overrides={"layers": "f32"})
    names = set(run.traced.graph.constant_names.values())
    kinds = {
        run.traced.graph.constant_names[id(c.array)]: c.array.dtype.name
        for c in run.traced.graph.constants()
        if id(c.array) in run.traced.graph.constant_names
    }
    assert (kinds["first.weight"], kinds["layers.0.weight"]) == ("int8", "float32")
    assert "layers.1.weight" in names


def test_beside_half_precision() -> None:
    both = im.compile(NET, X, **options_of("numpy"), precision="f16")(GIVEN)
    alone = im.compile(NET, X, **options_of("numpy"))(GIVEN)
    assert not numpy.array_equal(both, alone)
    numpy.testing.assert_allclose(both, alone, rtol=0, atol=5 * 8 * 2.0**-10)


def test_a_program_without_weights_is_told() -> None:
    with pytest.raises(UsageError, match="without a convolution or matrix product of float32 by"):
        im.compile(im.np.tanh, X, weights="int8")
