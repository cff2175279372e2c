"""The variants that reports know: whose they are. Of which precision, each result says itself."""

from __future__ import annotations

import re

__all__ = ["AUTO", "BY_HAND", "EVERY_PEER", "NATIVE", "ONNX_RUNTIME", "OURS", "PEERS", "alone"]

NATIVE = "numpy"  # the baseline of every speedup, and the reference of every parity
BY_HAND = "openvino-by-hand"
ONNX_RUNTIME = "onnxruntime-by-hand"
AUTO = "auto"  # what tuning chooses among all of ours
OURS = (
    AUTO,
    *("cpu", "gpu", "onnxruntime-cpu", "cpu-named"),
    *("cpu-bf16", "cpu-int8", "cpu-weights-int8", "cpu-auto"),
    *("onnxruntime-cpu-bf16", "onnxruntime-cpu-int8", "onnxruntime-cpu-weights-int8"),
    "onnxruntime-cpu-auto",
)
# Those that compute in float32, a column each.
PEERS = (
    BY_HAND,
    ONNX_RUNTIME,
    "torch-eager",
    "torch-compile",
    "jax",
    "mxnet-onednn",
    "mxnet-plain",
)
EVERY_PEER = (
    *PEERS,
    *("openvino-as-it-comes", "openvino-nncf-int8"),
    *("onnxruntime-dynamic-int8", "onnxruntime-static-int8"),
    *("torch-eager-bf16", "torch-compile-bf16", "sentence-transformers-openvino"),
)
_COPIES = re.compile(r"-x\d+$")


def alone(variant: str) -> str:
    """The variant of which these are copies side by side: `cpu` of `cpu-x2`, and of `cpu`."""
    return _COPIES.sub("", variant)
