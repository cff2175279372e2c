"""Triton's `config.pbtxt` for a model, as a message of `inference.ModelConfig`.

Triton knows more fields than these; what is written is what a program, a measurement or the user
decides: https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.graph.nodes import Graph

from .capacity import Capacity
from .settings import Settings
from .shapes import shapes_at
from .signature import Signature, Tensor
from .text_format import Word, written

__all__ = ["config_text"]

KINDS = {"cpu": Word("KIND_CPU"), "cuda": Word("KIND_GPU")}


def config_text(
    name: str,
    signature: Signature,
    capacity: Capacity,
    settings: Settings,
    graph: Graph,
    buckets: Sequence[Mapping[str, int]],
) -> str:
    """The whole file."""
    joined = signature.max_batch_size > 0
    message = {
        "name": name,
        "backend": signature.backend,
        "max_batch_size": signature.max_batch_size,
        "input": [_tensor(each, joined) for each in signature.inputs],
        "output": [_tensor(each, joined) for each in signature.outputs],
        "version_policy": {"latest": {"num_versions": settings.served_versions}},
        "instance_group": [{"count": capacity.instances, "kind": KINDS[settings.device]}],
        **({"dynamic_batching": _dynamic_batching(settings)} if joined else {}),
        **_optimization(settings.device),
        "parameters": _parameters(signature.backend, capacity),
        "model_warmup": _warm_ups(signature, graph, buckets),
    }
    return written({key: value for key, value in message.items() if value != []})


def _tensor(tensor: Tensor, joined: bool) -> dict[str, Any]:
    """Where requests are joined, the first axis is not written: it is the batch."""
    return {
        "name": tensor.name,
        "data_type": Word(tensor.type),
        "dims": list(tensor.dims[1:] if joined else tensor.dims),
    }


def _dynamic_batching(settings: Settings) -> dict[str, Any]:
    """A batch is run at once where it has a preferred size, else when its first request waited."""
    most = settings.max_batch_size
    return {
        "preferred_batch_size": sorted({max(1, most // 2), most}),
        "max_queue_delay_microseconds": settings.queue_delay_us,
    }


def _optimization(device: str) -> dict[str, Any]:
    """On a GPU float32 is float32: TF32 keeps 10 bits of a product."""
    if device != "cuda":
        return {}
    cuda = {"name": "cuda", "parameters": [{"key": "use_tf32", "value": "0"}]}
    return {"optimization": {"execution_accelerators": {"gpu_execution_accelerator": [cuda]}}}


def _parameters(backend: str, capacity: Capacity) -> list[dict[str, Any]]:
    values: Mapping[str, Mapping[str, int | str]] = {
        # Each instance is a session with threads of its own.
        "onnxruntime": {
            "intra_op_thread_count": capacity.threads_each,
            "inter_op_thread_count": 1,
        },
        # Instances are requests of one compiled model, whose threads they share.
        "openvino": {
            "INFERENCE_NUM_THREADS": capacity.threads,
            "NUM_STREAMS": capacity.instances,
            "PERFORMANCE_HINT": "LATENCY",
        },
    }
    return [
        {"key": key, "value": {"string_value": str(value)}}
        for key, value in values[backend].items()
    ]


def _warm_ups(
    signature: Signature, graph: Graph, buckets: Sequence[Mapping[str, int]]
) -> list[dict[str, Any]]:
    """One row of each bucket, and a full batch of the smallest, of zeros.

    Zeros are in bounds of whatever is looked up, and kernels are chosen by shapes alone.
    """
    most = signature.max_batch_size
    wanted = [(row, 1) for row in buckets] + [(row, most) for row in buckets[:1] if most > 1]
    return [_warm_up(signature, graph, row, rows) for row, rows in wanted]


def _warm_up(
    signature: Signature, graph: Graph, row: Mapping[str, int], rows: int
) -> dict[str, Any]:
    joined = signature.max_batch_size > 0
    names = graph.dimension_names()
    sizes = {**row, **{name: 1 for name in names if name not in row}}
    shapes = shapes_at(graph, sizes)
    named = {**({"batch": rows} if joined else {}), **row}
    said = ", ".join(f"{name} {size}" for name, size in named.items())
    return {
        "name": said or "fixed sizes",
        "batch_size": rows,
        "inputs": [
            {
                "key": tensor.name,
                "value": {
                    "data_type": Word(tensor.type),
                    "dims": list(shapes[tensor.name][1 if joined else 0 :]) or [1],
                    "zero_data": True,
                },
            }
            for tensor in signature.inputs
        ],
    }
