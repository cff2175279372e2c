"""The precisions of what OpenVINO made of a model, from its runtime model."""

from __future__ import annotations

from collections import Counter
from typing import Any

__all__ = ["products"]

MULTIPLY = frozenset({"Convolution", "Deconvolution", "FullyConnected", "MatMul"})
NAMES = {"i8": "int8", "u8": "int8"}


def products(compiled: Any) -> dict[str, int]:
    """How many matrix products and convolutions of a compiled model are in which precision.

    Attention that became one node is counted as one; it keeps its products to itself.
    """
    counts: Counter[str] = Counter()
    for node in compiled.get_runtime_model().get_ops():
        facts = node.get_rt_info()
        if facts["layerType"].value in MULTIPLY:
            name = str(facts["runtimePrecision"].value)
            counts[NAMES.get(name, name)] += 1
    return dict(counts)
