"""A saved program on one of Isthmus's backends: numpy, cpu or gpu.

Options: `backend`, `device`, `file`; `precision` and `weights` as `isthmus.load` takes them. A
program that was saved as int8 or auto says itself in what it is.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.benchmarks.portable.timing.timing import Call

__all__ = ["compile", "load", "make", "runtime"]

# The package a backend computes with, by the module it imports; NumPy where it imports neither.
PACKAGES = {"openvino": ("openvino",), "onnxruntime": ("onnxruntime-gpu", "onnxruntime")}
# How OpenVINO calls what multiplies, and integers of eight bits.
MULTIPLY = frozenset({"Convolution", "Deconvolution", "FullyConnected", "MatMul"})
FUSED = "Subgraph"
INTEGERS = frozenset({"i8", "u8"})


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Any:
    """The traced program: its file and weights read, every operator recorded again."""
    from isthmus.program import archive

    return archive.opened(folder / options.get("file", "program.im"))


def compile(loaded: Any, options: Mapping[str, Any], threads: int) -> Call:
    """The program expanded, cut into segments, lowered and compiled by its backend."""
    from isthmus.benchmarks.portable.timing.precision import with_precision
    from isthmus.graph.tree import leaves
    from isthmus.program.executable import Executable
    from isthmus.program.options import checked_options
    from isthmus.program.precision import with_weights

    settings = checked_options(
        *(options.get("precision", loaded.precision.precision), threads, "numpy", "allow"),
        options.get("device"),
        weights=options.get("weights"),
        overrides=loaded.precision.overrides,
    )
    traced = with_weights(loaded.traced, settings)
    program = Executable(traced, options["backend"], settings, "allow")
    return with_precision(
        lambda arrays: [leaf for _, leaf in leaves(program(**arrays))],
        lambda: _products(program, settings),
    )


def make(folder: Path, options: Mapping[str, Any]) -> None:
    """Write the variant's `file`: the program in the precision that is `made`, settled on the
    calibration inputs."""
    from isthmus.benchmarks.portable.timing.inputs import read_sets
    from isthmus.program.compiling import load

    program = load(
        folder / "program.im",
        backend=options["backend"],
        device=options.get("device"),
        precision=options["made"],
        samples=read_sets(folder / "calibration.npz"),
        threads=options["threads"],
    )
    program.save(folder / options["file"])


def _products(program: Any, settings: Any) -> dict[str, int]:
    """How many products are in which precision, by what the runtimes describe; where they do not
    tell, one in the precision that was asked for."""
    described = [line.split() for runner in program._run.runners for line in runner.describe()]
    told = [(words[0], words[1]) for words in described if len(words) == 2]
    widths = [width for kind, width in told if kind in MULTIPLY]
    widths = widths or [width for kind, width in told if kind == FUSED]
    counts = Counter("int8" if width in INTEGERS else width for width in widths)
    if not settings.weights:
        return dict(counts) or {settings.precision: 1}
    (common, number), *others = counts.most_common() or [(settings.precision, 1)]
    return {f"{common}, {settings.weights} weights": number, **dict(others)}


def runtime() -> str:
    """The package that computes, as the compiled program has imported it, and its version."""
    names = [name for module, names in PACKAGES.items() if module in sys.modules for name in names]
    for name in [*names, "numpy"]:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    raise AssertionError("Isthmus has NumPy")
