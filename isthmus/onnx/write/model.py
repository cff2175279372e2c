"""A graph's ONNX model: the builder with this backend's table."""

from __future__ import annotations

from isthmus.graph.nodes import Graph

from .builder import Builder, Model
from .lowering import LOWERING

__all__ = ["build"]


def build(graph: Graph, *, fast: bool = False) -> Model:
    """The ONNX model of a graph; `fast` leaves out what only NaN and overflow need."""
    return Builder(graph, LOWERING, fast=fast).model()
