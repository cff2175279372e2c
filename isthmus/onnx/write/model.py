"""A graph's ONNX model: the builder with this backend's table."""

from __future__ import annotations

from isthmus.graph.nodes import Graph

from .builder import Builder, Model
from .lowering import LOWERING
from .unsigned import with_unsigned_weights

__all__ = ["build"]


def build(graph: Graph, *, fast: bool = False, as_file: bool = False) -> Model:
    """The ONNX model of a graph; `fast` leaves out what only NaN and overflow need.

    as_file: for readers that go by the names of inputs and results; see `Builder.model`.
    """
    return Builder(with_unsigned_weights(graph), LOWERING, fast=fast).model(as_file=as_file)
