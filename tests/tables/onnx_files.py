"""Small ONNX files for tests: written into a folder, and what bare ONNX Runtime makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["body", "by_runtime", "node", "written"]

Shape = Sequence[int | str | None] | None
node = helper.make_node


def written(
    folder: Path,
    nodes: Sequence[Any],
    inputs: Mapping[str, tuple[Any, Any]],
    outputs: Sequence[str],
    constants: Mapping[str, Any] | None = None,
    opset: int = 20,
    **more: Any,
) -> Path:
    """inputs: (dtype, shape) by name. more: as of `helper.make_model`, as functions."""
    held = [numpy_helper.from_array(numpy.asarray(a), n) for n, a in (constants or {}).items()]
    graph = helper.make_graph(
        nodes,
        "g",
        [_value(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in outputs],
        held,
    )
    opsets = [helper.make_opsetid("", opset), *more.pop("opsets", [])]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, **more)
    path = folder / "model.onnx"
    onnx.save(model, path)
    return path


def body(
    name: str,
    nodes: Sequence[Any],
    inputs: Mapping[str, tuple[Any, Shape]],
    outputs: Mapping[str, tuple[Any, Shape]],
    constants: Mapping[str, Any] | None = None,
) -> Any:
    """A branch or step."""
    held = [numpy_helper.from_array(numpy.asarray(a), n) for n, a in (constants or {}).items()]
    given = [_value(n, *kind) for n, kind in inputs.items()]
    results = [_value(n, *kind) for n, kind in outputs.items()]
    return helper.make_graph(nodes, name, given, results, held)


def by_runtime(path: Path, inputs: Mapping[str, Any]) -> list[Any]:
    import onnxruntime

    model = onnx.load(path)
    for value in model.graph.output:
        value.ClearField("type")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found: list[Any] = session.run(None, dict(inputs))
    return found


def _value(name: str, dtype: Any, shape: Shape) -> Any:
    element = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
    return helper.make_tensor_value_info(name, element, shape)
