"""A loaded OpenVINO model: one infer request a thread, the caller's arrays bound to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import openvino

from isthmus.analysis.index_checks import UnusualSizes
from isthmus.errors import IsthmusError, UsageError
from isthmus.graph.nodes import Graph
from isthmus.graph.runner import Arrays, Ran
from isthmus.program.bound_call import Again
from isthmus.program.host import Host
from isthmus.program.names import unknown_size
from isthmus.program.options import Options

from .builder import Builder
from .capability import is_wide
from .lowering import LOWERING
from .ran import products, ran, text_of
from .request import Request, Requests

__all__ = ["OpenVinoRunner", "core", "write_ir"]

Array = numpy.ndarray[Any, Any]

# The plugin's own default on a processor with AVX512_BF16 is bf16, silently.
PRECISIONS = {"f32": "f32", "bf16": "bf16", "f16": "f16", "int8": "f32"}

# The plugin keeps what it makes for the sizes of a call, so many kernels of each kind: enough for
# 16 combinations of sizes, at least of a program with KERNELS_KEPT / SIZES_KEPT nodes or fewer.
SIZES_KEPT, KERNELS_KEPT = 16, 1024


@cache
def core() -> openvino.Core:
    """The one OpenVINO core of the process."""
    return openvino.Core()


class OpenVinoRunner:
    """Runs a graph; new output arrays every call; safe to call from several threads."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph = graph
        self.threads = options.threads
        build = Builder(graph, LOWERING, options.numerics)
        model = build.model()
        self.products = None if options.precision == "f32" else products(model)
        self.compiled = _compiled(model, options)
        self.size_inputs = list(build.size_inputs)
        inputs = [(value.type.shape, value.type.dtype) for value in graph.inputs]
        inputs += [((1,), numpy.dtype(numpy.int64))] * len(self.size_inputs)
        self.requests = Requests(self.compiled, inputs, len(graph.outputs))
        self.unusual = UnusualSizes(graph)
        inputs64 = (v.type.dtype.name == "int64" for v in graph.inputs)
        self.narrowed = [position for position, is_int64 in enumerate(inputs64) if is_int64]

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[Array]:
        if self.unusual(sizes) or self._is_wide(arrays):
            return Host(self.graph, self.threads)(arrays, sizes)
        return self.requests(sizes)(self._with_sizes(arrays, sizes))

    def bind(self, arrays: Arrays, sizes: Mapping[str, int]) -> Again:
        """Run on the same arrays again and again, with a request that has them already."""
        if self.unusual(sizes) or self.narrowed:
            return lambda: self(arrays, sizes)
        outputs = len(self.graph.outputs)
        return Request(self.compiled, self._with_sizes(arrays, sizes), outputs).again

    def _is_wide(self, arrays: Arrays) -> bool:
        """Whether an input of int64 is beyond int32, in which OpenVINO computes it."""
        return any(is_wide(arrays[position]) for position in self.narrowed)

    def _with_sizes(self, arrays: Arrays, sizes: Mapping[str, int]) -> Arrays:
        if not self.size_inputs:
            return arrays
        return [*arrays, *(numpy.array([sizes[name]]) for name in self.size_inputs)]

    def ran(self) -> Ran:
        """In which precision the plugin runs the products and convolutions of the model."""
        assert self.products is not None  # as of programs that are not of float32
        return ran(self.compiled, self.products)

    def describe(self) -> list[str]:
        """The operations of the compiled model, by layer type and precision."""
        infos = [op.get_rt_info() for op in self.compiled.get_runtime_model().get_ordered_ops()]
        named = [(text_of(info, "layerType"), text_of(info, "runtimePrecision")) for info in infos]
        return [f"{kind} {width}" for kind, width in named if kind not in _SILENT]


_SILENT = {"Input", "Output", "Constant", "Parameter", "Result", "Const"}


def _compiled(model: openvino.Model, options: Options) -> openvino.CompiledModel:
    if options.device not in (None, "cpu"):
        raise UsageError(f"device {options.device!r} on backend 'cpu'; leave it out")
    try:
        return core().compile_model(model, "CPU", _settings(model, options))
    except RuntimeError as problem:
        reason = str(problem).strip().splitlines()[-1]
        raise IsthmusError(f"OpenVINO cannot compile the program: {reason}") from None


def _settings(model: openvino.Model, options: Options) -> dict[str, Any]:
    return {
        # With overrides the graph says itself what runs in half precision.
        "INFERENCE_PRECISION_HINT": "f32" if options.overrides else PRECISIONS[options.precision],
        "INFERENCE_NUM_THREADS": options.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "CPU_RUNTIME_CACHE_CAPACITY": min(KERNELS_KEPT, SIZES_KEPT * len(model.get_ops())),
        # Threads are bound to processors from the first on, in every process: only where they have
        # all processors do two processes not share some while others are idle.
        "ENABLE_CPU_PINNING": options.threads >= (os.cpu_count() or 1),
    }


def write_ir(graph: Graph, path: Path) -> None:
    """Write the graph as IR, weights in the precision of the nodes that read them."""
    build = Builder(graph, LOWERING)
    model = build.model(as_file=True)
    for size in build.size_inputs:
        raise unknown_size(size)
    openvino.save_model(model, path, compress_to_fp16=False)
