"""What this machine has: processor, threads, memory, GPUs, packages; read, never guessed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from isthmus import threads

# What matrix kernels are chosen by: 256 and 512 bit vectors, int8 and bf16 products, tiles.
FLAGS = (
    *("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16"),
    *("amx_tile", "amx_bf16", "amx_int8", "asimd", "i8mm", "bf16"),
)
PACKAGES = (
    *("numpy", "openvino", "onnx", "pandas", "pillow", "safetensors", "tokenizers"),
    *("jinja2", "rich", "typer", "pytest-benchmark", "huggingface_hub", "scikit-learn"),
)
# All of them install the folder `onnxruntime`, over each other.
RUNTIMES = (
    *("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
    *("onnxruntime-qnn", "onnxruntime-rocm", "onnxruntime-training", "onnxruntime-migraphx"),
)


def processor() -> str:
    """The processor's name, as the system gives it."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def processor_flags() -> list[str]:
    """Those of `FLAGS` that the processor has; empty where the system does not tell."""
    return flags_of(_cpuinfo())


def flags_of(facts: Mapping[str, str]) -> list[str]:
    """The same from one processor's facts."""
    has = set((facts.get("flags") or facts.get("Features") or "").split())
    return [flag for flag in FLAGS if flag in has]


def first_processor(cpuinfo: str) -> dict[str, str]:
    """The facts of the first processor of a /proc/cpuinfo."""
    pairs = (line.partition(":") for line in cpuinfo.split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cpuinfo() -> dict[str, str]:
    """Empty on other systems than Linux."""
    try:
        return first_processor(Path("/proc/cpuinfo").read_text(errors="replace"))
    except OSError:
        return {}


def thread_counts() -> dict[str, int | None]:
    """Processors of the machine, of the affinity mask, of the container's quota, and ours."""
    quota = threads.quota(threads.CGROUP)
    return {
        "processors": os.cpu_count(),
        "affinity": threads.affinity(),
        "quota": quota if quota < threads.UNLIMITED else None,
        "used": threads.available_threads(),
    }


def memory_bytes() -> int | None:
    """The machine's memory or the container's limit, the smaller; None where nobody tells."""
    known = [size for size in (_physical_bytes(), _container_bytes()) if size]
    return min(known, default=None)


def _physical_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


def _container_bytes() -> int | None:
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            text = (threads.CGROUP / name).read_text().strip()
        except OSError:
            continue
        return int(text) if text.isdigit() else None
    return None


def gpus() -> list[str]:
    """Name, memory and driver of each NVIDIA GPU, by nvidia-smi; empty without it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """The version of each package that is installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
