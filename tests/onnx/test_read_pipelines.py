"""Files as scikit-learn's pipelines are exported: several operators, labels and probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
from onnx import TensorProto, helper

import isthmus as im

random = numpy.random.default_rng(8)
X = random.standard_normal((7, 3)).astype(numpy.float32)
OFFSET, SCALE = numpy.array([0.5, -1, 2], numpy.float32), numpy.array([2, 0.5, 1.5], numpy.float32)
WEIGHT, SHIFT = random.standard_normal((3, 3)).astype(numpy.float32), [0.1, 0.2, -0.3]


def pipeline(labels: Any) -> Any:
    """StandardScaler and LogisticRegression, with the ZipMap that skl2onnx puts behind."""

    def of(op: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
        return helper.make_node(op, inputs, outputs, domain="ai.onnx.ml", **attributes)

    kind = "strings" if isinstance(labels[0], str) else "ints"
    named = "strings" if kind == "strings" else "int64s"
    nodes = [
        of("Scaler", ["X"], ["scaled"], offset=OFFSET.tolist(), scale=SCALE.tolist()),
        of("LinearClassifier", ["scaled"], ["label", "scores"], post_transform="LOGISTIC",
           coefficients=WEIGHT.reshape(-1).tolist(), intercepts=SHIFT,
           **{f"classlabels_{kind}": labels}),
        of("Normalizer", ["scores"], ["shares"], norm="L1"),
        of("ZipMap", ["shares"], ["probabilities"], **{f"classlabels_{named}": labels}),
    ]  # fmt: skip
    key = TensorProto.STRING if kind == "strings" else TensorProto.INT64
    value = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    rows = helper.make_sequence_type_proto(helper.make_map_type_proto(key, value))
    outputs = [helper.make_tensor_value_info("label", key, ["n"]),
               helper.make_value_info("probabilities", rows)]  # fmt: skip
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["n", 3])]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 1)]
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def wanted() -> tuple[Any, Any]:
    scores = 1 / (1 + numpy.exp(-((X - OFFSET) * SCALE @ WEIGHT.T + numpy.array(SHIFT))))
    return scores.argmax(axis=1), scores / scores.sum(axis=1, keepdims=True)


def loaded(folder: Path, labels: Any) -> Any:
    path = folder / "model.onnx"
    path.write_bytes(pipeline(labels).SerializeToString())
    return im.load(path)


@pytest.mark.parametrize("way", ["eager", "cpu", "gpu"])
def test_labels_and_probabilities(tmp_path: Path, way: str) -> None:
    net = loaded(tmp_path, [10, 20, 30])
    options: Any = {"device": "cpu"} if way == "gpu" else {}
    run = net if way == "eager" else im.compile(net, net.specs(), backend=way, **options)
    best, shares = wanted()
    found = run(X)
    assert found["label"].tolist() == (10 * best + 10).tolist()
    numpy.testing.assert_allclose(found["probabilities"], shares, rtol=1e-5, atol=1e-6)


def test_a_program_of_the_probabilities_beside_labels_that_are_texts(tmp_path: Path) -> None:
    net = loaded(tmp_path, ["a", "b", "c"])
    best, shares = wanted()
    assert net(X)["label"].tolist() == ["abc"[i] for i in best]
    run = im.compile(lambda X: net(X)["probabilities"], net.specs())
    numpy.testing.assert_allclose(run(X=X), shares, rtol=1e-5, atol=1e-6)
