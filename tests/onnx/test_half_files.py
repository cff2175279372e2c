"""Files of programs in half precision: their weights, their types, what they compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from half_net import GIVEN, NET, X
from half_rows import ROWS, behind_a_product
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


@pytest.mark.parametrize("precision", ["bf16", "f16"])
@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_operator_follows_in_types_that_onnx_has(
    name: str, precision: str, tmp_path: Path
) -> None:
    """The checker refuses an operation of a type that its opset lacks."""
    function, spec = behind_a_product(name)
    path = tmp_path / "file.onnx"
    im.export(function, spec, path, precision=precision)
    onnx.checker.check_model(path, full_check=True)
    if precision == "bf16":
        return  # of which ONNX Runtime has kernels on CUDA alone
    x = numpy.random.default_rng(0).standard_normal((2, *spec.shape[1:])).astype(numpy.float32)
    mine = im.compile(function, spec, backend="numpy", precision=precision)(x)
    (found,) = onnxruntime.InferenceSession(path).run(None, {"x": x})
    largest = max(1.0, float(abs(mine).max()))
    numpy.testing.assert_allclose(found, mine, rtol=0, atol=8 * EPSILON["f16"] * largest)
