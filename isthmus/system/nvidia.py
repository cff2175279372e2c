"""NVIDIA GPUs, by the driver's own nvidia-smi and libcuda; empty or None without them."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence

__all__ = ["cuda_version", "query"]

LONGEST_SECONDS = 20
LIBRARIES = ("libcuda.so.1", "nvcuda.dll")


def query(fields: Sequence[str]) -> list[list[str]]:
    """The values of nvidia-smi's fields (`nvidia-smi --help-query-gpu`), a row for each GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    lines = (line.strip() for line in answer.stdout.splitlines())
    return [[value.strip() for value in line.split(",")] for line in lines if line]


def cuda_version() -> str | None:
    """The newest CUDA that the driver runs, `13.0`; None without a driver."""
    version = ctypes.c_int()
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            failed = library.cuDriverGetVersion(ctypes.byref(version))
        except (OSError, AttributeError):
            continue
        if not failed and version.value:
            return f"{version.value // 1000}.{version.value % 1000 // 10}"
    return None
