"""The folder that every variant of a workload opens, so that all start from the same bytes.

program.im   for the workload's sizes       model.onnx, model.xml   for every other runtime
named.im     the sizes named, if asked for   inputs.npz              the sets of inputs

For precisions below float32, if asked for: calibration.npz and tuning.npz, by which integers are
scaled, and judged.npz, by which their accuracy is judged. None of them is timed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol, TypeVar

from isthmus.analysis.cost import Cost, cost_of
from isthmus.benchmarks.portable.timing.inputs import write_sets
from isthmus.errors import UsageError
from isthmus.graph.dims import Dim
from isthmus.graph.nodes import Graph
from isthmus.program.archive import save

from .input_sets import Arrays
from .judged_by import JudgedBy
from .sources import Source

__all__ = ["Facts", "Work", "content_hash", "prepare"]

T = TypeVar("T")


class Work(Protocol):
    """What can be measured: a row of `workloads`, or what a user named (`foreign`)."""

    @property
    def name(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def batch(self) -> int: ...
    @property
    def sequence(self) -> int | str | None: ...
    def input_sets(self) -> list[Arrays]: ...
    def calibration_sets(self) -> list[Arrays]: ...

    def tuning_sets(self) -> list[Arrays]: ...
    def judged_by(self) -> JudgedBy | None: ...
    def source(self) -> Source: ...


@dataclass(frozen=True)
class Facts:
    """measured: what a result says of the workload, None for what is not known.

    absent: what could not be made, with the reason: "program", "named", "onnx", "model"
    where there is no OpenVINO IR either. classes: whether outputs rank classes. judged_by: what
    is in judged.npz, where there is one.
    """

    measured: dict[str, Any]
    absent: Mapping[str, str]
    classes: bool
    judged_by: JudgedBy | None = None


def prepare(
    work: Work, folder: Path, *, named: bool = False, model: bool = True, low: bool = False
) -> Facts:
    """Write the files of a workload, those asked for; UsageError if nothing can run it."""
    absent: dict[str, str] = {}
    sets, source = work.input_sets(), work.source()
    write_sets(folder / "inputs.npz", sets)
    program = _made(absent, "program", lambda: _saved(source, folder / "program.im"))
    if named:
        _made(absent, "named", lambda: _saved(source, folder / "named.im", named=True))
    write = source.write_model if model else lambda folder: list[Path]()
    files = _made(absent, "model", lambda: write(folder)) or []
    if not (program or files):
        raise UsageError(f"{work.name}: {absent['program']}")
    if model and not (folder / "model.onnx").exists():
        absent["onnx"] = absent.get("model", "there is an OpenVINO IR alone, which OpenVINO reads")
    measured = {
        **{name: getattr(work, name) for name in ("model", "batch", "sequence")},
        "precision": "f32",
        **(_unknown_cost() if program is None else cost_facts(program, sets)),
        "model_hash": content_hash(source.files or [folder / "program.im"]),
        "input_sets": len(sets),
    }
    return Facts(measured, absent, source.classes, _for_low(work, folder) if low else None)


def _for_low(work: Work, folder: Path) -> JudgedBy | None:
    """Write what precisions below float32 need beside."""
    write_sets(folder / "calibration.npz", work.calibration_sets())
    write_sets(folder / "tuning.npz", work.tuning_sets())
    judged_by = work.judged_by()
    if judged_by is not None:
        write_sets(folder / "judged.npz", judged_by.sets)
    return judged_by


def cost_facts(graph: Graph, sets: Sequence[Arrays]) -> dict[str, int]:
    """Operations and bytes of a call, in the mean over the sets, and the bytes of parameters."""
    costs = _costs(graph, sets)
    return {
        "operations": round(fmean(cost.operations for cost in costs)),
        "bytes_moved": round(fmean(cost.bytes_moved for cost in costs)),
        "parameter_bytes": costs[0].parameter_bytes,
        "least_bytes": round(fmean(cost.least_bytes for cost in costs)),
    }


def content_hash(files: Sequence[Path]) -> str:
    """ "sha256:" and the digest of the files' contents, one after the other.

    Of the user's own files, else of our program: an export names the lines that made it.
    """
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return f"sha256:{digest.hexdigest()}"


def _made(absent: dict[str, str], what: str, make: Callable[[], T]) -> T | None:
    """What was made, or None with the reason kept."""
    try:
        return make()
    except UsageError as problem:
        absent[what] = str(problem)
        return None


def _saved(source: Source, path: Path, *, named: bool = False) -> Graph:
    traced = source.traced(named=named)
    save(traced, path)
    return traced.graph


def _costs(graph: Graph, sets: Sequence[Arrays]) -> list[Cost]:
    """The cost of each set; sets of the same sizes are counted once."""
    known: dict[tuple[tuple[str, int], ...], Cost] = {}
    sizes = [tuple(sorted(_sizes(graph, arrays).items())) for arrays in sets]
    for key in sizes:
        known.setdefault(key, cost_of(graph, dict(key)))
    return [known[key] for key in sizes]


def _sizes(graph: Graph, arrays: Arrays) -> dict[str, int]:
    """The numbers of named sizes, from the arrays."""
    return {
        str(size): number
        for value in graph.inputs
        for size, number in zip(value.type.shape, arrays[value.name].shape, strict=True)
        if isinstance(size, Dim)
    }


def _unknown_cost() -> dict[str, None]:
    return dict.fromkeys(("operations", "bytes_moved", "parameter_bytes", "least_bytes"))
