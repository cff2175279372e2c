"""No ONNX model has an operation that does nothing, of every operator's samples."""

from __future__ import annotations

from typing import Any

import numpy
import onnx
import pytest
from idle_operations import identities, idle_operations
from operator_samples import SAMPLES
from sample_arrays import Sample

from isthmus.graph.passes import expand, without_idle_nodes
from isthmus.onnx.write.model import build
from isthmus.program.backend import find_backend
from isthmus.program.options import Options
from isthmus.trace.op import Op
from isthmus.trace.tracing import spec, trace

pytest.importorskip("onnxruntime")
OPTIONS = Options(device="cpu")


def model(op: Op[..., Any], sample: Sample) -> onnx.ModelProto | None:
    """The sample's model; None where the runtime does not compute it."""
    backend = find_backend("gpu")
    arrays = [o for o in sample.operands if isinstance(o, numpy.ndarray | numpy.generic)]

    def call(*given: Any) -> Any:
        source = iter(given)
        operands = [
            next(source) if isinstance(o, numpy.ndarray | numpy.generic) else o
            for o in sample.operands
        ]
        return op(*([operands] if op.variadic else operands), **sample.attributes)

    graph = trace(call, tuple(spec(a.dtype, a.shape) for a in map(numpy.asarray, arrays))).graph
    graph = without_idle_nodes(
        expand(graph, lambda n: backend.fuses(n, OPTIONS) and backend.refuses(n, OPTIONS) is None)
    )
    if any(backend.refuses(node, OPTIONS) for node in graph.nodes()):
        return None
    return build(graph).proto


@pytest.mark.parametrize("op", SAMPLES, ids=str)
def test_no_operation_does_nothing(op: Op[..., Any]) -> None:
    for sample in SAMPLES[op]:
        found = model(op, sample)
        if found is not None:
            assert [*idle_operations(found), *identities(found)] == [], sample


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes"),
    [
        ("Transpose", ["x"], {"perm": [0, 1]}),
        ("Cast", ["x"], {"to": onnx.TensorProto.FLOAT}),
        ("Concat", ["x"], {"axis": 0}),
        ("Reshape", ["x", "shape"], {}),
        ("Expand", ["x", "shape"], {}),
        ("Pad", ["x", "zeros"], {}),
        ("Slice", ["x", "start", "stop"], {}),
    ],
)
def test_they_would_be_found(kind: str, inputs: list[str], attributes: dict[str, Any]) -> None:
    constants = {
        "shape": [2, 3],
        "zeros": [0, 0, 0, 0],
        "start": [0, 0],
        "stop": [2**31 - 1, 2**31 - 1],
    }
    kinds = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [2, 3]) for n in "xy"]
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node(kind, inputs, ["y"], name="n", **attributes)],
            "g",
            kinds[:1],
            kinds[1:],
            [onnx.numpy_helper.from_array(numpy.array(v), n) for n, v in constants.items()],
        )
    )
    assert len(idle_operations(proto)) == 1
