"""A graph run by ONNX Runtime: NumPy arrays in, new NumPy arrays out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy

from isthmus.analysis.index_checks import UnusualSizes, is_checked
from isthmus.errors import OutOfMemory
from isthmus.graph.nodes import Graph
from isthmus.graph.runner import Arrays, Ran
from isthmus.onnx.write.builder import Model
from isthmus.onnx.write.model import build
from isthmus.onnx.write.protos import all_nodes
from isthmus.program.bound_call import Again
from isthmus.program.host import Host
from isthmus.program.options import Options
from isthmus.system.mapping import large_files, letting_go

from .bound import bound, known_shapes
from .capability import LONGEST
from .cuda_plan import cuda_plan
from .device import device_of
from .device_bound import NO_GRAPH, device_bound, run_options
from .problems import run_error
from .ran import ran
from .session import open_session, runtime_for
from .settings import CUDA_GRAPH

__all__ = ["OnnxRunner"]

Array = numpy.ndarray[Any, Any]

# Below opset 17 the runtime makes no Gemm of MatMul and Add, and no Split of slices, which it makes
# from there on (2026, version 1.32).
OPSET = 18


class OnnxRunner:
    """A loaded graph; several threads may call it."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self.options = options
        self.device = device_of(options)
        self.graph = graph
        self.model = _contiguous(self._model(not self.device.is_host))
        with letting_go(large_files(self.model.weights.values())):
            self.session, self.kept = open_session(self.model, options)
        self.inputs = [value.name for value in graph.inputs]
        self.outputs = [value.name for value in self.model.proto.graph.output]
        self.unusual = UnusualSizes(graph, LONGEST)
        # A session with CUDA graphs runs one call at a time, and calls that are not bound, whose
        # arrays are elsewhere each time, belong to none.
        self.lock = Lock() if options.extra.get(CUDA_GRAPH) else None
        self.alone = None if self.lock is None else run_options(self._runtime(), NO_GRAPH)
        # What `session.run` calls once it has looked at the arguments, which are known to fit.
        self.run = self.session._sess.run
        self.tells_outside = self.device.is_host
        self.looks_up = self.tells_outside and any(map(is_checked, graph.all_nodes()))

    def _model(self, for_cuda: bool) -> Model:
        fast = self.options.numerics == "fast"
        return build(self.graph, fast=fast, for_cuda=for_cuda, opset=OPSET)

    def __call__(self, arrays: Arrays, sizes: Mapping[str, int]) -> list[Array]:
        if self.unusual(sizes):
            host = Host(self.graph, self.options.threads)
            return [numpy.array(array) for array in host(arrays, sizes)]
        given = self._given(arrays, sizes)
        try:
            outputs: list[Array] = self._run(given)
        except Exception as problem:
            return self._stopped(problem, arrays, sizes)
        return outputs

    def _run(self, given: Mapping[str, Array]) -> Any:
        if self.lock is None:
            return self.run(self.outputs, given, None)
        with self.lock:
            return self.run(self.outputs, given, self.alone)

    def _stopped(self, problem: Exception, arrays: Arrays, sizes: Mapping[str, int]) -> list[Array]:
        """The call by NumPy, which raises for a position outside, where the graph looks up any:
        kernels stop there, fused ones at negative positions as well. Else what the runtime says."""
        said = run_error(problem)
        if not self.looks_up or isinstance(said, OutOfMemory):
            raise said from None
        try:
            found = Host(self.graph, self.options.threads)(arrays, sizes)
        except IndexError as outside:
            raise outside from None
        return [numpy.array(array) for array in found]

    def bind(self, arrays: Arrays, sizes: Mapping[str, int]) -> Again:
        """Run on the same arrays again and again: what the session reads and writes is bound once,
        on a GPU copies of the arrays in its memory."""
        shapes = known_shapes(self.graph.outputs, sizes)
        if shapes is None or self.unusual(sizes):
            return lambda: self(arrays, sizes)
        types = [value.type.dtype for value in self.graph.outputs]
        results = map(numpy.empty, shapes, types)
        outputs = dict(zip(self.outputs, results, strict=True))
        given = self._given(arrays, sizes)
        if self.device.is_host:
            return bound(
                self.session,
                given,
                outputs,
                lambda problem: self._stopped(problem, arrays, sizes),
            )
        return device_bound(self._runtime(), self.session, self.device, given, outputs, self.lock)

    def _runtime(self) -> Any:
        return runtime_for(self.device)

    def _given(self, arrays: Arrays, sizes: Mapping[str, int]) -> dict[str, Array]:
        """The arrays by the names of the model's inputs, those for sizes included."""
        given = dict(zip(self.inputs, arrays, strict=True))
        for name, wanted in self.model.size_inputs.items():
            given[wanted] = numpy.array([sizes[name]])
        return given

    def keeps_on_device(self, sizes: Mapping[str, int]) -> bool:
        """Whether the runtime computes all of it for these sizes, which its inputs show."""
        return not self.model.size_inputs and not self.unusual(sizes)

    def on_device(self, buffers: Sequence[Any], sizes: Mapping[str, int]) -> list[Any]:
        """The outputs, in the runtime's memory, for inputs that are there; none is empty."""
        binding = self.session.io_binding()
        for name, buffer in zip(self.inputs, buffers, strict=True):
            binding.bind_ortvalue_input(name, buffer)
        for name in self.outputs:
            binding.bind_output(name, *self.device)
        try:
            self.session.run_with_iobinding(binding, self.alone)
        except Exception as problem:
            raise run_error(problem) from None
        outputs: list[Any] = binding.get_outputs()
        return outputs

    def ran(self) -> Ran:
        """In which precision the runtime computes; it makes the graph once more to tell."""
        return ran(self.model, self.options)

    def notes(self) -> list[str]:
        """What CUDA makes of the program, whichever device it is loaded on."""
        return cuda_plan(self._model(for_cuda=True)).lines()

    def describe(self) -> list[str]:
        """The operations emitted; ONNX Runtime then fuses some of them."""
        counts = Counter(node.op_type for node in all_nodes(self.model.proto.graph.node))
        return list(counts.elements())


def _contiguous(model: Model) -> Model:
    """The weights as the runtime can refer to them; only one in another order is copied."""
    weights = {name: numpy.ascontiguousarray(array) for name, array in model.weights.items()}
    return replace(model, weights=weights)
