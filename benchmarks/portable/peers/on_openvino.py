"""What an OpenVINO user writes by hand: read, compile for latency, one request, shared memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..timing.timing import Call


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Any:
    """The core and the model: `model.xml` (IR) where there is one, else `model.onnx`."""
    import openvino

    ir = folder / "model.xml"
    core = openvino.Core()
    return core, core.read_model(ir if ir.exists() else folder / "model.onnx")


def compile(loaded: Any, options: Mapping[str, Any], threads: int) -> Call:
    """The model compiled for the processor; results are views that the next call overwrites."""
    core, model = loaded
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    count = len(model.outputs)

    def call(arrays: Any) -> list[Any]:
        request.infer(arrays, share_inputs=True, share_outputs=True)
        return [request.get_output_tensor(i).data for i in range(count)]

    return call


def runtime() -> str:
    """The package and its version."""
    from importlib.metadata import version

    return f"openvino {version('openvino')}"
