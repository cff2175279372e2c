"""The machine that measures: what forbids a comparison, what only warns, and what was installed.

A fact that the system does not tell is None, never a guess. Facts are read once in a process, so
that every write of a result file says the same.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from isthmus.system import cgroup, machine, nvidia, threads, topology

__all__ = ["conditions", "fingerprint", "versions"]

# The packages whose versions change what is measured.
COMPUTING = ("isthmus", "numpy", "onnx", "onnxruntime", "onnxruntime-gpu", "openvino")
LOAD = machine.load_average()  # before what is measured here becomes a part of it

GPU = {
    "name": "name",
    "memory": "memory.total",
    "driver": "driver_version",
    "clock": "clocks.max.sm",
    "memory_clock": "clocks.max.memory",
    "power_limit": "power.limit",
    "persistence": "persistence_mode",
}


@cache
def _gpu() -> dict[str, str]:
    """nvidia-smi's facts of the first GPU; empty without one."""
    rows = nvidia.query(tuple(GPU.values()))
    return dict(zip(GPU, rows[0], strict=False)) if rows else {}


FINGERPRINT: dict[str, Callable[[], Any]] = {
    "cpu_model": machine.processor,
    "cpu_signature": machine.signature,
    "flags": machine.processor_flags,
    "cores": threads.affinity,  # processors this process may use: hardware threads
    "physical_cores": lambda: topology.cores(topology.usable()),
    "quota": lambda: _or_none(cgroup.processors()),
    "memory_gib": lambda: _gib(machine.memory_bytes()),
    "gpu": lambda: _gpu().get("name") or "",  # "": none that nvidia-smi knows
    "instance_type": machine.instance_type,
}

CONDITIONS: dict[str, Callable[[], Any]] = {
    "kernel": platform.release,
    "hypervisor": machine.hypervisor,
    "microcode": machine.microcode,
    "processors": lambda: len(topology.online()) or None,
    "sockets": topology.sockets,
    "numa_nodes": topology.numa_nodes,
    "multithreading": topology.multithreading,
    "caches": topology.caches,
    "installed_gib": lambda: _gib(machine.installed_bytes()),
    "memory_limit_gib": lambda: _gib(cgroup.memory_bytes()),
    "governor": topology.governor,
    "boost": topology.boost,
    "highest_clock_mhz": topology.highest_clock_mhz,
    "clock_source": topology.clock_source,
    "huge_pages": machine.huge_pages,
    "allocator": machine.allocator_settings,
    "libc": machine.library_c,
    "python": platform.python_version,
    "gpu_settings": lambda: {name: text for name, text in _gpu().items() if name != "name"},
    "cuda": nvidia.cuda_version,
    "load_average": lambda: LOAD,
}


def fingerprint() -> dict[str, Any]:
    """What two machines must share for their timings to be compared."""
    return {**_facts()[0]}


def conditions() -> dict[str, Any]:
    """What may move timings on the same machine; a difference is said, and forbids nothing."""
    return {**_facts()[1]}


def versions() -> dict[str, str]:
    """The installed packages that compute, and the library of NumPy's matrix products."""
    return machine.versions(COMPUTING) | numpy_blas()


def numpy_blas() -> dict[str, str]:
    """`{"blas": "scipy-openblas 0.3.31"}`; empty where NumPy does not tell."""
    built = numpy.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {}) if isinstance(built, dict) else {}
    return {"blas": f"{blas['name']} {blas.get('version', '')}".strip()} if "name" in blas else {}


@cache
def _facts() -> tuple[dict[str, Any], dict[str, Any]]:
    first, second = (
        {name: fact() for name, fact in table.items()} for table in (FINGERPRINT, CONDITIONS)
    )
    return first, second


def _or_none(limit: float | None) -> float | str | None:
    """JSON has no infinity: `none` is a limit that was looked for, and is not there."""
    return "none" if limit is not None and math.isinf(limit) else limit


def _gib(size: float | None) -> float | str | None:
    return _or_none(size if size is None else round(size / 2**30, 1))
