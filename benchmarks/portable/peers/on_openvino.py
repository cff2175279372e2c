"""What an OpenVINO user writes by hand: read, compile for latency, one request, shared memory.

Options: `file`, the model's; `settings`, of `compile_model`, in place of those for latency in
float32. With `{}` the runtime decides by itself, its precision too: as it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..timing.precision import with_precision
from ..timing.timing import Call
from .openvino_precision import products

LATENCY = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Any:
    """The core and the model: `model.xml` (IR) where there is one, else `model.onnx`."""
    import openvino

    ir = folder / options.get("file", "model.xml")
    core = openvino.Core()
    return core, core.read_model(ir if ir.exists() else folder / "model.onnx")


def compile(loaded: Any, options: Mapping[str, Any], threads: int) -> Call:
    """The model compiled for the processor; results are views that the next call overwrites.

    Where OpenVINO decides by itself it takes the processors that the process is bound to.
    """
    core, model = loaded
    settings = options.get("settings", {**LATENCY, "INFERENCE_NUM_THREADS": threads})
    compiled = core.compile_model(model, "CPU", {**settings})
    request, count = compiled.create_infer_request(), len(model.outputs)

    def call(arrays: Any) -> list[Any]:
        request.infer(arrays, share_inputs=True, share_outputs=True)
        return [request.get_output_tensor(i).data for i in range(count)]

    return with_precision(call, lambda: products(compiled))


def runtime() -> str:
    """The package and its version."""
    from importlib.metadata import version

    return f"openvino {version('openvino')}"
