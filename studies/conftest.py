"""What the bench files share: prepared workloads, the thread budget, our facts in every entry."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from isthmus.benchmarks.harness import environments, fingerprint, parity, processes, variants
from isthmus.benchmarks.harness.plan import SINGLE_STREAM
from isthmus.benchmarks.harness.processes import opener_of
from isthmus.benchmarks.harness.variants import Variant
from isthmus.benchmarks.portable.timing.main import Missing
from isthmus.benchmarks.portable.timing.timing import Sampler, warm_up
from isthmus.benchmarks.work import prepare, workloads
from isthmus.errors import BackendMissing
from isthmus.system.threads import affinity, available_threads

REFERENCE = "numpy"


@dataclass(frozen=True)
class Prepared:
    """A workload's files and inputs, what is known of it, and the reference's outputs."""

    name: str
    folder: Path
    facts: prepare.Facts
    sets: list[dict[str, Any]]
    reference: list[list[Any]]


@pytest.fixture(scope="session")
def threads() -> int:
    """The budget of every variant: all processors of this process, which all libraries take."""
    budget = available_threads()
    if affinity() > budget:
        pytest.exit(
            f"{affinity()} processors under a quota of {budget}: libraries would start too many "
            f"threads; run it as: taskset -c 0-{budget - 1} python -m pytest ...",
            returncode=2,
        )
    return budget


@pytest.fixture(scope="module")
def prepared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, threads: int
) -> Iterator[Prepared]:
    """The workload of the parameter's name; its files are gone when the next one's turn comes."""
    (workload,), (numpy,) = workloads.find([request.param]), variants.find([REFERENCE])
    folder = tmp_path_factory.mktemp(request.param)
    facts, sets = prepare.prepare(workload, folder, named=True), workload.input_sets()
    reference = _outputs(processes.opened(numpy, folder, threads), sets)
    yield Prepared(workload.name, folder, facts, sets, reference)
    shutil.rmtree(folder)


@pytest.fixture
def measure(benchmark: Any, prepared: Prepared, threads: int) -> Callable[[str], None]:
    """A function that measures a variant, by name, on the prepared workload."""

    def measured(name: str) -> None:
        (variant,) = variants.find([name])
        call = _opened(prepared, variant, threads)
        benchmark.group = prepared.name
        benchmark.extra_info.update(_facts(prepared, variant, threads))
        benchmark.extra_info.update(_parity(prepared, variant, call))
        benchmark.extra_info["warm_up"] = asdict(warm_up(Sampler(call, prepared.sets)))
        sets = cycle(prepared.sets)
        benchmark(lambda: call(next(sets)))

    return measured


def _opened(prepared: Prepared, variant: Variant, threads: int) -> processes.Call:
    """The variant's call, in this process; skips a variant that is missing."""
    try:
        call = processes.opened(variant, prepared.folder, threads)
        call(prepared.sets[0])
    except (BackendMissing, Missing, ImportError) as problem:
        pytest.skip(f"{variant.name}: {problem}")
    return call


def _facts(prepared: Prepared, variant: Variant, threads: int) -> dict[str, Any]:
    """What the reports read; None for what one process for all variants cannot tell."""
    opener = opener_of(variant)
    unknown = ("load_seconds", "compile_seconds", "first_inference_seconds", "peak_memory_bytes")
    return {
        **prepared.facts.measured,
        "workload": prepared.name,
        "variant": variant.name,
        "scenario": SINGLE_STREAM,
        "threads": threads,
        "environment": environments.OWN,
        "runtime": opener.runtime(),
        **dict.fromkeys(unknown),
    }


def _parity(prepared: Prepared, variant: Variant, call: processes.Call) -> dict[str, Any]:
    """How far the outputs of all sets are from the reference's; None for the reference itself."""
    if variant.name == REFERENCE:
        return {"parity": None, "parity_max_rel_error": None}
    outputs = _outputs(call, prepared.sets)
    found = parity.compared(outputs, prepared.reference, prepared.facts.classes)
    about = {"reference": REFERENCE, **found}
    return {"parity": about, "parity_max_rel_error": found["max_rel_error"]}


def _outputs(call: processes.Call, sets: list[dict[str, Any]]) -> list[list[Any]]:
    """Of all sets, as copies: a runtime may give the same memory again."""
    return [[array.copy() for array in call(arrays)] for arrays in sets]


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """What `isthmus gate` refuses to compare across, and what it warns of."""
    machine_info["isthmus"] = {
        "fingerprint": fingerprint.fingerprint(),
        "conditions": fingerprint.conditions(),
        "versions": fingerprint.versions(),
    }
