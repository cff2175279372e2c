"""A saved program on one of Isthmus's backends: numpy, cpu or gpu.

Options: `backend`, `device`, `file`; `precision` and `weights` as `isthmus.load` takes them. A
program that was saved as int8 or auto says itself in what it is, and one that was tuned, within the
`budget`, says also on which backend and with what else it runs.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
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
TUNING_CALLS = 150  # of the default, at least, in the time that tuning has


def load(folder: Path, options: Mapping[str, Any], threads: int) -> Any:
    """The traced program: its file and weights read, every operator recorded again."""
    from isthmus.program import archive

    return archive.opened(folder / options.get("file", "program.im"))


def compile(loaded: Any, options: Mapping[str, Any], threads: int) -> Call:
    """The program expanded, cut into segments, lowered and compiled by its backend."""
    from isthmus.benchmarks.portable.timing.precision import with_precision
    from isthmus.graph.tree import leaves
    from isthmus.program.executable import Executable
    from isthmus.program.levers import with_levers
    from isthmus.program.options import checked_options
    from isthmus.program.precision import with_weights

    asked = {"threads": threads, **options, **_chosen(loaded, options)}
    settings = checked_options(
        *(asked.get("precision", loaded.precision.precision), asked["threads"], "numpy", "allow"),
        asked.get("device"),
        weights=options.get("weights"),
        overrides=loaded.precision.overrides,
        streams=asked.get("streams", 1),
    )
    settings = with_levers(settings, asked.get("levers"), asked["backend"])
    traced = with_weights(loaded.traced, settings)
    program = Executable(traced, asked["backend"], settings, "allow")
    return with_precision(
        lambda arrays: [leaf for _, leaf in leaves(program(**arrays))],
        lambda: _products(program, settings.precision, asked.get("weights")),
    )


def _chosen(loaded: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a tuned program was chosen to run with; nothing of another."""
    return loaded.tuning["keywords"] if "budget" in options else {}


def make(folder: Path, options: Mapping[str, Any]) -> None:
    """Write the variant's `file`: the program in the precision that is `made`, settled on the
    calibration inputs; or as `isthmus.tune` chooses, within the budget of accuracy."""
    from isthmus.benchmarks.portable.timing.inputs import read_sets
    from isthmus.program.compiling import load

    if "budget" in options:
        _tuned(folder, options)
        return
    program = load(
        folder / "program.im",
        backend=options["backend"],
        device=options.get("device"),
        precision=options["made"],
        samples=read_sets(folder / "calibration.npz"),
        threads=options["threads"],
    )
    program.save(folder / options["file"])


def _tuned(folder: Path, options: Mapping[str, Any]) -> None:
    """By the command line, as a user would, of whom this file is none: tuning uses the harness."""
    from isthmus.errors import IsthmusError
    from isthmus.reports.files.budget import LEAST_AGREEMENT, LEAST_COSINE

    asked = {
        "--inputs": folder / "tuning.npz",
        "--output": folder / options["file"],
        "--budget": _budget_seconds(folder, options),
        "--cosine": LEAST_COSINE,
        **({"--top1": LEAST_AGREEMENT} if options["classes"] else {}),
    }
    words = [str(word) for pair in asked.items() for word in pair]
    command = [sys.executable, "-m", "isthmus", "tune", str(folder / "program.im"), "--refresh"]
    done = subprocess.run([*command, *words], capture_output=True, encoding="utf-8")
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"ended with code {done.returncode}"]
        raise IsthmusError(last[0])


def _budget_seconds(folder: Path, options: Mapping[str, Any]) -> float:
    """The budget of the variant, or what it takes to decide where calls are long."""
    from isthmus.benchmarks.portable.timing.inputs import read_sets
    from isthmus.program.compiling import load

    from .plan import seconds_of

    program = load(folder / "program.im", threads=options["threads"])
    arrays = read_sets(folder / "inputs.npz")[0]
    program(**arrays)
    began = perf_counter()
    program(**arrays)
    return max(seconds_of(options["budget"]), TUNING_CALLS * (perf_counter() - began))


def _products(program: Any, precision: str, weights: str | None) -> dict[str, int]:
    """How many products are in which precision, by what the runtimes describe; where they do not
    tell, one in the precision that was asked for."""
    described = [line.split() for runner in program._run.runners for line in runner.describe()]
    told = [(words[0], words[1]) for words in described if len(words) == 2]
    widths = [width for kind, width in told if kind in MULTIPLY]
    widths = widths or [width for kind, width in told if kind == FUSED]
    counts = Counter("int8" if width in INTEGERS else width for width in widths)
    if not weights:
        return dict(counts) or {precision: 1}
    (common, number), *others = counts.most_common() or [(precision, 1)]
    return {f"{common}, {weights} weights": number, **dict(others)}


def runtime() -> str:
    """The package that computes, as the compiled program has imported it, and its version."""
    names = [name for module, names in PACKAGES.items() if module in sys.modules for name in names]
    for name in [*names, "numpy"]:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    raise AssertionError("Isthmus has NumPy")
