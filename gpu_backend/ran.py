"""In which precision ONNX Runtime computes a model: read from the graph it makes of it.

Where it has no kernel of a type, it puts casts around a kernel of float32, and then takes out those
that meet. Only the graph it has optimised tells.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import onnx

from isthmus.graph.runner import Ran
from isthmus.onnx.write import protos
from isthmus.onnx.write.builder import Model
from isthmus.onnx.write.protos import all_nodes
from isthmus.program.options import Options

from .device import device_of
from .session import providers_of, register, runtime_for, session_settings, workers

__all__ = ["ran"]

INTEGERS = {
    *("ConvInteger", "DynamicQuantizeMatMul", "MatMulInteger", "MatMulIntegerToFloat", "QGemm"),
    *("QLinearConv", "QLinearMatMul"),
}
PRODUCTS = INTEGERS | {
    *(
        "Attention",
        "Conv",
        "ConvTranspose",
        "FusedConv",
        "FusedGemm",
        "FusedMatMul",
        "Gemm",
        "MatMul",
    ),
    *("MatMulNBits", "MultiHeadAttention", "NhwcFusedConv"),
}
FLOAT32 = 1  # of onnx.TensorProto.DataType
NAMES = {FLOAT32: "f32", 10: "f16", 16: "bf16", 3: "int8", 2: "int8"}


def ran(model: Model, options: Options) -> Ran:
    """How many products and convolutions run in each precision, for a session of the options."""
    counts: Counter[str] = Counter()
    graph = _optimised(model, options)
    for node, kind in _kinds(graph):
        if node.op_type in PRODUCTS:
            counts["int8" if node.op_type in INTEGERS else NAMES.get(kind, "f32")] += 1
    device = device_of(options)
    return Ran(counts, f"for the rest ONNX Runtime has no kernel on {device}, or they were to stay")


def _optimised(model: Model, options: Options) -> onnx.GraphProto:
    """The graph that a session of the model runs; weights are inputs, so that none is written, but
    for those of one axis: which integers it fuses hangs on scales and zero points it knows."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    for tensor in list(proto.graph.initializer):
        if tensor.name in model.weights and len(tensor.dims) == 1:
            tensor.CopyFrom(
                protos.tensor(tensor.name, model.weights[tensor.name], tensor.data_type)
            )
        elif tensor.name in model.weights:
            shape = onnx.helper.make_tensor_type_proto(tensor.data_type, list(tensor.dims))
            proto.graph.input.add(name=tensor.name, type=shape)
            proto.graph.initializer.remove(tensor)
    device = device_of(options)
    runtime = runtime_for(device)
    settings = session_settings(runtime, workers(options))
    register(settings, model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimised.onnx"
        settings.optimized_model_filepath = str(path)
        runtime.InferenceSession(
            proto.SerializeToString(), settings, providers=providers_of(options), enable_fallback=0
        )
        return onnx.load(path).graph


def _kinds(graph: onnx.GraphProto) -> Iterable[tuple[onnx.NodeProto, int]]:
    """Each node, and the element type it computes in: that of its first operand of floats."""
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    types |= {value.name: value.type.tensor_type.elem_type for value in graph.input}
    for node in all_nodes(graph.node):
        known = [types[name] for name in node.input if types.get(name) in NAMES]
        kind = known[0] if known else 0
        yield node, kind
        ends = node.op_type in INTEGERS or node.op_type == "DequantizeLinear"
        made = FLOAT32 if ends else _cast_to(node) or kind
        types.update((name, made) for name in node.output if made)


def _cast_to(node: onnx.NodeProto) -> int:
    return next((a.i for a in node.attribute if node.op_type == "Cast" and a.name == "to"), 0)
