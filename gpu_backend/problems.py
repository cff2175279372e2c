"""What ONNX Runtime says went wrong, as one of our errors in one line."""

from __future__ import annotations

import re

from isthmus.errors import BackendMissing, IsthmusError, OutOfMemory

from .device import Device

__all__ = ["load_error", "one_line", "run_error"]

OF_CUDA = re.compile("CUDA|cudnn|cublas|libcu|driver", re.IGNORECASE)
NO_MEMORY = re.compile(
    r"Failed to allocate memory|out of memory|ALLOC_FAILED|bad_alloc|CUDA failure 2\b"
    r"|is smaller than requested bytes|CUDA error cudaErrorMemoryAllocation",
    re.IGNORECASE,
)
REMEDY = (
    "give smaller batches, a lower precision, or more memory (levers memory_limit_bytes on CUDA)"
)


def run_error(problem: Exception) -> IsthmusError:
    """Of a call."""
    text = one_line(problem)
    if NO_MEMORY.search(str(problem)):
        return OutOfMemory(f"ONNX Runtime has no memory for {text}; {REMEDY}")
    return IsthmusError(f"ONNX Runtime stopped at {text}")


def load_error(device: Device, problem: Exception, install: str) -> IsthmusError:
    """Of a session that cannot be opened."""
    text = one_line(problem)
    if NO_MEMORY.search(str(problem)):
        return OutOfMemory(f"ONNX Runtime has no memory to load the program: {text}; {REMEDY}")
    if not device.is_host and OF_CUDA.search(text):
        return BackendMissing(f"CUDA could not be started: {text}; {install}")
    return IsthmusError(f"ONNX Runtime does not load the program: {text}")


def one_line(problem: Exception) -> str:
    """What the runtime said, without its codes; our node's name stays in it."""
    text = " ".join(str(problem).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    found = re.search(r"running (\w+) node\. Name:'([^']*)' Status Message: (.*)", text)
    return f"{found[2]} ({found[1]}): {_shortened(found[3])}" if found else _shortened(text)


def _shortened(text: str) -> str:
    """Without the path and signature of the C++ function that raised it."""
    return re.sub(r"^\S+\.(cc|h|cu|cuh):\d+ .*?\) ", "", text)[:300]
