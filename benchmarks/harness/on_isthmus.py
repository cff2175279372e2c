"""A saved program on one of Isthmus's backends: numpy, cpu or gpu."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.benchmarks.portable.timing.timing import Call

__all__ = ["compile", "load", "runtime"]

# The package a backend computes with, by the module it imports; NumPy where it imports neither.
PACKAGES = {"openvino": ("openvino",), "onnxruntime": ("onnxruntime-gpu", "onnxruntime")}


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Any:
    """The traced program: its file and weights read, every operator recorded again."""
    from isthmus.program import archive

    return archive.read(folder / options.get("file", "program.im"))


def compile(loaded: Any, options: Mapping[str, Any], threads: int) -> Call:
    """The program expanded, cut into segments, lowered and compiled by its backend."""
    from isthmus.graph.tree import leaves
    from isthmus.program.executable import Executable
    from isthmus.program.options import checked_options

    settings = checked_options("f32", threads, "numpy", "allow", options.get("device"))
    program = Executable(loaded, options["backend"], settings, "allow")
    return lambda arrays: [leaf for _, leaf in leaves(program(**arrays))]


def runtime() -> str:
    """The package that computes, as the compiled program has imported it, and its version."""
    names = [name for module, names in PACKAGES.items() if module in sys.modules for name in names]
    for name in [*names, "numpy"]:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    raise AssertionError("Isthmus has NumPy")
