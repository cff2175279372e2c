"""ONNX files as programs: operators against ONNX's own evaluator, models against themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx_cases import CASES, Case, ints, normal

from isthmus import models
from isthmus.analysis.cost import cost_of
from isthmus.benchmarks.harness.parity import compared
from isthmus.benchmarks.work.foreign_onnx import program_in
from isthmus.errors import UsageError
from isthmus.program import archive
from isthmus.program.compiling import load
from isthmus.program.executable import Executable
from isthmus.program.export import export
from isthmus.program.options import checked_options
from isthmus.trace.tracing import Traced, spec, trace

Arrays = Mapping[str, Any]

# onnx.reference 1.21 pools too few windows for SAME_LOWER, none where padding is as wide as this,
# and adds in place to an operand that is too small; ONNX Runtime computes what the text says.
EVALUATED_WRONGLY = {
    "MaxPool(kernel_shape=[3,2],auto_pad=SAME_LOWER,strides=[2,2])",
    "MaxPool(kernel_shape=[3,2],pads=[2,1,2,1])",
    "Mean(x,y,z)",
}


def model_of(case: Case) -> onnx.ModelProto:
    outputs = [f"y{i}" for i in range(case.outputs)]
    node = helper.make_node(case.op, case.operands, outputs, **case.attributes)
    return graph_of([node], case.inputs, case.constants, outputs, case.opset)


def graph_of(
    nodes: Any, inputs: Arrays, constants: Arrays, outputs: list[str], opset: int = 20
) -> onnx.ModelProto:
    declared = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in inputs.items()
    ]
    results = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in outputs]
    held = [numpy_helper.from_array(numpy.asarray(a), n) for n, a in constants.items()]
    body = helper.make_graph(nodes, "g", declared, results, held)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def program(model: onnx.ModelProto, inputs: Arrays, folder: Path) -> Traced:
    onnx.save(model, folder / "model.onnx")
    types = {name: spec(array.dtype, array.shape) for name, array in inputs.items()}
    return program_in(folder, types)


def ran(traced: Traced, inputs: Arrays, backend: str = "numpy") -> list[Any]:
    options = checked_options("f32", None, "numpy", "allow", None)
    found = Executable(traced, backend, options, "allow")(**inputs)
    outputs = found.values() if isinstance(found, dict) else [found]
    return [numpy.asarray(array) for array in outputs]


def assert_same(found: list[Any], expected: list[Any], tolerance: float = 1e-5) -> None:
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        numpy.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def evaluated(case: Case) -> list[Any]:
    """What ONNX's own evaluator computes, or ONNX Runtime where that is known to be wrong."""
    model = model_of(case)
    if str(case) not in EVALUATED_WRONGLY:
        return [numpy.asarray(y) for y in ReferenceEvaluator(model).run(None, case.inputs)]
    onnxruntime = pytest.importorskip("onnxruntime")
    for output in model.graph.output:
        output.ClearField("type")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found: list[Any] = session.run(None, case.inputs)
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_operator_computes_what_onnx_says(case: Case, tmp_path: Path) -> None:
    expected = evaluated(case)
    traced = program(model_of(case), case.inputs, tmp_path)
    assert_same(ran(traced, case.inputs), expected)
    assert_same(ran(traced, case.inputs, "cpu"), expected, 1e-4)


# Whole models


def inputs_of(model: models.Model) -> dict[str, Any]:
    if "x" in model.specs():
        return {"x": numpy.random.default_rng(0).standard_normal((2, 3, 64, 64), numpy.float32)}
    ids = numpy.arange(2 * 12, dtype=numpy.int32).reshape(2, 12) * 7
    mask = numpy.ones_like(ids)
    mask[1, 9:] = 0
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": ids % 2}


@pytest.mark.parametrize(
    ("name", "options", "named"),
    [
        ("minilm-l6", {"head": "sentence"}, False),
        ("minilm-l6", {"head": "classification"}, True),
        ("resnet-18", {"version": "v2"}, False),
        ("mobilenet-v1", {"width": 0.5}, False),
        ("mobilenet-v2", {}, True),
        ("mobilenet-v3-small", {}, False),
    ],
)
def test_a_model_exported_and_read_back_is_the_model(
    name: str, options: dict[str, Any], named: bool, tmp_path: Path
) -> None:
    model = models.create(name, **options)
    arrays = inputs_of(model)
    types = {key: spec(array.dtype, array.shape) for key, array in arrays.items()}
    images = {"height": "height", "width": "width"} if "x" in arrays else {}
    export(model, model.specs(**images) if named else types, tmp_path / "model.onnx")
    traced = program_in(tmp_path, types)
    original = trace(model, types)
    expected = ran(original, arrays) if isinstance(original.result, dict) else [model(**arrays)]
    for backend in ("numpy", "cpu"):
        assert compared([ran(traced, arrays, backend)], [expected])["max_rel_error"] <= 1e-5
    counted, known = (cost_of(t.graph, {}).operations for t in (traced, original))
    assert counted == pytest.approx(known, rel=1e-5)


def test_a_program_of_a_file_is_saved_and_read(tmp_path: Path) -> None:
    inputs = {"input.1": normal(2, 3), "x:0": normal(3)}
    nodes = [helper.make_node("Add", list(inputs), ["sum/out"])]
    traced = program(graph_of(nodes, inputs, {}, ["sum/out"]), inputs, tmp_path)
    archive.save(traced, tmp_path / "program.im")
    loaded = load(tmp_path / "program.im", backend="numpy")
    assert_same([loaded(**inputs)], [inputs["input.1"] + inputs["x:0"]])


def test_weights_are_the_parameters(tmp_path: Path) -> None:
    case = Case("Conv", {"x": normal(1, 4, 8, 8)}, {"w": normal(6, 4, 3, 3), "b": normal(6)})
    cost = cost_of(program(model_of(case), case.inputs, tmp_path).graph, {})
    assert (cost.parameters, cost.parameter_bytes) == (6 * 4 * 9 + 6, 4 * (6 * 4 * 9 + 6))
    assert cost.operations == (2 * 4 * 9 + 1) * 6 * 36


# What cannot be a program


X = {"x": normal(3, 4)}


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (("NoSuch", ["x"], ["y"]), r"not known to isthmus: NoSuch \(opset 20\)"),
        (("Add", ["x", "two"], ["y"], {"domain": "com.x"}), r"com.x.Add \(opset 1\)"),
        (("MaxPool", ["x"], ["y"], {"kernel_shape": [2]}), "ONNX MaxPool: "),
        (("Reshape", ["x", "five"], ["y"]), "ONNX Reshape: "),
        (("Transpose", ["x"], ["y"], {"perm": [0, 0]}), "ONNX Transpose: "),
    ],
)
def test_what_is_not_known_is_the_reason(node: Any, reason: str, tmp_path: Path) -> None:
    op, operands, results, *attributes = node
    nodes = [helper.make_node(op, operands, results, **(attributes[0] if attributes else {}))]
    constants = {"two": ints(2), "five": ints(5, 5), "s": normal(4)}
    with pytest.raises(UsageError, match=reason) as caught:
        program(graph_of(nodes, X, constants, ["y"]), X, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_shape_that_values_decide_is_the_reason(tmp_path: Path) -> None:
    inputs = {**X, "axes": ints(1)}
    nodes = [helper.make_node("ReduceSum", ["x", "axes"], ["y"])]
    with pytest.raises(UsageError, match=r"which is computed; it has to be known: .*net.fixed"):
        program(graph_of(nodes, inputs, {}, ["y"]), inputs, tmp_path)
