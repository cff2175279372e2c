"""The machine that measures, as facts that tell whether two results can be compared."""

from __future__ import annotations

import platform
from typing import Any

from isthmus import machine, threads

# The packages whose versions change what is measured.
COMPUTING = ("isthmus", "numpy", "onnx", "onnxruntime", "onnxruntime-gpu", "openvino")


def fingerprint() -> dict[str, Any]:
    """CPU model, processors this process may use, instruction sets, GPU, memory and kernel."""
    memory = machine.memory_bytes()
    gpus = machine.gpus()
    return {
        "cpu_model": machine.processor(),
        "cores": threads.affinity(),
        "flags": machine.processor_flags(),
        "gpu": gpus[0].split(",")[0] if gpus else "",
        "memory_gib": None if memory is None else round(memory / 2**30, 1),
        "kernel": platform.release(),
    }


def versions() -> dict[str, str]:
    """The installed packages that compute."""
    return machine.versions(COMPUTING)
