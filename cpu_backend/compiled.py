"""A graph compiled by OpenVINO's CPU plugin, or taken compiled from the cache on disk.

The cache holds the whole of the plugin's export, weights included, and it is read mapped. Without
weights it is 0.5 MB instead of 438 for BERT-base, but needs a file that has all of them at the
places where they were, which a program that was never saved has not, and importing takes as long.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import openvino

from isthmus.errors import IsthmusError, UsageError
from isthmus.graph.nodes import Graph
from isthmus.program.cache import Place, place_of
from isthmus.program.options import Options
from isthmus.system.mapping import letting_go

from .builder import Builder, writeable
from .lowering import LOWERING

__all__ = ["PRECISIONS", "compiled_graph", "core"]

Compiled = tuple[openvino.CompiledModel, list[str]]  # and the names that are sizes it is given

# The plugin's own default on a processor with AVX512_BF16 is bf16, silently.
PRECISIONS = {"f32": "f32", "bf16": "bf16", "f16": "f16", "int8": "f32"}

# The plugin keeps what it makes for the sizes of a call, so many kernels of each kind: enough for
# 16 combinations of sizes, at least of a program with KERNELS_KEPT / SIZES_KEPT nodes or fewer.
SIZES_KEPT, KERNELS_KEPT = 16, 1024

# What tells processors apart, as far as the plugin is concerned.
DEVICE = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")


@cache
def core() -> openvino.Core:
    """The one OpenVINO core of the process."""
    return openvino.Core()


def compiled_graph(graph: Graph, options: Options) -> Compiled:
    """The graph compiled, and the named sizes that it takes as further inputs."""
    if options.device not in (None, "cpu"):
        raise UsageError(f"device {options.device!r} on backend 'cpu'; leave it out")
    place = place_of(graph, options, _runtime(), Path(__file__).parent)
    found = None if place is None else _imported(place)
    return found or _made(graph, options, place)


@cache
def _runtime() -> tuple[str, ...]:
    """What a compiled graph depends on beside the graph and its options."""
    device = (str(core().get_property("CPU", name)) for name in DEVICE)
    return openvino.get_version(), *device, str(os.cpu_count())


def _imported(place: Place) -> Compiled | None:
    """What is kept there, as the plugin takes it; None where it takes it no more."""
    found = place.found()
    if found is None:
        return None
    tensor = openvino.Tensor(writeable(found.content), shared_memory=True)
    try:
        with letting_go([found.content]):
            compiled = core().import_model(tensor, "CPU", dict(found.facts["settings"]))
    except RuntimeError:
        place.forget()
        return None
    compiled.content = tensor, found.content  # which must live as long
    return compiled, list(found.facts["size_inputs"])


def _made(graph: Graph, options: Options, place: Place | None) -> Compiled:
    build = Builder(graph, LOWERING, options.numerics)
    model = build.model()
    settings = _settings(model, options)
    with letting_go(constant.array for constant in graph.constants()):
        try:
            compiled = core().compile_model(model, "CPU", settings)
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise IsthmusError(f"OpenVINO cannot compile the program: {reason}") from None
        sizes = list(build.size_inputs)
        if place is not None:
            _keep(place, compiled, {"settings": settings, "size_inputs": sizes})
    return compiled, sizes


def _keep(place: Place, compiled: openvino.CompiledModel, facts: Mapping[str, Any]) -> None:
    def write(file: IO[bytes]) -> None:
        compiled.export_model(_Passing(file))

    try:
        place.keep(facts, write)
    except RuntimeError:  # an operation that the plugin does not export
        return


class _Passing(io.BytesIO):
    """A file in memory, which OpenVINO asks for, that hands on what is done with it at once."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self.file = file

    def write(self, content: Any) -> int:
        return self.file.write(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()


def _settings(model: openvino.Model, options: Options) -> dict[str, Any]:
    return {
        "INFERENCE_PRECISION_HINT": PRECISIONS[options.precision],
        "INFERENCE_NUM_THREADS": options.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "CPU_RUNTIME_CACHE_CAPACITY": min(KERNELS_KEPT, SIZES_KEPT * len(model.get_ops())),
        # Threads are bound to processors from the first on, in every process: only where they have
        # all processors do two processes not share some while others are idle.
        "ENABLE_CPU_PINNING": options.threads >= (os.cpu_count() or 1),
    }
