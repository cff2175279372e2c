"""A session bound to arrays in a device's memory, which copies into and out of the caller's.

The addresses there stay the same, which is what a CUDA graph needs: the first run of a binding
records one, and later ones launch it whole. Sessions with graphs run one call at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from threading import Lock
from typing import Any

import numpy

from isthmus.program.bound_call import Again

from .device import Device
from .problems import run_error

__all__ = ["NO_GRAPH", "device_bound", "run_options"]

Array = numpy.ndarray[Any, Any]
Named = Mapping[str, Array]

NO_GRAPH = -1  # ONNX Runtime's number for runs that are no part of a graph
_graphs = count(1)


def run_options(runtime: Any, graph: int) -> Any:
    """The options of a run that belongs to the graph of a number."""
    found = runtime.RunOptions()
    found.add_run_config_entry("gpu_graph_id", str(graph))
    return found


def device_bound(
    runtime: Any, session: Any, device: Device, inputs: Named, outputs: Named, lock: Lock | None
) -> Again:
    """What runs the session on copies of `inputs`; the results are the arrays of `outputs`.

    lock: of a session with CUDA graphs, which this binding then gets one of; else None.
    """
    make = runtime.OrtValue
    kind, number = device
    given = {name: make.ortvalue_from_numpy(a, kind, number) for name, a in inputs.items()}
    made = {
        name: make.ortvalue_from_shape_and_type(a.shape, a.dtype, kind, number)
        for name, a in outputs.items()
    }
    binding = session.io_binding()
    for name, value in given.items():
        binding.bind_ortvalue_input(name, value)
    for name, value in made.items():
        binding.bind_ortvalue_output(name, value)
    options = None if lock is None else run_options(runtime, next(_graphs))
    results = list(outputs.values())

    def run() -> None:
        for name, value in given.items():
            value.update_inplace(inputs[name])
        binding.synchronize_inputs()
        session.run_with_iobinding(binding, options)
        binding.synchronize_outputs()
        for name, value in made.items():
            outputs[name][...] = value.numpy()

    def again() -> Sequence[Array]:
        try:
            if lock is None:
                run()
            else:
                with lock:
                    run()
        except Exception as problem:
            raise run_error(problem) from None
        return results

    return again
