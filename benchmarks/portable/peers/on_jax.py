"""The workload in JAX: one jitted function of (weights, inputs) over the graph's nodes.

Weights are arguments, on the device once; closed over, they would be constants that XLA folds
while it compiles. Images are [N, H, W, C], as JAX users write them: XLA's convolutions on CPUs
take about half the time of those on [N, C, H, W] (ResNet-50, jax 0.10.2: 123 and 268 ms
of processor time). Its depthwise convolutions are slow either way, and use one thread. New sizes
compile anew. Types are the file's: int64 and float64 are not narrowed. XLA's pool has as many
threads as the process may use processors when JAX is imported; `threads` is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from ..onnx.graph import Graph, check, read, run
from ..onnx.layout import channels_last
from ..timing.timing import Call


@dataclass(frozen=True)
class Loaded:
    """The graph, and its weights as JAX arrays."""

    graph: Graph
    weights: dict[str, Any]


def runtime() -> str:
    import jax  # type: ignore[import-not-found]

    return f"jax {jax.__version__}"


def load(folder: Path, options: dict[str, Any], threads: int) -> Loaded:
    """The file with its weights on the device."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from .jax_table import TABLE

    graph = channels_last(read(folder))
    check(graph, TABLE, "on_jax")
    return Loaded(graph, jax.device_put(graph.parameters))


def compile(loaded: Loaded, options: dict[str, Any], threads: int) -> Call:
    """jax.jit is lazy: the first call of each set of sizes compiles."""
    import jax

    from .jax_table import TABLE

    graph = loaded.graph

    def program(weights: dict[str, Any], arrays: dict[str, Any]) -> list[Any]:
        return run(graph, TABLE, {**weights, **arrays})

    jitted = jax.jit(program)

    def call(arrays: dict[str, numpy.ndarray[Any, Any]]) -> list[numpy.ndarray[Any, Any]]:
        results = jitted(loaded.weights, {name: arrays[name] for name in graph.inputs})
        return [numpy.asarray(result) for result in results]

    return call
