"""The precisions of what OpenVINO made of a model, from its runtime model."""

from __future__ import annotations

from collections import Counter
from typing import Any

__all__ = ["products"]

MULTIPLY = frozenset({"Convolution", "Deconvolution", "FullyConnected", "MatMul"})
FUSED = "Subgraph"  # a kernel of several operations, which may be products: small layers, attention
NAMES = {"i8": "int8", "u8": "int8"}


def products(compiled: Any) -> dict[str, int]:
    """How many matrix products and convolutions of a compiled model are in which precision.

    Where a model has none by itself, its fused kernels are counted.
    """
    kinds: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for node in compiled.get_runtime_model().get_ops():
        facts = node.get_rt_info()
        kind, name = facts["layerType"].value, str(facts["runtimePrecision"].value)
        if kind in MULTIPLY or kind == FUSED:
            kinds[kind in MULTIPLY][NAMES.get(name, name)] += 1
    return dict(kinds[True] or kinds[False])
