"""Files of programs in half precision: their weights, their types, what they compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from half_net import GIVEN, NET, X
from onnx.reference import ReferenceEvaluator

import isthmus as im
from isthmus import np, npx
from isthmus.graph.half import FORMATS
from isthmus.onnx.write.model import build

onnxruntime = pytest.importorskip("onnxruntime")

EPSILON = {name: found.epsilon for name, found in FORMATS.items()}


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_a_file_computes_what_numpy_does(precision: str, tmp_path: Path) -> None:
    """By the reference of ONNX, which rounds after every operation as the program says."""
    path = tmp_path / "net.onnx"
    im.export(NET, X, path, precision=precision)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    wanted = {"bf16": onnx.TensorProto.BFLOAT16, "f16": onnx.TensorProto.FLOAT16}[precision]
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert {kinds["first.weight"], kinds["layers.1.bias"]} == {wanted}
    assert kinds["norm.weight"] == onnx.TensorProto.FLOAT
    found: Any
    (found,) = ReferenceEvaluator(model).run(None, {"x": GIVEN})
    mine = im.compile(NET, X, backend="numpy", precision=precision)(GIVEN)
    assert found.dtype == numpy.float32
    numpy.testing.assert_allclose(found, mine, rtol=0, atol=EPSILON[precision])


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_ir_has_weights_in_the_format(precision: str, tmp_path: Path) -> None:
    import openvino

    im.export(NET, X, tmp_path / "half.xml", precision=precision)
    im.export(NET, X, tmp_path / "full.xml")
    model = openvino.Core().read_model(tmp_path / "half.xml")
    kinds = {
        op.get_friendly_name(): op.get_output_element_type(0).to_string() for op in model.get_ops()
    }
    assert kinds["first.weight"] == precision and kinds["norm.weight"] == "f32"
    sizes = [(tmp_path / f"{name}.bin").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]
    model.reshape([5, 8])
    result = openvino.Tensor(numpy.zeros((5, 8), numpy.float32))
    model.evaluate([result], [openvino.Tensor(GIVEN)])  # by its reference, not by a plugin
    mine = im.compile(NET, X, backend="numpy", precision=precision)(GIVEN)
    numpy.testing.assert_allclose(result.data, mine, rtol=0, atol=5 * 8 * EPSILON[precision])


def casts_of(graph: Any) -> list[tuple[str, str]]:
    """What each Cast of the model reads, and to what."""
    nodes = build(graph).proto.graph.node
    return [(n.input[0], str(n.attribute[0].i)) for n in nodes if n.op_type == "Cast"]


def test_casts_stand_at_borders_and_none_twice() -> None:
    w = numpy.eye(8, dtype=numpy.float32)

    def three(x: Any) -> Any:
        """One array read by three products, whose results meet and are read in float32 twice."""
        y = npx.relu(x @ w) + npx.relu(x @ (2 * w)) * (x @ (3 * w))
        return np.exp(y) + np.exp(-np.exp(y)), y @ w

    run = im.compile(three, X, backend="gpu", device="cpu", precision="f16")
    casts = casts_of(run.graph)
    assert len(casts) == len(set(casts))
    assert [kind for _, kind in casts].count("10") == 1  # x, once
    assert [kind for _, kind in casts].count("1") == 2  # y, once, and the last product


W = numpy.linspace(-1, 1, 64, dtype=numpy.float32).reshape(8, 8)
IMAGES = im.spec("float32", [2, 8, 6, 6])
KERNEL = numpy.ones((8, 8, 3, 3), numpy.float32)
ROWS: dict[str, tuple[Any, Any]] = {
    "add": (lambda y: y + 1, X),
    "batch_norm": (lambda y: npx.batch_norm(y, W[0], W[1], W[2], W[7] + 2), IMAGES),
    "broadcast": (lambda y: np.broadcast_to(y, (3, *y.shape)), X),
    "concat": (lambda y: np.concat([y, y * 2], axis=0), X),
    "convolution": (lambda y: npx.convolution(y, KERNEL), IMAGES),
    "depthwise": (lambda y: npx.convolution(y, KERNEL[:, :1], groups=8), IMAGES),
    "divide": (lambda y: y / 3, X),
    "elu": (npx.elu, X),
    "expand": (lambda y: y[:, None], X),
    "fully_connected": (lambda y: npx.fully_connected(y, W, W[0]), X),
    "gather": (lambda y: np.take(y, numpy.array([1, 0]), axis=1), X),
    "gather along": (lambda y: np.take_along_axis(y, numpy.zeros((1, 8), "int64"), axis=0), X),
    "gelu": (npx.gelu, X),
    "gelu by tanh": (lambda y: npx.gelu(y, approximate=True), X),
    "hard_sigmoid": (npx.hard_sigmoid, X),
    "hard_swish": (npx.hard_swish, X),
    "leaky_relu": (npx.leaky_relu, X),
    "max_pool": (lambda y: npx.max_pool(y, window=2), IMAGES),
    "maximum": (lambda y: np.maximum(y, 0.5), X),
    "minimum": (lambda y: np.minimum(y, 0.5), X),
    "pool": (lambda y: npx.average_pool(y, window=2), IMAGES),
    "uneven padding": (lambda y: npx.max_pool(y, window=2, padding=((0, 1), (0, 1))), IMAGES),
    "relu6": (npx.relu6, X),
    "reshape": (lambda y: np.reshape(y, (-1, 2)), X),
    "sigmoid": (npx.sigmoid, X),
    "slice": (lambda y: y[:, 1:5:2], X),
    "squeeze": (lambda y: np.squeeze(y[:, None], axis=1), X),
    "subtract": (lambda y: y - 1, X),
    "tanh": (np.tanh, X),
    "transpose": (lambda y: y.T, X),
    "where": (lambda y: np.where(y > 0, y, 2 * y), X),
}  # fmt: skip


@pytest.mark.parametrize("precision", ["bf16", "f16"])
@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_operator_follows_in_types_that_onnx_has(
    name: str, precision: str, tmp_path: Path
) -> None:
    """The checker refuses an operation of a type that its opset lacks."""
    follows, spec = ROWS[name]
    w = W if spec is X else W[:6, :6]
    path = tmp_path / "file.onnx"

    def behind_a_product(x: Any) -> Any:
        return follows(x @ w)

    im.export(behind_a_product, spec, path, precision=precision)
    onnx.checker.check_model(path, full_check=True)
    if precision == "bf16":
        return  # of which ONNX Runtime has kernels on CUDA alone
    x = numpy.random.default_rng(0).standard_normal((2, *spec.shape[1:])).astype(numpy.float32)
    mine = im.compile(behind_a_product, spec, backend="numpy", precision=precision)(x)
    (found,) = onnxruntime.InferenceSession(path).run(None, {"x": x})
    largest = max(1.0, float(abs(mine).max()))
    numpy.testing.assert_allclose(found, mine, rtol=0, atol=8 * EPSILON["f16"] * largest)
