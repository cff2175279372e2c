"""Who runs a workload: each variant opens the prepared files its own way. One row each.

A folder of prepared files holds `program.im` (traced for the workload's sizes), `named.im` (the
same for any size), `model.onnx` (exported) and `inputs.npz`, so that every process of a variant
starts from the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy

from isthmus.errors import UsageError

Arrays = dict[str, numpy.ndarray[Any, Any]]
Call = Callable[[Arrays], list[numpy.ndarray[Any, Any]]]


@dataclass(frozen=True)
class Variant:
    """A name, the package that computes, and how it opens prepared files.

    One that is not `usual` runs when asked for: it needs a device, or shows one thing alone.
    """

    name: str
    package: str
    open: Callable[[Path, int], Call]
    usual: bool = True

    @property
    def runtime(self) -> str:
        """The package and its version."""
        try:
            return f"{self.package} {version(self.package)}"
        except PackageNotFoundError:
            return self.package


def _program(
    folder: Path,
    threads: int,
    *,
    backend: str,
    device: str | None = None,
    file: str = "program.im",
) -> Call:
    from isthmus.archive import load
    from isthmus.tree import leaves

    program = load(folder / file, backend=backend, threads=threads, device=device)
    return lambda arrays: [leaf for _, leaf in leaves(program(**arrays))]


def _openvino_by_hand(folder: Path, threads: int) -> Call:
    """What an OpenVINO user writes: read, compile, one request, shared memory."""
    import openvino

    core = openvino.Core()
    model = core.read_model(folder / "model.onnx")
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    count = len(model.outputs)

    def call(arrays: Arrays) -> list[numpy.ndarray[Any, Any]]:
        request.infer(arrays, share_inputs=True, share_outputs=True)
        return [request.get_output_tensor(i).data for i in range(count)]

    return call


VARIANTS = (
    Variant("numpy", "numpy", partial(_program, backend="numpy")),
    Variant("cpu", "openvino", partial(_program, backend="cpu")),
    Variant("onnxruntime-cpu", "onnxruntime", partial(_program, backend="gpu", device="cpu")),
    Variant("openvino-by-hand", "openvino", _openvino_by_hand),
    Variant(
        "cpu-named", "openvino", partial(_program, backend="cpu", file="named.im"), usual=False
    ),
    Variant("gpu", "onnxruntime-gpu", partial(_program, backend="gpu"), usual=False),
)


def find(names: list[str]) -> list[Variant]:
    """The variants of the given names, the usual ones for none; UsageError for an unknown one."""
    known = {variant.name: variant for variant in VARIANTS}
    for name in names:
        if name not in known:
            raise UsageError(f"no variant '{name}'; there are {', '.join(known)}")
    return [known[name] for name in names] or [v for v in VARIANTS if v.usual]
