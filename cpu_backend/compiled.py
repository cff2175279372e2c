"""A graph compiled by OpenVINO's CPU plugin, or taken compiled from the cache on disk.

The cache holds the whole of the plugin's export, weights included, and it is read mapped. Without
weights it is 0.5 MB instead of 438 for BERT-base, but needs a file that has all of them at the
places where they were, which a program that was never saved has not, and importing takes as long.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import openvino

from isthmus.errors import IsthmusError, UsageError
from isthmus.graph.nodes import Graph
from isthmus.program.cache import Place, place_of
from isthmus.program.kernels import used_kernels
from isthmus.program.options import LOW, Options
from isthmus.system.mapping import MappedFile, large_files, letting_go

from . import levers
from .builder import Builder, writeable
from .core import core
from .facts import beside_integers
from .kernels import KERNELS, computed
from .lowering import LOWERING
from .ran import products

__all__ = ["Compiled", "compiled_graph"]

# The plugin keeps what it makes for the sizes of a call, so many kernels of each kind: enough for
# 16 combinations of sizes, at least of a program with KERNELS_KEPT / SIZES_KEPT nodes or fewer.
SIZES_KEPT, KERNELS_KEPT = 16, 1024

# What tells processors apart, as far as the plugin is concerned.
DEVICE = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")


@dataclass(frozen=True)
class Compiled:
    """A compiled graph. size_inputs: the named sizes that it takes as further inputs.

    products: the names of its matrix products and convolutions; None where all are in float32.
    files: large ones that it has weights in.
    """

    model: openvino.CompiledModel
    size_inputs: list[str]
    products: frozenset[str] | None
    files: list[MappedFile]


def compiled_graph(graph: Graph, options: Options) -> Compiled:
    """The graph compiled now, or by an earlier process."""
    if options.device not in (None, "cpu"):
        raise UsageError(f"device {options.device!r} on backend 'cpu'; leave it out")
    levers.checked(options)
    # The plugin's file of an extension's operation is good for that library alone.
    kept = not used_kernels(graph, KERNELS)
    place = place_of(graph, options, _runtime(), Path(__file__).parent) if kept else None
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
    files = large_files([found.content])
    tensor = openvino.Tensor(writeable(found.content), shared_memory=True)
    try:
        with letting_go(files):
            model = core().import_model(tensor, "CPU", dict(found.facts["settings"]))
    except RuntimeError:
        place.forget()
        return None
    model.content = tensor, found.content  # which must live as long
    products = found.facts["products"]
    known = None if products is None else frozenset(products)
    return Compiled(model, found.facts["size_inputs"], known, files)


def _made(graph: Graph, options: Options, place: Place | None) -> Compiled:
    build = Builder(graph, LOWERING, options.numerics, computed)
    model = levers.applied(build.model(), options)
    settings = _settings(model, options)
    files = large_files(constant.array for constant in graph.constants())
    with letting_go(files):
        try:
            compiled = core().compile_model(model, "CPU", settings)
        except RuntimeError as problem:
            reason = str(problem).strip().splitlines()[-1]
            raise IsthmusError(f"OpenVINO cannot compile the program: {reason}") from None
        known = None if options.precision == "f32" else products(model)
        made = Compiled(compiled, list(build.size_inputs), known, files)
        if place is not None:
            _keep(place, made, settings)
    return made


def _keep(place: Place, made: Compiled, settings: Mapping[str, Any]) -> None:
    facts = {
        "settings": settings,
        "size_inputs": made.size_inputs,
        "products": None if made.products is None else sorted(made.products),
    }
    try:
        place.keep(facts, lambda file: made.model.export_model(_Passing(file)))
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
        "INFERENCE_PRECISION_HINT": _hint(options),
        # Else weights in integers have arrays rounded to integers as well, silently.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        "INFERENCE_NUM_THREADS": options.threads,
        "NUM_STREAMS": options.streams,
        "PERFORMANCE_HINT": "LATENCY",
        "CPU_RUNTIME_CACHE_CAPACITY": min(KERNELS_KEPT, SIZES_KEPT * len(model.get_ops())),
        # Threads are bound to processors from the first on, in every process: only where they have
        # all processors do two processes not share some while others are idle.
        "ENABLE_CPU_PINNING": options.threads >= (os.cpu_count() or 1),
    }


def _hint(options: Options) -> str:
    """In which precision what the graph says nothing of is computed.

    Always told: the plugin's own default on a processor with AVX512_BF16 is bf16, silently.
    With overrides the types of the graph say what runs in half precision, and are kept.
    """
    if options.precision == "int8":
        return beside_integers()
    return "dynamic" if options.precision in LOW and options.overrides else options.precision
