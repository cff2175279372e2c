"""Stand-ins for NVIDIA's libraries, with which ONNX Runtime's CUDA provider starts without a GPU.

Every function says that all is well and computes nothing; memory is the host's. So the provider
can be asked what it has kernels for, and be given a model to divide between itself and the
processor. It cannot compute.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isthmus.errors import IsthmusError, UsageError

__all__ = ["answer", "environment"]

CAPI = "onnxruntime/capi"
PROVIDER = "libonnxruntime_providers_cuda.so"
DRIVER, TENSORRT = "libcuda.so.1", "libnvinfer.so.10"
OTHERS = {"Provider_GetHost", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable"}
OTHERS |= {"__gmon_start__", "__gcov_dump", "__gcov_flush"}
MAKE = "(void** p) { *p = malloc(64); return 0; }"
ALLOCATE = "(void** p, size_t size) { *p = malloc(size + 64); return 0; }"
# Functions that give something back; the properties of a device are a struct of some 1,000 bytes.
BODIES: Mapping[str, str] = {
    "cublasCreate_v2": MAKE,
    "cublasLtCreate": MAKE,
    "cudaEventCreateWithFlags": MAKE,
    "cudaGetDevice": "(int* number) { *number = 0; return 0; }",
    "cudaGetDeviceCount": "(int* count) { *count = 1; return 0; }",
    "cudaGetDeviceProperties": '(char* p) { strcpy(memset(p, 0, 1000), "none"); return 0; }',
    "cudaHostAlloc": ALLOCATE,
    "cudaMalloc": ALLOCATE,
    "cudaMallocHost": ALLOCATE,
    "cudaMemGetInfo": "(size_t* a, size_t* b) { *a = *b = (size_t)1 << 34; return 0; }",
    "cudaMemcpy": "(void* d, void* s, size_t size) { memcpy(d, s, size); return 0; }",
    "cudaMemcpyAsync": "(void* d, void* s, size_t size) { memcpy(d, s, size); return 0; }",
    "cudaRuntimeGetVersion": "(int* version) { *version = 13000; return 0; }",
    "cudaStreamCreateWithFlags": MAKE,
    "cudnnCreate": MAKE,
}
HEAD = "#include <stdlib.h>\n#include <string.h>\n"


@contextmanager
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """The variables of a process that imports the onnxruntime of a folder and finds stand-ins."""
    if not (folder / CAPI / PROVIDER).exists():
        raise UsageError(f"{folder}: has no {CAPI}/{PROVIDER}; unpack a wheel of onnxruntime-gpu")
    providers = sorted((folder / CAPI).glob("libonnxruntime_providers_*.so"))
    with TemporaryDirectory() as place:
        for library, names in functions(providers).items():
            build(Path(place) / library, names)
        paths = os.pathsep.join(filter(None, (place, os.environ.get("LD_LIBRARY_PATH"))))
        yield {**os.environ, "PYTHONPATH": str(folder.resolve()), "LD_LIBRARY_PATH": paths}


def answer(script: str, variables: Mapping[str, str], *arguments: str) -> str:
    """The last line that a script prints there; IsthmusError where it ends otherwise."""
    with TemporaryDirectory() as elsewhere:
        ended = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=variables, capture_output=True, text=True, check=False, cwd=elsewhere,
        )  # fmt: skip
    if ended.returncode or not ended.stdout.strip():
        words = " ".join(ended.stderr.split())[-300:]
        raise IsthmusError(f"the provider does not answer (code {ended.returncode}): {words}")
    return ended.stdout.strip().splitlines()[-1]


def functions(providers: Iterable[Path]) -> dict[str, list[str]]:
    """NVIDIA's libraries that the providers are linked with, and the functions they call of each.

    They are asked for in a version, which is the library's name; of those without one the driver's
    begin with "cu", and the others are TensorRT's.
    """
    found: dict[str, list[str]] = {}
    for provider in providers:
        needed = re.findall(r"NEEDED.*\[(lib(?:cu|nv)\S+)\]", said_by("readelf", "-d", provider))
        found.update({library: found.get(library, []) for library in needed})
        for line in said_by("nm", "-D", "--undefined-only", provider).splitlines():
            name, _, version = line.split()[-1].partition("@")
            if not version:
                version = DRIVER if name.startswith("cu") else TENSORRT
            if version in found:
                found[version].append(name)
    return {library: sorted(set(names) - OTHERS) for library, names in found.items()}


def said_by(program: str, *arguments: Any) -> str:
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def build(path: Path, names: Iterable[str]) -> None:
    """A library of these functions, in C."""
    source, versions = path.with_suffix(".c"), path.with_suffix(".map")
    bodies = (f"long {name}{BODIES.get(name, '() { return 0; }')}\n" for name in names)
    source.write_text(HEAD + "".join(bodies))
    versions.write_text(f"{path.name} {{ global: *; }};\n")
    script = [] if path.name in (DRIVER, TENSORRT) else [f"-Wl,--version-script={versions}"]
    command = ["gcc", "-w", "-shared", "-fPIC", "-fno-builtin", str(source), "-o", str(path)]
    subprocess.run([*command, f"-Wl,-soname,{path.name}", *script], check=True, capture_output=True)
