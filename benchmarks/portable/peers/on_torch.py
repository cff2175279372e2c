"""The workload in PyTorch: torch-eager, and torch-compile (options {"compile": true}).

The nodes become a `torch.fx` graph, straight-line calls of the functions a PyTorch user writes:
F.linear, F.layer_norm, F.gelu, F.conv2d, F.batch_norm, F.scaled_dot_product_attention. Eager runs
the generated Python. torch.compile keeps its defaults (inductor, which needs a C++ compiler). Of
inputs whose sizes vary it compiles the first sizes, then once more with those that varied
symbolic, which serves all later ones. {"bf16": true} holds weights and floating inputs in bfloat16
and gives outputs in float32; on a processor with AMX that took a third of the time of autocast,
which casts in every call. Memory format is torch's default; channels_last gave the
same times (ResNet-50, MobileNetV2, torch 2.13.0).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from ..onnx.attention import with_attention
from ..onnx.graph import Graph, check, read, run
from ..timing.main import Missing
from ..timing.precision import with_precision
from ..timing.timing import Call

Array = numpy.ndarray[Any, Any]
Arrays = dict[str, Array]


@dataclass(frozen=True)
class Loaded:
    """A module of the graph, and the names of its operands in order."""

    module: Any
    inputs: tuple[str, ...]
    bf16: bool


def runtime() -> str:
    import torch

    return f"torch {torch.__version__}"


def load(folder: Path, options: dict[str, Any], threads: int) -> Loaded:
    """The file as a module, its weights as tensors."""
    import torch

    from .torch_table import TABLE

    if options.get("bf16") and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise Missing("torch has no products of bfloat16 for this processor")
    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() != 1:  # settable once
        torch.set_num_interop_threads(1)
    graph = with_attention(read(folder))
    check(graph, TABLE, "on_torch")
    module, bf16 = _module(graph), bool(options.get("bf16"))
    return Loaded(module.to(torch.bfloat16) if bf16 else module, graph.inputs, bf16)


def compile(loaded: Loaded, options: dict[str, Any], threads: int) -> Call:
    """torch.compile itself is lazy: the first call compiles."""
    import torch

    module = torch.compile(loaded.module) if options.get("compile") else loaded.module

    def call(arrays: Arrays) -> list[Array]:
        with torch.inference_mode():
            results = module(*(torch.from_numpy(arrays[name]) for name in loaded.inputs))
        return [result.numpy() for result in results]

    def low(arrays: Arrays) -> list[Array]:
        with torch.inference_mode():
            tensors = [torch.from_numpy(arrays[name]) for name in loaded.inputs]
            results = module(*(t.bfloat16() if t.is_floating_point() else t for t in tensors))
            return [_float32(result).numpy() for result in results]

    if not loaded.bf16:
        return call
    return with_precision(low, lambda: _products(loaded.module))


def _float32(tensor: Any) -> Any:
    import torch

    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor


def _products(module: Any) -> dict[str, int]:
    """By the types of the matrices and kernels that the module holds."""
    names = {"torch.bfloat16": "bf16", "torch.float32": "f32"}
    return dict(
        Counter(
            names[str(w.dtype)] for w in module.buffers() if w.ndim > 1 and str(w.dtype) in names
        )
    )


def _module(graph: Graph) -> Any:
    """A GraphModule: operands become placeholders, weights buffers, nodes calls."""
    import torch
    from torch.fx import GraphModule, Proxy
    from torch.fx.proxy import GraphAppendingTracer

    from .torch_operators import SIZE_TABLE
    from .torch_table import TABLE

    root, traced = torch.nn.Module(), torch.fx.Graph()
    tracer = GraphAppendingTracer(traced)
    values = {
        name: Proxy(traced.placeholder(f"x{i}"), tracer) for i, name in enumerate(graph.inputs)
    }
    for i, (name, array) in enumerate(graph.parameters.items()):
        root.register_buffer(f"w{i}", torch.from_numpy(array.copy()))
        values[name] = Proxy(traced.get_attr(f"w{i}"), tracer)
    results = run(graph, TABLE, values, SIZE_TABLE)
    traced.output(tuple(result.node for result in results))
    return GraphModule(root, traced).eval()
