"""Shared libraries of kernels, built from tests/data/kernels by the machine's own g++.

OpenVINO's wheel brings the headers of its extensions. ONNX Runtime's brings none: `runtime_abi.h`
states the part of its C ABI that a custom operator needs.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

__all__ = ["RUNTIME_OF", "built", "place"]

SOURCES = Path(__file__).parent.parent / "data" / "kernels"
RUNTIME_OF = {"cpu": "openvino", "gpu": "onnxruntime"}
FOLDER = TemporaryDirectory(prefix="isthmus-kernels-")  # until the process ends


def place(backend: str, *macros: str) -> Path:
    """Where the library for a backend is, once it is built."""
    return Path(FOLDER.name) / f"{'_'.join(['libkernels', RUNTIME_OF[backend], *macros])}.so"


def built(backend: str, *macros: str) -> str:
    """The path of the library for a backend; the test is skipped where it cannot be built."""
    if shutil.which("g++") is None:
        pytest.skip("building a library of kernels needs g++, which is not installed")
    if find_spec(RUNTIME_OF[backend]) is None:
        pytest.skip(f"a library of kernels is for {RUNTIME_OF[backend]}, which is not installed")
    if backend == "cpu" and not (_package("openvino") / "include/openvino/core/node.hpp").exists():
        pytest.skip("the installed openvino has no headers: take the wheel, which brings include/")
    return _built(backend, macros)


@cache
def _built(backend: str, macros: tuple[str, ...]) -> str:
    library, source = place(backend, *macros), SOURCES / f"{RUNTIME_OF[backend]}.cpp"
    further = _openvino() if backend == "cpu" else []
    command = ["g++", "-std=c++17", "-O1", "-shared", "-fPIC", *(f"-D{m}" for m in macros)]
    subprocess.run(
        [*command, str(source), "-o", str(library), *further],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return str(library)


def _openvino() -> list[str]:
    """What the wheel's own headers and library take; a name without a version is not in it."""
    package = _package("openvino")
    (library,) = package.glob("libs/libopenvino.so.*")
    return [f"-I{package}/include", str(library), f"-Wl,-rpath,{package}/libs"]


def _package(name: str) -> Path:
    found = find_spec(name)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent
