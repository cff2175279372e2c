"""A graph's ONNX model: the builder with this backend's table."""

from __future__ import annotations

from isthmus.graph.nodes import Graph

from .builder import Builder, Model
from .lowering import LOWERING
from .unsigned import with_unsigned_weights

__all__ = ["build"]


def build(
    graph: Graph,
    *,
    fast: bool = False,
    as_file: bool = False,
    for_cuda: bool = False,
    opset: int = 0,
) -> Model:
    """The ONNX model of a graph; `fast` leaves out what only NaN and overflow need.

    as_file: for readers that go by the names of inputs and results; see `Builder.model`.
    for_cuda: by kernels that CUDA has, where the processor's are others. opset: the lowest that it
    may have; 0 for the lowest that it needs.
    """
    given = with_unsigned_weights(graph)
    builder = Builder(given, LOWERING, fast=fast, for_cuda=for_cuda, opset=opset)
    return builder.model(as_file=as_file)
