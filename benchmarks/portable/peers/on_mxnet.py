"""The workload in Apache MXNet 1.9.1: its symbols, and an executor for inference.

A symbol is built and bound for each set of input sizes; weights are shared between them. Binding
for inference fuses by default (convolution, batch norm, activation and sum; dense layer and
activation): the subgraph backend MKLDNN, which MXNET_SUBGRAPH_BACKEND=NONE would leave out.

With MXNET_MKLDNN_ENABLED=0 in the environment before the import nothing is computed by oneDNN,
though the library's feature flags still list it: convolutions become im2col and OpenBLAS, and
nothing is fused. Of processor time, one thread, that is 124 instead of 89 ms for ResNet-50, 52
instead of 8.4 ms for MobileNetV2, and 341 instead of 260 ms for BERT-base with 128 tokens.

Attention is written out; GluonNLP's interleaved products save transposes, which for BERT-base are
a few MB of 22.4 GFLOP. Threads are OMP_NUM_THREADS of the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from ..onnx.attention import with_attention
from ..onnx.graph import Graph, check, read, run
from ..onnx.linear import with_linear
from ..timing.timing import Call

Arrays = dict[str, numpy.ndarray[Any, Any]]


@dataclass(frozen=True)
class Loaded:
    """The graph, and its weights by variable name."""

    graph: Graph
    weights: dict[str, Any]


def runtime() -> str:
    import mxnet  # type: ignore[import-not-found]

    return f"mxnet {mxnet.__version__}"


def load(folder: Path, options: dict[str, Any], threads: int) -> Loaded:
    """The file, its weights as arrays of MXNet."""
    from mxnet import nd

    from .mxnet_table import TABLE

    graph = with_attention(with_linear(read(folder)))
    check(graph, TABLE, "on_mxnet")
    arrays = {name: array for name, array in graph.parameters.items() if array.ndim}
    return Loaded(graph, {name: nd.array(a, dtype=a.dtype) for name, a in arrays.items()})


def compile(loaded: Loaded, options: dict[str, Any], threads: int) -> Call:
    """The first call of each set of sizes builds and binds a symbol."""
    executors: dict[Any, Any] = {}

    def call(arrays: Arrays) -> list[numpy.ndarray[Any, Any]]:
        sizes = tuple(arrays[name].shape for name in loaded.graph.inputs)
        if sizes not in executors:
            executors[sizes] = _bound(loaded, arrays)
        executor = executors[sizes]
        for name in loaded.graph.inputs:
            executor.arg_dict[name][:] = arrays[name]
        return [output.asnumpy() for output in executor.forward(is_train=False)]

    return call


def _bound(loaded: Loaded, arrays: Arrays) -> Any:
    """An executor of the symbol for inputs of these sizes."""
    from mxnet import cpu, nd

    symbol = _symbol(loaded.graph, arrays)
    held = {**loaded.weights, **{n: nd.array(a, dtype=a.dtype) for n, a in arrays.items()}}
    return symbol.bind(
        cpu(),
        {name: held[name] for name in symbol.list_arguments()},
        grad_req="null",
        aux_states={name: held[name] for name in symbol.list_auxiliary_states()},
    )


def _symbol(graph: Graph, arrays: Arrays) -> Any:
    from mxnet import sym

    from .mxnet_table import TABLE

    values: dict[str, Any] = {}
    for name, array in {**graph.parameters, **{n: arrays[n] for n in graph.inputs}}.items():
        variable = array.ndim and sym.var(name, shape=array.shape, dtype=array.dtype)
        values[name] = variable if array.ndim else array[()]
    return sym.Group(run(graph, TABLE, values))
