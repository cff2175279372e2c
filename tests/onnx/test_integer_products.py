"""Products of dequantized operands: which ONNX Runtime computes in integers, and what it gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest

import isthmus as im
from isthmus import np, npx
from isthmus.gpu_backend.saturation import saturates
from isthmus.models.families.bert import Bert, Config
from isthmus.npx.convolution import biased_convolution
from isthmus.trace.array import Array
from isthmus.trace.constants import constant

onnxruntime = pytest.importorskip("onnxruntime")

GPU: dict[str, Any] = {"backend": "gpu", "device": "cpu"}
INTEGERS = {"MatMulIntegerToFloat", "QGemm", "QLinearConv", "QLinearMatMul"}
RANDOM = numpy.random.default_rng(0)
X = RANDOM.standard_normal((4, 8), numpy.float32)
IMAGE = RANDOM.standard_normal((2, 8, 4, 4), numpy.float32)
WHOLE = RANDOM.integers(-127, 128, (8, 8)).astype(numpy.int8)
SCALES = (RANDOM.random(8) + 0.1).astype(numpy.float32) / 64
BIAS = numpy.array([1, -2, 3, 4, -5, 6, 7, 8], numpy.float32)


def bare(path: Path) -> tuple[Any, Counter[str]]:
    """The file in ONNX Runtime with its own settings, and the operations that it runs."""
    settings = onnxruntime.SessionOptions()
    settings.optimized_model_filepath = str(path.with_suffix(".ran.onnx"))
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    graph = onnx.load(path.with_suffix(".ran.onnx")).graph
    return session, Counter(node.op_type for node in graph.node)


def integers(ran: Counter[str]) -> int:
    return sum(count for kind, count in ran.items() if kind in INTEGERS)


def saved(run: Any, folder: Path, **options: Any) -> Any:
    """The same program, integers and all, elsewhere."""
    run.save(folder / "program.im")
    return im.load(folder / "program.im", **options)


def near(found: Any, wanted: Any, part: float = 1e-6) -> None:
    numpy.testing.assert_allclose(found, wanted, rtol=0, atol=part * abs(wanted).max())


SIZES: dict[str, list[Any]] = {"static": [2, 5], "named": ["n", "t"]}


@pytest.mark.parametrize("kind", SIZES)
def test_every_dense_layer_of_a_transformer_runs_in_integers(kind: str, tmp_path: Path) -> None:
    net = Bert(Config(layers=2, width=16, heads=2, inner=32, vocabulary=50, positions=8))
    net.initialize(seed=0)
    spec = tuple(im.spec("int64", SIZES[kind]) for _ in range(2))
    tokens = [RANDOM.integers(0, 50, (2, 5)) for _ in range(4)]
    samples = [(ids, numpy.ones_like(ids)) for ids in tokens]
    asked: dict[str, Any] = {"precision": "int8", "samples": samples}
    run = im.compile(net, spec, **GPU, **asked)
    oracle = saved(run, tmp_path, backend="numpy")
    assert "int8: 13 of 17 matrix products" in run.explain()  # the rest are attention's
    im.export(net, spec, tmp_path / "net.onnx", **asked)
    session, ran = bare(tmp_path / "net.onnx")
    assert integers(ran) == 13 and not {"Gemm", "FusedGemm"} & set(ran)
    for given in samples:
        wanted = oracle(*given)
        alone = session.run(
            list(wanted), dict(zip(("input_ids", "attention_mask"), given, strict=True))
        )
        for name, other in zip(wanted, alone, strict=True):
            near(run(*given)[name], wanted[name], 0.02)
            near(other, wanted[name], 0.02)


LAYERS: dict[str, Callable[..., Any]] = {
    "dense": lambda w, b: lambda x: npx.fully_connected(x, w.T.copy(), b),
    "dense without bias": lambda w, b: lambda x: npx.fully_connected(x, w.T.copy()),
    "matmul": lambda w, b: lambda x: x @ w,
    "matmul and bias": lambda w, b: lambda x: x @ w + b,
    "bias and matmul, activated": lambda w, b: lambda x: npx.relu(b + x @ w),
}
WEIGHTS = {
    "seven bits": numpy.full((8, 6), 0.5, numpy.float32) * numpy.arange(1, 7, dtype="f"),
    "normal": RANDOM.standard_normal((8, 6), numpy.float32),
    "tiny": RANDOM.standard_normal((8, 6), numpy.float32) * numpy.float32(1e-25),
}


FORMS = [
    *((layer, sizes, 3) for layer in LAYERS for sizes in ("static", "named")),
    *(("matmul and bias", sizes, axes) for sizes in ("static", "named") for axes in (2, 4)),
    *((layer, "static", 2) for layer in LAYERS if layer != "matmul and bias"),
]


@pytest.mark.parametrize("layer, sizes, axes", FORMS)
def test_a_layer_runs_in_integers_whatever_its_form(
    layer: str, sizes: str, axes: int, tmp_path: Path
) -> None:
    """Of one number everywhere, the largest there is, no pair of products may saturate."""
    shape = (3, 2, 5)[: axes - 1]
    names: Any = shape if sizes == "static" else ("n", "t", "s")[: axes - 1]
    spec = im.spec("float32", [*names, 8])
    x = RANDOM.standard_normal((*shape, 8), numpy.float32)
    ends = [numpy.full_like(x, end) for end in (x.min(), x.max())]
    bias = BIAS[:6] * 1000
    for weight in WEIGHTS.values():
        call = LAYERS[layer](weight, bias)
        run = im.compile(call, spec, **GPU, precision="int8", samples=[x])
        assert "int8: 1 of 1 matrix products" in run.explain()
        oracle = saved(run, tmp_path, backend="numpy")
        im.export(call, spec, tmp_path / "net.onnx", precision="int8", samples=[x])
        wide = im.compile(call, spec, backend="numpy", precision="int8", samples=[x])
        session, ran = bare(tmp_path / "net.onnx")
        assert integers(ran) == 1
        for given in (x, *ends):
            near(run(given), oracle(given))
            near(session.run(None, {"x": given})[0], wide(given))
        if sizes == "named":
            empty = x[:0]
            assert run(empty).shape == oracle(empty).shape == (0, *shape[1:], 6)


def kept(array: Any) -> Any:
    """A constant that stays a node's operand, as those of quantized programs."""
    return Array(constant(array))


