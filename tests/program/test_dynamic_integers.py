"""`levers={"quantization": "dynamic"}`: integers of each call's own range, without samples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, np, npx
from isthmus.errors import UsageError
from isthmus.gpu_backend.saturation import saturates
from isthmus.program.export import export_graph

pytest.importorskip("onnxruntime")

GPU: dict[str, Any] = {"backend": "gpu", "device": "cpu"}
DYNAMIC: dict[str, Any] = {**GPU, "precision": "int8", "levers": {"quantization": "dynamic"}}
RANDOM = numpy.random.default_rng(4)
SPEC = im.spec("float32", ["batch", "seq", 64])
NEAR = 0.06  # of the largest result, by weights of seven bits
LARGEST = 63 if saturates() else 127  # of the integers that a weight becomes here
WIDE = RANDOM.integers(-LARGEST, LARGEST + 1, (64, 32)).astype(numpy.float32)
WIDE[:2] = [[LARGEST], [-LARGEST]]  # of which each column's scale is one


class Net(nn.Block):
    """Two layers that read one array, and one that reads what they make."""

    def __init__(self) -> None:
        self.one, self.two = nn.Dense(48, 64), nn.Dense(48, 64, bias=False)
        self.last = nn.Dense(5, 48)

    def forward(self, x: Any) -> Any:
        return self.last(np.tanh(self.one(x)) * self.two(x))


def net() -> Net:
    made = Net()
    made.initialize(seed=2)
    return made


NET = net()


def rows(*shape: int) -> Any:
    return RANDOM.standard_normal(shape, numpy.float32)


def near(found: Any, wanted: Any, part: float) -> None:
    numpy.testing.assert_allclose(found, wanted, rtol=0, atol=part * abs(wanted).max())


def kinds(run: Any) -> Counter[str]:
    return Counter(node.op.name for node in run.traced.graph.nodes())


@pytest.fixture(scope="module")
def run() -> Any:
    return im.compile(NET, SPEC, **DYNAMIC)


@pytest.mark.parametrize("shape", [(1, 1, 64), (3, 7, 64), (2, 130, 64)])
def test_it_is_near_float32(run: Any, shape: tuple[int, ...]) -> None:
    x = rows(*shape)
    near(run(x), NET(x), NEAR)


def test_every_product_runs_in_integers_and_says_so(run: Any) -> None:
    explained = run.explain()
    assert "asked int8: 3 of 3 matrix products" in explained and "quantization=dynamic" in explained
    assert "DequantizeLinear" not in explained  # nobody reads it
    assert kinds(run)["npx.dynamic_quantize"] == 2  # of what two layers read once


def test_ranges_are_those_of_the_call() -> None:
    """A settled range of other inputs would cut these off, or leave them no integers."""
    made = im.compile(NET.two, SPEC, **DYNAMIC)
    for times in (1e-3, 1.0, 1e3):
        x = rows(2, 5, 64) * numpy.float32(times)
        near(made(x), NET.two(x), NEAR)


def test_sums_are_exact() -> None:
    x = RANDOM.integers(-128, 128, (5, 64)).astype(numpy.float32)
    x[0, :2] = [-128, 127]
    found = im.compile(lambda x: x @ WIDE, im.spec("float32", ["n", 64]), **DYNAMIC)(x)
    near(found, x @ WIDE, 1e-6)


def test_full_weights_do_not_saturate() -> None:
    """Pairs of the largest products, which some kernels add in 16 bits."""
    weight = numpy.full((256, 8), 1, numpy.float32)
    run = im.compile(lambda x: x @ weight, im.spec("float32", ["n", 256]), **DYNAMIC)
    near(run(numpy.ones((3, 256), numpy.float32)), numpy.full((3, 8), 256.0), 1e-5)


def test_sums_beyond_32_bits_stay_in_float32() -> None:
    weight = numpy.ones((150_000, 2), numpy.float32)
    x = numpy.ones((1, 150_000), numpy.float32)
    with pytest.raises(UsageError, match="matrix product"):
        im.compile(lambda x: np.tanh(x), im.spec("float32", [3]), **DYNAMIC)
    run = im.compile(lambda x: x @ weight, im.spec("float32", ["n", 150_000]), **DYNAMIC)
    near(run(x), x @ weight, 1e-5)


def test_an_empty_batch_and_zeros(run: Any) -> None:
    assert run(numpy.zeros((0, 4, 64), numpy.float32)).shape == (0, 4, 5)
    zero = numpy.zeros((1, 2, 64), numpy.float32)
    near(run(zero), NET(zero), NEAR)


def test_convolutions_stay_in_float32() -> None:
    weight, table = rows(4, 3, 3, 3), rows(4, 2)

    def function(x: Any) -> Any:
        return np.mean(npx.convolution(x, weight), axis=(2, 3)) @ table

    made = im.compile(function, im.spec("float32", ["n", 3, 8, 8]), **DYNAMIC)
    assert kinds(made)["npx.dynamic_quantize"] == 1
    assert "asked int8: 1 of 2" in made.explain()
    x = rows(2, 3, 8, 8)
    near(made(x), function(x), NEAR)


def test_overrides_keep_layers_in_float32() -> None:
    made = im.compile(NET, SPEC, **DYNAMIC, overrides={"last": "f32"})
    assert kinds(made)["npx.dynamic_quantize"] == 1


@pytest.mark.parametrize("place", [{"backend": "numpy"}, {"backend": "cpu"}, GPU], ids=str)
def test_it_travels(run: Any, tmp_path: Path, place: dict[str, Any]) -> None:
    if place["backend"] == "cpu":
        pytest.importorskip("openvino")
    run.save(tmp_path / "net.im")
    lower: dict[str, Any] = {} if place is GPU else {"precision": "f32"}
    loaded = im.load(tmp_path / "net.im", **place, **lower)
    x = rows(3, 7, 64)
    near(loaded(x), run(x), NEAR)  # a step more or less, beside a half
    near(loaded(x), NET(x), NEAR)
    if place is GPU:
        assert "quantization=dynamic" in loaded.explain()
        numpy.testing.assert_array_equal(loaded(x), run(x), strict=True)


def test_it_is_exported_in_operations_of_the_standard(run: Any, tmp_path: Path) -> None:
    import onnx
    import onnxruntime

    export_graph(run.traced.graph, tmp_path / "net.onnx", run.options)
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(
        tmp_path / "net.onnx", providers=["CPUExecutionProvider"]
    )
    x = rows(2, 3, 64)
    (found,) = session.run(None, {"x": x})
    near(found, NET(x), NEAR)


def test_jit_needs_no_call_to_settle_on() -> None:
    called = im.jit(NET, **DYNAMIC)
    x = rows(1, 3, 64)
    near(called(x), NET(x), NEAR)
    (made,) = called.executables.known.values()
    assert kinds(made)["npx.dynamic_quantize"] == 2


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "samples": ({**DYNAMIC, "samples": [rows(1, 1, 64)]}, "takes none; leave out one of them"),
    "no integers": ({**DYNAMIC, "precision": "f32"}, "has no 'quantization' with precision='f32'"),
    "OpenVINO": ({**DYNAMIC, "backend": "cpu", "device": None}, "has no 'quantization'"),
    "CUDA": ({**DYNAMIC, "device": "cuda"}, "has no 'quantization'"),
    "value": ({**DYNAMIC, "levers": {"quantization": "often"}}, "give 'static' or 'dynamic'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told(name: str) -> None:
    options, said = MISTAKES[name]
    if options["backend"] == "cpu":
        pytest.importorskip("openvino")
    with pytest.raises(UsageError, match=said):
        im.compile(NET, SPEC, **options)
