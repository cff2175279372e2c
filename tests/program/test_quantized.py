"""`precision="int8"` from compile to files: samples, overrides, errors, and what travels."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest

import isthmus as im
from isthmus import nn, np, npx
from isthmus.cpu_backend.facts import beside_integers
from isthmus.errors import UsageError
from isthmus.graph.nodes import Constant
from isthmus.program.backend import find_backend
from isthmus.program.options import Options
from isthmus.system import machine
from isthmus.trace.op import OPERATORS

DEQUANTIZE = OPERATORS["npx.dequantize"]
SPEC = im.spec("float32", ["n", 3, 8, 8])
SAMPLES = [numpy.random.default_rng(i).standard_normal((1 + i, 3, 8, 8), numpy.float32)
           for i in range(3)]  # fmt: skip


class Net(nn.Block):
    def __init__(self) -> None:
        self.first = nn.Conv2D(16, 3, kernel=3, padding=1, bias=True)
        self.second = nn.Sequential(nn.Conv2D(16, 16, kernel=1), nn.BatchNorm(16))
        self.head = nn.Dense(5, 16)

    def forward(self, x: Any) -> Any:
        x = npx.relu(self.second(npx.relu(self.first(x))))
        return self.head(np.mean(x, axis=(2, 3)))


def net() -> Net:
    made = Net()
    made.initialize(seed=1)
    return made


NET = net()


def compiled(backend: dict[str, Any], samples: Any = SAMPLES, **options: Any) -> Any:
    return im.compile(NET, SPEC, precision="int8", samples=samples, **backend, **options)


def weights(run: Any) -> dict[str, Any]:
    graph = run.traced.graph
    return {graph.constant_names.get(id(c.array)): c.array for c in graph.constants()}


def test_it_is_near_float32_and_says_so(any_backend: dict[str, Any]) -> None:
    exact, found = im.compile(NET, SPEC, **any_backend), compiled(any_backend)
    for x in SAMPLES:
        numpy.testing.assert_allclose(found(x), exact(x), atol=0.02 * abs(exact(x)).max())
    assert "int8" in found.explain()


def test_openvino_runs_it_in_integers_and_tells() -> None:
    explained = compiled({"backend": "cpu"}).explain()
    assert "2 x Convolution u8" in explained and "FullyConnected u8" in explained


def test_what_integers_leave_is_said_to_be_in_what_openvino_chose() -> None:
    offered = find_backend("cpu").precisions(Options())  # type: ignore[attr-defined]
    rest = "bf16" if "bf16" in offered and "amx_int8" in machine.processor_flags() else "f32"
    assert f"   what is not in integers: {rest}\n" in compiled({"backend": "cpu"}).explain()
    assert "not in integers" not in im.compile(NET, SPEC, precision="f32").explain()


@pytest.mark.parametrize("device", [None, "cuda"])
def test_cuda_which_multiplies_no_integers_is_not_asked_to(device: str | None) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(UsageError, match=r"no such arithmetic.*give 'f32' or 'bf16' or 'f16'$"):
        compiled({"backend": "gpu", "device": device})


def test_samples_by_name_by_position_and_in_another_order(any_backend: dict[str, Any]) -> None:
    first = compiled(any_backend)
    for samples in ([(x,) for x in SAMPLES], [{"x": x} for x in SAMPLES], SAMPLES[::-1]):
        other = compiled(any_backend, samples)
        for name, array in weights(first).items():
            numpy.testing.assert_array_equal(array, weights(other)[name], strict=True)
        numpy.testing.assert_array_equal(first(SAMPLES[0]), other(SAMPLES[0]), strict=True)


def test_it_is_saved_loaded_and_sent(tmp_path: Path, any_backend: dict[str, Any]) -> None:
    run = compiled(any_backend)
    run.save(tmp_path / "net.im")
    for other in (im.load(tmp_path / "net.im", **any_backend), pickle.loads(pickle.dumps(run))):
        numpy.testing.assert_array_equal(other(SAMPLES[1]), run(SAMPLES[1]), strict=True)
        assert weights(other)["second.0.weight"].dtype == numpy.int8
        assert other.options.precision == "int8"
    size = (tmp_path / "net.im").stat().st_size
    im.compile(NET, SPEC).save(tmp_path / "exact.im")
    assert size < (tmp_path / "exact.im").stat().st_size + 6000  # of the added nodes' text


def test_a_block_or_an_operator_stays_in_float32() -> None:
    kept = compiled({"backend": "cpu"}, overrides={"second": "f32"})
    assert weights(kept)["second.0.weight"].dtype == numpy.float32
    assert weights(kept)["first.weight"].dtype == numpy.int8
    assert "Convolution u8" in kept.explain()
    assert f"Convolution {beside_integers()}" in kept.explain()
    dense = compiled({"backend": "cpu"}, overrides={"npx.fully_connected": "f32"})
    assert weights(dense)["head.weight"].dtype == numpy.float32
    both = {"second": "f32", "npx.convolution": "f32"}
    with pytest.raises(UsageError, match="without a convolution"):
        compiled({"backend": "cpu"}, overrides={**both, "npx.fully_connected": "f32"})


@pytest.mark.parametrize("name", ["np.einsum", "np.tensordot"])
@pytest.mark.parametrize("asked", ["precision", "weights"])
def test_an_operator_that_hides_a_layer_stays_in_float32(name: str, asked: str) -> None:
    kept = numpy.eye(6, 4, dtype=numpy.float32) * 0.3
    whole = numpy.eye(4, dtype=numpy.float32)
    products = {
        "np.einsum": lambda x: np.einsum("nc,cd->nd", x, kept),
        "np.tensordot": lambda x: np.tensordot(x, kept, 1),
    }
    x = numpy.random.default_rng(0).standard_normal((3, 6), numpy.float32)
    low: dict[str, Any] = {"precision": "int8", "samples": [x]}
    options = low if asked == "precision" else {"weights": "int8"}
    spec = im.spec("float32", ["n", 6])
    run = im.compile(lambda x: products[name](x) @ whole, spec, overrides={name: "f32"}, **options)
    dtypes = {c.array.dtype.name for c in run.traced.graph.constants() if c.array.shape == (6, 4)}
    assert dtypes == {"float32"}
    assert DEQUANTIZE in {node.op for node in run.traced.graph.nodes()}


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_a_bias_beside_tiny_weights_is_not_lost(kind: str, any_backend: dict[str, Any]) -> None:
    """One channel without weights to speak of: in units of its sums the bias has 40 bits."""
    random = numpy.random.default_rng(0)
    image = kind == "convolution"
    weight = random.standard_normal((5, 8, 1, 1) if image else (5, 8), numpy.float32)
    weight[2] *= numpy.float32(1e-12)
    bias = numpy.array([1, -2, 3, 4, -5], numpy.float32)
    x = random.standard_normal((2, 8, 6, 6) if image else (4, 8), numpy.float32)

    def call(x: Any) -> Any:
        if image:
            return npx.relu(npx.convolution(x, weight) + bias[:, None, None])
        return npx.relu(npx.fully_connected(x, weight, bias))

    spec = im.spec("float32", x.shape)
    exact = im.compile(call, spec, backend="numpy")(x)
    found = im.compile(call, spec, precision="int8", samples=[x], **any_backend)(x)
    numpy.testing.assert_allclose(found, exact, rtol=0, atol=0.03 * exact.max())


@pytest.mark.parametrize("size", [1e-33, 1e-20, 1e-9, 3e-7, 1, 1e25, 1e34, 1e36])
@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_tiny_and_huge_numbers_are_as_near_as_others(
    kind: str, size: float, any_backend: dict[str, Any]
) -> None:
    random = numpy.random.default_rng(0)
    image = kind == "convolution"
    weight = random.standard_normal((4, 4, 3, 3) if image else (5, 8), numpy.float32) / 4
    x = random.standard_normal((2, 4, 6, 6) if image else (4, 8), numpy.float32)
    x *= numpy.float32(size)
    layer = npx.convolution if image else npx.fully_connected

    def call(x: Any) -> Any:
        return npx.relu(layer(x, weight)) * 0.5

    spec = im.spec("float32", x.shape)
    exact = im.compile(call, spec, backend="numpy")(x)
    found = im.compile(call, spec, precision="int8", samples=[x], **any_backend)(x)
    numpy.testing.assert_allclose(found, exact, rtol=0, atol=0.03 * exact.max())


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_a_file_holds_the_integers(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / f"net{suffix}"
    im.export(NET, SPEC, path, precision="int8", samples=SAMPLES)
    wanted = compiled({"backend": "numpy"})
    for x in SAMPLES:
        found = ran(path, x)
        numpy.testing.assert_allclose(found, wanted(x), atol=0.02 * abs(wanted(x)).max())


def ran(path: Path, x: Any) -> Any:
    if path.suffix == ".onnx":
        import onnxruntime

        return onnxruntime.InferenceSession(path).run(None, {"x": x})[0]
    import openvino

    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model([x])[0]


def test_onnx_runtime_fuses_a_file_into_kernels_of_integers(tmp_path: Path) -> None:
    onnxruntime, onnx = pytest.importorskip("onnxruntime"), pytest.importorskip("onnx")
    im.export(NET, SPEC, tmp_path / "net.onnx", precision="int8", samples=SAMPLES)
    settings = onnxruntime.SessionOptions()
    settings.optimized_model_filepath = str(tmp_path / "fused.onnx")
    onnxruntime.InferenceSession(tmp_path / "net.onnx", settings)
    kinds = [node.op_type for node in onnx.load(tmp_path / "fused.onnx").graph.node]
    assert "QLinearConv" in kinds and "QGemm" in kinds


def test_wide_weights_of_another_machine_are_not_computed_wrongly() -> None:
    """A program that was quantized where sums do not saturate, on one where they may."""
    weight = numpy.ones((64, 64, 1, 1), numpy.float32)
    x = numpy.ones((1, 64, 14, 14), numpy.float32)
    spec = im.spec("float32", x.shape)
    made = im.compile(
        lambda x: npx.convolution(x, weight), spec, backend="numpy", precision="int8", samples=[x]
    )
    (whole,) = (c.array for c in made.traced.graph.constants() if c.array.shape == weight.shape)
    assert whole.max() == 127
    numpy.testing.assert_allclose(made(x), 64, rtol=0.01)
    for backend in ("cpu", "gpu"):
        device = "cpu" if backend == "gpu" else None
        other = type(made)(made.traced, backend, im.compile(
            np.tanh, spec, backend=backend, device=device).options, "allow")  # fmt: skip
        numpy.testing.assert_allclose(other(x), 64, rtol=0.01)


def test_layers_inside_other_operators_are_found() -> None:
    weight = numpy.eye(4, 6, dtype=numpy.float32)

    @im.composite
    def inner(x: Any, /) -> Any:
        return np.tanh(npx.fully_connected(x, weight))

    x = numpy.ones((2, 6), numpy.float32)
    run = im.compile(
        lambda x: inner(x), im.spec("float32", ["n", 6]), precision="int8", samples=[x]
    )
    assert DEQUANTIZE in {node.op for node in run.traced.graph.nodes()}
    numpy.testing.assert_allclose(run(x), numpy.tanh(x @ weight.T), atol=0.01)


def test_what_is_always_zero_stays_in_float32() -> None:
    weight = numpy.ones((3, 4), numpy.float32)
    zeros, ones = numpy.zeros((2, 4), numpy.float32), numpy.ones((2, 4), numpy.float32)
    run = im.compile(
        lambda x, y: npx.fully_connected(x, weight) + npx.fully_connected(y, weight),
        (im.spec("float32", [2, 4]),) * 2, precision="int8", samples=[(zeros, ones)],
    )  # fmt: skip
    numpy.testing.assert_allclose(run(ones * 1000, ones), numpy.full((2, 3), 4004), rtol=1e-3)


def test_loops_stay_in_float32(any_backend: dict[str, Any]) -> None:
    weight = numpy.eye(4, dtype=numpy.float32)

    def function(x: Any) -> Any:
        rows, _ = npx.foreach(lambda r, s: (r + s @ weight, s), x, np.zeros((1, 4), "float32"))
        return npx.fully_connected(np.reshape(rows, (-1, 4)), weight)

    x = SAMPLES[0][0, :, :4, :1].reshape(3, 1, 4)
    options = {**any_backend, "precision": "int8", "samples": [x]}
    run = im.compile(function, im.spec("float32", ["n", 1, 4]), **options)
    numpy.testing.assert_allclose(run(x), x.reshape(-1, 4), atol=0.02)


def test_biases_that_are_computed_stay_in_float32() -> None:
    weight = numpy.ones((3, 4), numpy.float32)
    x, b = numpy.ones((2, 4), numpy.float32), numpy.ones(3, numpy.float32)
    run = im.compile(
        lambda x, b: npx.fully_connected(x, weight, b) + npx.fully_connected(x, weight),
        (im.spec("float32", [2, 4]), im.spec("float32", [3])), precision="int8", samples=[(x, b)],
    )  # fmt: skip
    numpy.testing.assert_allclose(run(x, b * 7), 8 + 7, rtol=0.02)


HUGE = numpy.full((1, 3, 8, 8), numpy.inf, numpy.float32)
NAN = numpy.full((1, 3, 8, 8), numpy.nan, numpy.float32)
WRONG: dict[str, tuple[Any, str]] = {
    "none": ([], "at least one"),
    "no samples": (None, "give samples"),
    "empty": ([SAMPLES[0], SAMPLES[0][:0]], r"samples\[1\] holds an empty array"),
    "dtype": ([SAMPLES[0].astype("float64")], r"samples\[0\]: .*float64"),
    "axes": ([SAMPLES[0][0]], r"samples\[0\]"),
    "channels": ([SAMPLES[0][:, :2]], r"samples\[0\]"),
    "names": ([{"y": SAMPLES[0]}], r"samples\[0\]: y is unknown"),
    "too many": ([(SAMPLES[0], SAMPLES[0])], r"samples\[0\]: 2 positional"),
    "infinite": ([HUGE], "the input of float32"),
    "nan": ([SAMPLES[0], NAN], "the input of float32"),
}


@pytest.mark.parametrize("name", WRONG)
def test_samples_that_do_not_fit_are_refused(name: str, any_backend: dict[str, Any]) -> None:
    samples, said = WRONG[name]
    with pytest.raises(UsageError, match=said) as caught:
        compiled(any_backend, samples)
    assert "\n" not in str(caught.value)


def test_an_infinite_layer_is_named(any_backend: dict[str, Any]) -> None:
    weight = numpy.ones((3, 4), numpy.float32)
    with pytest.raises(UsageError, match=r"float32\[2, 4\] of np.exp at .*test_quantized.py:\d+"):
        im.compile(
            lambda x: npx.fully_connected(np.exp(x), weight), im.spec("float32", [2, 4]),
            precision="int8", samples=[numpy.full((2, 4), 100, numpy.float32)], **any_backend,
        )  # fmt: skip


def test_nothing_to_compute_in_integers_is_an_error() -> None:
    for function in (np.tanh, lambda x: x @ x):
        with pytest.raises(UsageError, match="without a convolution or matrix product"):
            im.compile(
                function, im.spec("float32", [4, 4]), precision="int8",
                samples=[numpy.ones((4, 4), numpy.float32)],
            )  # fmt: skip


def test_a_shared_weight_is_one_constant() -> None:
    weight = numpy.eye(4, dtype=numpy.float32)
    x = numpy.ones((2, 4), numpy.float32)
    run = im.compile(
        lambda x: npx.fully_connected(npx.fully_connected(x, weight), weight),
        im.spec("float32", [2, 4]), precision="int8", samples=[x],
    )  # fmt: skip
    wide = [node.operands[0] for node in run.traced.graph.nodes() if node.op is DEQUANTIZE]
    held = {id(v.array) for v in wide if isinstance(v, Constant) and v.array.dtype == "int8"}
    assert len(held) == 1