def pair(x: Any, scale: Any = 0.02, zero: Any = 120, axis: int | None = None) -> Any:
    """x rounded to bytes."""
    scale, zero = numpy.float32(scale), numpy.asarray(zero, numpy.uint8)
    return npx.dequantize(npx.quantize(x, scale, zero, axis, "uint8"), scale, zero, axis)


def whole(axis: int, array: Any = WHOLE) -> Any:
    return npx.dequantize(kept(array), SCALES, axis=axis)


ZEROS = numpy.full(8, 120, numpy.uint8)
FLOATS = RANDOM.standard_normal((8, 8), numpy.float32) * SCALES[:, None] ** 4
KERNEL = WHOLE.reshape(8, 8, 1, 1)
MISTAKABLE: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "dense, scales of inputs": (X, lambda x: npx.fully_connected(pair(x), whole(1))),
    "matmul, scales of inputs": (X, lambda x: pair(x) @ whole(0)),
    "matmul, scales of columns": (X, lambda x: pair(x, SCALES, ZEROS, 1) @ whole(1)),
    "matmul, scales of rows": (X, lambda x: pair(x, SCALES[:4], ZEROS[:4], 0) @ whole(1)),
    "convolution, scales of inputs": (
        IMAGE,
        lambda x: pair(npx.convolution(pair(x), whole(1, KERNEL)), 0.05),
    ),
    "dense, a bias in other units": (
        X,
        lambda x: npx.fully_connected(
            pair(x), whole(0), npx.dequantize(kept(numpy.arange(8, dtype="int32")), SCALES, axis=0)
        ),
    ),
    "convolution, a bias in other units": (
        IMAGE,
        lambda x: pair(
            biased_convolution(
                pair(x),
                whole(0, KERNEL),
                npx.dequantize(kept(numpy.arange(8, dtype="int32")), SCALES, axis=0),
            ),
            0.05,
        ),
    ),
    "dense, weights of floats": (
        X,
        lambda x: pair(npx.relu(npx.fully_connected(pair(x), FLOATS, BIAS * 1e-7)), 1e-8),
    ),
    "convolution, weights of floats": (
        IMAGE,
        lambda x: pair(biased_convolution(pair(x), FLOATS.reshape(8, 8, 1, 1), BIAS * 1e-7), 1e-8),
    ),
    "products of two that are computed": (X, lambda x: pair(x) @ np.permute_dims(pair(x), (1, 0))),
    "products of signed ones": (
        X,
        lambda x: npx.dequantize(npx.quantize(x, 0.02), 0.02) @ pair(np.permute_dims(x, (1, 0))),
    ),
}


