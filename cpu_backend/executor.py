"""A loaded OpenVINO model: one infer request a thread, the caller's arrays bound to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import openvino

from isthmus.analysis.index_checks import UnusualSizes
from isthmus.analysis.narrow import input_limit
from isthmus.graph.nodes import Graph
from isthmus.graph.runner import Arrays, Ran
from isthmus.program.bound_call import Again
from isthmus.program.host import Host
from isthmus.program.kernels import checksum, used_kernels
from isthmus.program.names import unknown_size
from isthmus.program.options import Options

from .builder import Builder
from .capability import COUNTING, is_wide
from .compiled import compiled_graph
from .guard import Guard
from .kernels import KERNELS, computed
from .lowering import LOWERING
from .ran import precision_of, ran, text_of
from .request import Request, Requests
from .rows_as_images import with_rows_as_images
from .saturation import without_saturating_layers

__all__ = ["OpenVinoRunner", "write_ir"]

Array = numpy.ndarray[Any, Any]


class OpenVinoRunner:
    """Runs a graph; new output arrays every call; safe to call from several threads."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph = graph = with_rows_as_images(without_saturating_layers(graph))
        self.threads = options.threads
        self.compiled = compiled_graph(graph, options)
        inputs = [(value.type.shape, value.type.dtype) for value in graph.inputs]
        inputs += [((1,), numpy.dtype(numpy.int64))] * len(self.compiled.size_inputs)
        self.guard = Guard(options.streams)
        self.requests = Requests(self.compiled, self.guard, inputs, len(graph.outputs))
        self.unusual = UnusualSizes(graph)
        inputs64 = (v.type.dtype.name == "int64" for v in graph.inputs)
        self.narrowed = [position for position, is_int64 in enumerate(inputs64) if is_int64]
        self.limit = input_limit(graph, COUNTING) if self.narrowed else 0

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[Array]:
        if self.narrowed and self._is_wide(arrays):
            return Host(self.graph, self.threads)(arrays, sizes)
        idle = self.requests.idle.get((*sizes.values(),))
        if idle is None:
            if self.unusual(sizes):
                return Host(self.graph, self.threads)(arrays, sizes)
            idle = self.requests.added(sizes)
        return self.requests.run(idle, arrays)

    def bind(self, arrays: Arrays, sizes: Mapping[str, int]) -> Again:
        """Run on the same arrays again and again, with a request that has them already."""
        if self.unusual(sizes) or self.narrowed:
            return lambda: self(arrays, sizes)
        given = [*arrays, *(numpy.array([sizes[name]]) for name in self.compiled.size_inputs)]
        return Request(self.compiled, self.guard, given, len(self.graph.outputs)).again

    def _is_wide(self, arrays: Arrays) -> bool:
        """Whether an input of int64 is beyond what OpenVINO computes right in int32."""
        return any(is_wide(arrays[position], self.limit) for position in self.narrowed)

    def ran(self) -> Ran:
        """In which precision the plugin runs the products and convolutions of the model."""
        products = self.compiled.products
        assert products is not None  # as of programs that are not of float32
        return ran(self.compiled.model, products)

    def describe(self) -> list[str]:
        """The operations of the compiled model, by layer type and precision."""
        model = self.compiled.model.get_runtime_model()
        infos = [op.get_rt_info() for op in model.get_ordered_ops()]
        named = [(text_of(info, "layerType"), precision_of(info)) for info in infos]
        return [f"{kind} {width}" for kind, width in named if kind not in _SILENT]


_SILENT = {"Input", "Output", "Constant", "Parameter", "Result", "Const"}


def write_ir(graph: Graph, path: Path) -> None:
    """Write the graph as IR, weights in the precision of the nodes that read them."""
    graph = without_saturating_layers(graph, lambda _: True)  # wherever it is read
    build = Builder(graph, LOWERING, kernel=computed)
    model = build.model(as_file=True)
    for size in build.size_inputs:
        raise unknown_size(size)
    for library in {kernel.library: 0 for kernel in used_kernels(graph, KERNELS).values()}:
        model.set_rt_info(f"{os.path.basename(library)}, {checksum(library)}", ["isthmus", "needs"])
    openvino.save_model(model, path, compress_to_fp16=False)
