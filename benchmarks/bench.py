"""The harness: prepare each workload once, then rounds of fresh processes, variants interleaved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy

from isthmus.archive import save
from isthmus.cost import cost_of
from isthmus.errors import BackendMissing, IsthmusError, NothingMeasured
from isthmus.export import export
from isthmus.threads import available_threads
from isthmus.tracing import spec, trace

from . import result
from .result import Record
from .variants import Variant
from .workloads import Workload

REFERENCE = "numpy"


@dataclass(frozen=True)
class Plan:
    """What to run: rounds of processes, each timing calls for so many seconds."""

    workloads: list[Workload]
    variants: list[Variant]
    rounds: int = 4
    seconds: float = 1.0
    threads: int = field(default_factory=available_threads)

    @property
    def steps(self) -> int:
        """The number of processes."""
        return len(self.workloads) * len(self.variants) * self.rounds


def run_bench(plan: Plan, output: Path, progress: Callable[[str], None] = print) -> Path:
    """Measure, writing the result file after every round; the path of that file.

    Raises NothingMeasured if no variant of any workload could be measured.
    """
    done: list[dict[str, Any]] = []
    for workload in plan.workloads:
        for entries in _measured(plan, workload, progress):
            result.write(output, result.document([*done, *entries]))
        done += entries
    if not done:
        raise NothingMeasured("no variant could be measured; see isthmus doctor")
    return output


def _measured(
    plan: Plan, workload: Workload, progress: Callable[[str], None]
) -> Iterator[list[dict[str, Any]]]:
    """The entries of a workload after each round."""
    with TemporaryDirectory(prefix="isthmus-") as name:
        folder = Path(name)
        facts = prepare(workload, folder)
        facts["threads"] = plan.threads
        records: dict[str, list[Record]] = {variant.name: [] for variant in plan.variants}
        for number in range(plan.rounds):
            order = plan.variants if number % 2 == 0 else plan.variants[::-1]
            for variant in order:
                progress(f"{workload.name} {variant.name} round {number + 1}/{plan.rounds}")
                records[variant.name].append(_process(plan, folder, variant, number == 0))
            parities = _parities(folder, plan.variants)
            yield [
                result.benchmark(
                    workload.name, name, runs, {**facts, "parity_max_rel_error": parities[name]}
                )
                for name, runs in records.items()
            ]


def prepare(workload: Workload, folder: Path) -> dict[str, Any]:
    """Write the files every variant opens; the facts of the workload.

    Program and export are of the workload's sizes: all variants know them. `named.im` keeps
    the sizes named, for the variant that shows what that costs.
    """
    model = workload.create()
    inputs = workload.inputs()
    specs = {name: spec(array.dtype, array.shape) for name, array in inputs.items()}
    traced = trace(model, specs)
    save(traced, folder / "program.im")
    save(trace(model, model.specs()), folder / "named.im")
    export(model, specs, folder / "model.onnx")
    numpy.savez(folder / "inputs.npz", allow_pickle=False, **inputs)
    return {
        "batch": workload.batch,
        "sequence": workload.sequence,
        "precision": "f32",
        "operations": cost_of(traced.graph, {}).operations,
    }


def _process(plan: Plan, folder: Path, variant: Variant, keep_outputs: bool) -> Record:
    command = [sys.executable, "-m", "isthmus.benchmarks.worker", str(folder), variant.name]
    command += [str(plan.threads), str(plan.seconds)]
    command += [str(folder / f"{variant.name}.npz")] * keep_outputs
    finished = subprocess.run(
        command, capture_output=True, text=True, env=_environment(plan.threads), check=False
    )
    if finished.returncode:
        said = finished.stderr.strip().splitlines()[-1:] or ["no message"]
        missing = finished.returncode == BackendMissing.exit_code
        kind = BackendMissing if missing else IsthmusError
        raise kind(
            f"variant '{variant.name}': {said[0]}; or leave it out, naming others: --variant"
        )
    record: Record = json.loads(finished.stdout.splitlines()[-1])
    return record


def _environment(threads: int) -> dict[str, str]:
    """The same thread budget for every library that reads it from the environment."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONHASHSEED": "0"}


def _parities(folder: Path, variants: list[Variant]) -> dict[str, float | None]:
    """max |error| / max |reference| of each variant's outputs; None for the reference itself."""
    paths = {variant.name: folder / f"{variant.name}.npz" for variant in variants}
    if REFERENCE not in paths:
        return dict.fromkeys(paths)
    reference = _arrays(paths[REFERENCE])
    return {
        name: None if name == REFERENCE else relative_error(_arrays(path), reference)
        for name, path in paths.items()
    }


def _arrays(path: Path) -> list[numpy.ndarray[Any, Any]]:
    with numpy.load(path) as file:
        return [file[name] for name in file.files]


def relative_error(
    found: list[numpy.ndarray[Any, Any]], reference: list[numpy.ndarray[Any, Any]]
) -> float:
    """The largest max |found - reference| / max |reference| over the outputs; inf for a NaN."""
    errors = [
        float(numpy.max(numpy.abs(a - b)) / max(float(numpy.max(numpy.abs(b))), 1e-30))
        for a, b in zip(found, reference, strict=True)
    ]
    worst = max(errors)
    return worst if worst == worst else float("inf")
