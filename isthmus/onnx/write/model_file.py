"""A graph as an ONNX file, complete with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import onnx

from isthmus.graph.nodes import Graph
from isthmus.program.names import unknown_size

from .builder import Model
from .kernels import state_kernels
from .model import build

__all__ = ["inlined", "write"]

Array = numpy.ndarray[Any, Any]

INLINE_BYTES = 2_000_000_000  # protobuf ends at 2**31 - 1, and the graph needs room as well
PAGE_BYTES = 4096  # readers map weights into memory from whole pages


def write(graph: Graph, path: Path, inline_bytes: int = INLINE_BYTES) -> None:
    """Write the model to path; weights of more than `inline_bytes` go to `<path>.data`."""
    model = build(graph, as_file=True)
    for size in model.size_inputs:
        raise unknown_size(size)
    tensors = {t.name: t for t in model.proto.graph.initializer}
    if sum(array.nbytes for array in model.weights.values()) <= inline_bytes:
        _inline(tensors, model.weights)
    else:
        _beside(tensors, model.weights, path.with_name(f"{path.name}.data"))
    state_kernels(model.proto, model.kernels)
    path.write_bytes(model.proto.SerializeToString())


def inlined(model: Model) -> onnx.ModelProto:
    """The model with its weights inside, for readers that are given no others; at most 2 GB."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    _inline({t.name: t for t in proto.graph.initializer}, model.weights)
    return proto


def _inline(tensors: Mapping[str, onnx.TensorProto], weights: Mapping[str, Array]) -> None:
    for name, array in weights.items():
        tensors[name].ClearField("data_location")
        tensors[name].ClearField("external_data")
        tensors[name].raw_data = numpy.ascontiguousarray(array).tobytes()


def _beside(
    tensors: Mapping[str, onnx.TensorProto], weights: Mapping[str, Array], path: Path
) -> None:
    """Weights one after another in one file, each from the start of a page."""
    with path.open("wb") as file:
        for name, array in weights.items():
            file.write(bytes(-file.tell() % PAGE_BYTES))
            facts = {"location": path.name, "offset": file.tell(), "length": array.nbytes}
            numpy.ascontiguousarray(array).tofile(file)
            tensors[name].ClearField("external_data")
            for key, value in facts.items():
                tensors[name].external_data.add(key=key, value=str(value))
