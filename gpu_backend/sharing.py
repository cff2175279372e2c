"""Weights that a session reads where they are, instead of in a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isthmus.onnx.write.builder import Model
from isthmus.onnx.write.protos import all_nodes

__all__ = ["give_weights", "shared"]

# Where ONNX Runtime leaves a weight as it is. Elsewhere it may transpose it under its old
# name (seen with a transposed x added to a weight), and then the shared one is wrong.
WEIGHT_OPERAND = {"Conv": 1, "Gather": 0, "Gemm": 1}


def give_weights(runtime: Any, settings: Any, model: Model) -> list[Any]:
    """Name the weights to the session's settings; keep what this returns as long as the session.

    The settings hold bare pointers to it, and it holds the arrays' memory.
    """
    make = runtime.OrtValue.ortvalue_from_numpy_with_onnx_type
    kinds = {tensor.name: tensor.data_type for tensor in model.proto.graph.initializer}
    values = {name: make(array, kinds[name]) for name, array in model.weights.items()}
    settings.add_external_initializers(list(values), list(values.values()))
    # Alone, the line above makes the session copy them, once it has optimised the graph.
    for name in shared(model):
        settings.add_initializer(name, values[name])
    return list(values.values())


def shared(model: Model) -> list[str]:
    """The weights of which every use is one that leaves them as they are."""
    kept = set(_uses(model, as_weight=True)) - set(_uses(model, as_weight=False))
    return [name for name in model.weights if name in kept]


def _uses(model: Model, as_weight: bool) -> Iterator[str]:
    for node in all_nodes(model.proto.graph.node):
        for position, name in enumerate(node.input):
            if (WEIGHT_OPERAND.get(node.op_type) == position) == as_weight:
                yield name
