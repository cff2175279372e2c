"""In which precision OpenVINO runs a model: read from the graph that the plugin has made of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import openvino

from isthmus.graph.runner import Ran

__all__ = ["precision_of", "products", "ran", "text_of"]

PRODUCTS = {  # in a model
    *("Convolution", "ConvolutionBackpropData", "GroupConvolution"),
    *("GroupConvolutionBackpropData", "MatMul"),
}
KERNELS = {"Convolution", "Deconvolution", "FullyConnected", "MatMul"}  # in the plugin's graph
_SHORT = {"i8": "int8", "u8": "int8"}
FLOATS = {"f32", "bf16", "f16"}


def products(model: openvino.Model) -> frozenset[str]:
    """The names of the matrix products and convolutions, which some kernels have inside."""
    found = (op for op in model.get_ops() if op.get_type_name() in PRODUCTS)
    return frozenset(op.get_friendly_name() for op in found)


def ran(compiled: openvino.CompiledModel, names: frozenset[str]) -> Ran:
    """How many products and convolutions the plugin runs in each precision. names: `products`."""
    counts: Counter[str] = Counter()
    for node in compiled.get_runtime_model().get_ops():
        info = node.get_rt_info()
        inside = names.intersection(text_of(info, "originalLayersNames").split(","))
        count = 1 if text_of(info, "layerType") in KERNELS else len(inside)
        precision = _of_kernel(info)
        counts[_SHORT.get(precision, precision)] += count
    because = "OpenVINO leaves the end of a program in f32, and what it has no kernel of"
    return Ran(+counts, because, compiled.get_property("INFERENCE_PRECISION_HINT").to_string())


def precision_of(info: Any) -> str:
    """What a node of the plugin's graph computes in.

    Of a product that is the kernel's: what the plugin calls its runtime precision is that of the
    weights, which may be integers that are multiplied as floats.
    """
    kernel = _of_kernel(info)
    multiplies = text_of(info, "layerType") in KERNELS and kernel in FLOATS
    return kernel if multiplies else text_of(info, "runtimePrecision")


def _of_kernel(info: Any) -> str:
    """The end of the kernel's name, as "brgemm_avx2_f32"."""
    return text_of(info, "primitiveType").rpartition("_")[2].lower()


def text_of(info: Any, key: str) -> str:
    """What the plugin says of a node under a key; "" for nothing."""
    return str(info[key].astype(str)) if key in info else ""