@pytest.mark.parametrize("name", MISTAKABLE)
def test_what_may_be_mistaken_for_integers_is_not(name: str, tmp_path: Path) -> None:
    x, function = MISTAKABLE[name]
    spec = im.spec("float32", x.shape)
    wanted = im.compile(function, spec, backend="numpy")(x)
    near(im.compile(function, spec, **GPU)(x), wanted)
    im.export(function, spec, tmp_path / "net.onnx")
    session, _ = bare(tmp_path / "net.onnx")
    near(session.run(None, {"x": x})[0], wanted)


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_a_bias_too_large_for_integers_is_kept_before_others(kind: str, tmp_path: Path) -> None:
    """Where the result is quantized, the runtime makes integers of a bias of floats itself."""
    image, x = kind == "convolution", IMAGE if kind == "convolution" else X
    scales = SCALES.copy()
    scales[2] = 1e-13

    def call(x: Any) -> Any:
        w = npx.dequantize(kept(KERNEL if image else WHOLE), scales, axis=0)
        y = (biased_convolution if image else npx.fully_connected)(pair(x), w, BIAS)
        return pair(npx.relu(y), 0.1, 0)

    spec = im.spec("float32", x.shape)
    wanted = im.compile(call, spec, backend="numpy")(x)
    near(im.compile(call, spec, **GPU)(x), wanted)
    im.export(call, spec, tmp_path / "net.onnx")
    near(bare(tmp_path / "net.onnx")[0].run(None, {"x": x})[0], wanted)


def test_weights_have_seven_bits_where_signed_products_saturate(tmp_path: Path) -> None:
    """And eight in files, and of convolutions: unsigned, which no processor's kernels saturate."""

    def widest(run: Any) -> int:
        found = [c.array for c in run.traced.graph.constants() if c.array.dtype == numpy.int8]
        return max(int(abs(array.astype(int)).max()) for array in found)

    calls = {
        "dense": (X, lambda x: npx.fully_connected(x, FLOATS)),
        "convolution": (IMAGE, lambda x: npx.convolution(x, FLOATS.reshape(8, 8, 1, 1))),
    }
    for kind, (x, call) in calls.items():
        spec = im.spec("float32", x.shape)
        run = im.compile(call, spec, **GPU, precision="int8", samples=[x])
        assert widest(run) == (63 if kind == "dense" and saturates() else 127)
        im.export(call, spec, tmp_path / "net.onnx", precision="int8", samples=[x])
        stored = onnx.load(tmp_path / "net.onnx").graph.initializer
        bytes_ = [onnx.numpy_helper.to_array(t) for t in stored if t.data_type in (2, 3)]
        assert max(abs(array.astype(int) - 128).max() for array in bytes_ if array.ndim > 1) == 127


def test_integers_that_are_given_do_not_saturate() -> None:
    """Nobody can say before how wide they are."""
    x, w = numpy.full((4, 64), 5, numpy.float32), numpy.full((64, 8), 127, numpy.int8)
    spec = (im.spec("float32", x.shape), im.spec("int8", w.shape))
    found = im.compile(lambda x, w: pair(x, 0.02, 0) @ npx.dequantize(w, 0.01), spec, **GPU)
    numpy.testing.assert_allclose(found(x, w), 5 * 1.27 * 64, rtol=1e-5)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("form", ["matmul", "matmul and bias", "dense"])
def test_small_weights_leave_arithmetic_in_floats(form: str, axes: int, tmp_path: Path) -> None:
    x = RANDOM.standard_normal((4, 2, 64)[-axes:], numpy.float32)
    weight = RANDOM.standard_normal((64, 6), numpy.float32)
    call, spec = LAYERS[form](weight, BIAS[:6]), im.spec("float32", x.shape)
    wanted = im.compile(call, spec, backend="numpy", weights="int8")(x)
    near(im.compile(call, spec, **GPU, weights="int8")(x), wanted)
    im.export(call, spec, tmp_path / "net.onnx", weights="int8")
    near(bare(tmp_path / "net.onnx")[0].run(None, {"x": x})[0], wanted)


def test_it_is_told_of_large_layers_what_a_session_runs(tmp_path: Path) -> None:
    """Their scales are given to the session apart from the model."""
    weights = [RANDOM.standard_normal((300, 300, 1, 1), numpy.float32) for _ in range(2)]

    def call(x: Any) -> Any:
        for weight in weights:
            x = npx.relu(npx.convolution(x, weight))
        return npx.fully_connected(np.mean(x, axis=(2, 3)), weights[0][:, :, 0, 0])

    x = RANDOM.standard_normal((1, 300, 3, 3), numpy.float32)
    spec = im.spec("float32", x.shape)
    run = im.compile(call, spec, **GPU, precision="int8", samples=[x])
    im.export(call, spec, tmp_path / "net.onnx", precision="int8", samples=[x])
    assert integers(bare(tmp_path / "net.onnx")[1]) == 2  # nothing quantizes what is averaged
    assert "int8: 2 of 3 matrix products" in run.explain()
