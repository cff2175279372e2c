"""What `isthmus doctor` says of ONNX Runtime and CUDA: driver, libraries, versions, the provider
that a session really loads, and the command that mends what is missing.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from isthmus.errors import BackendMissing, IsthmusError
from isthmus.program.backend import Diagnosis
from isthmus.program.options import Options
from isthmus.system import nvidia

from .device import Device
from .session import LIBRARIES, PROVIDERS, open_session, runtime_for

__all__ = ["diagnosis"]

NEEDED_DRIVER = 580  # of CUDA 13
PACKAGES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-ep-cuda")
# What brings each library, where it is a package of its own.
BROUGHT_BY = {
    "libcudart.so.13": "nvidia-cuda-runtime~=13.0",
    "libcublasLt.so.13": "nvidia-cublas~=13.0",
    "libcudnn.so.9": "nvidia-cudnn-cu13~=9.0",
}
WITH_GPU = "pip install 'isthmus[gpu]'"
INSTEAD = f"pip uninstall -y onnxruntime && {WITH_GPU}"
OTHER_DRIVER = f"install NVIDIA driver {NEEDED_DRIVER} or newer, which CUDA 13 needs"


def diagnosis() -> Diagnosis:
    """Facts in the order in which one needs the other."""
    drivers = [row[0] for row in nvidia.query(["driver_version"])]
    packages = _packages()
    libraries = {name: _loads(name) for name in LIBRARIES} if sys.platform == "linux" else {}
    loaded = {kind: _loaded(kind) for kind in PROVIDERS}
    found = [
        ("driver", drivers[0] if drivers else "none that nvidia-smi knows"),
        ("CUDA of the driver", nvidia.cuda_version() or "none"),
        ("packages", ", ".join(f"{name} {of}" for name, of in packages.items()) or "none"),
        ("providers", ", ".join(_offered()) or "none"),
        *((name, "loads" if fine else "does not load") for name, fine in libraries.items()),
        *((f"a session on {kind} loads", said) for kind, said in loaded.items()),
    ]
    is_fine = loaded["cuda"] == PROVIDERS["cuda"]
    problems = [] if is_fine else _problems(drivers, packages, libraries)
    return Diagnosis(tuple(found), tuple(problems))


def _problems(
    drivers: list[str], packages: dict[str, str], libraries: dict[str, bool]
) -> list[tuple[str, str]]:
    """What keeps programs from a GPU that is there; without one nothing is wrong."""
    if not drivers:
        return []
    found = []
    version_of = re.match(r"\d+", drivers[0])
    if version_of is not None and int(version_of[0]) < NEEDED_DRIVER:
        found.append((f"the driver is {drivers[0]}", OTHER_DRIVER))
    if "onnxruntime-gpu" not in packages:  # whose installation brings the libraries
        return [*found, ("onnxruntime-gpu is not installed", INSTEAD if packages else WITH_GPU)]
    for name, fine in libraries.items():
        if not fine and name in BROUGHT_BY:
            found.append((f"{LIBRARIES[name]} ({name}) does not load", _install(name)))
    return found or [("no session loads CUDA", f"pip install --force-reinstall {WITH_GPU[12:]}")]


def _install(library: str) -> str:
    return f"pip install '{BROUGHT_BY[library]}'"


def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _offered() -> list[str]:
    try:
        return list(runtime_for(Device("cpu")).get_available_providers())
    except IsthmusError:
        return []


def _loads(name: str) -> bool:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            _preload()
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _preload() -> None:
    """CUDA's libraries from their packages, where the runtime is one for CUDA."""
    with contextlib.suppress(IsthmusError):
        runtime: Any = runtime_for(Device("cpu"))
        if PROVIDERS["cuda"] in runtime.get_available_providers():
            runtime.preload_dlls()


def _loaded(kind: str) -> str:
    """The provider that a session has which is asked for a device; else why there is none."""
    try:
        from isthmus import np
        from isthmus.graph.nodes import Graph
        from isthmus.onnx.write.model import build
        from isthmus.trace.tracing import spec, trace

        graph: Graph = trace(np.negative, spec("float32", [2])).graph
        session, _ = open_session(build(graph), Options(device=kind))
    except BackendMissing as problem:
        return f"nothing: {problem}"
    except Exception as problem:  # whatever a broken installation raises
        return f"nothing: {type(problem).__name__}: {' '.join(str(problem).split())[:200]}"
    return str(session.get_providers()[0])
