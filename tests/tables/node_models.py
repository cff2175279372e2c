"""Models of one ONNX node, and what each way to run them gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
from onnx import TypeProto, helper, numpy_helper

import isthmus as im

WAYS = ("eager", "cpu", "gpu")
STRING = numpy.dtypes.StringDType()


def model(
    op: str,
    operands: Sequence[Any],
    results: int = 1,
    constants: Sequence[int] = (),
    opset: int = 23,
    **attributes: Any,
) -> Any:
    """A model of the operator; of a domain by its name, as "ai.onnx.ml.Scaler". None: left out."""
    domain, _, name = op.rpartition(".")
    names = ["" if x is None else f"x{i}" for i, x in enumerate(operands)]
    outs = [f"y{i}" for i in range(results)]
    given = {k: v for k, v in attributes.items() if v is not None}
    node = helper.make_node(name, names, outs, domain=domain, **given)
    inputs = [
        helper.make_tensor_value_info(
            names[i], _kind(x), [f"{names[i]}_{j}" for j in range(x.ndim)]
        )
        for i, x in enumerate(operands)
        if x is not None and i not in constants
    ]
    known = [numpy_helper.from_array(operands[i], names[i]) for i in constants]
    graph = helper.make_graph(
        [node], "g", inputs, [helper.make_value_info(y, TypeProto()) for y in outs], known
    )
    versions = {"": opset} | ({domain: opset if opset < 6 else 1} if domain else {})
    opsets = [helper.make_opsetid(*pair) for pair in versions.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _kind(x: Any) -> int:
    if x.dtype == STRING:
        return 8
    kind: int = helper.np_dtype_to_tensor_dtype(x.dtype)
    return kind


def run(folder: Path, way: str, built: Any, operands: Sequence[Any]) -> Any:
    """The results, an array or a list: of a call, or of a program whose sizes are known."""
    path = folder / "model.onnx"
    path.write_bytes(built.SerializeToString())
    net = im.load(path)
    named = (f"x{i}" for i in range(len(operands)))
    given = {n: x for n, x in zip(named, operands, strict=True) if n in net.inputs}
    if way != "eager":
        specs = {name: im.spec(x.dtype, x.shape) for name, x in given.items()}
        options: Any = {"device": "cpu"} if way == "gpu" else {}
        found = im.compile(net, specs, backend=way, **options)(**given)
    else:
        found = net(**given)
    return list(found.values()) if isinstance(found, dict) else found
