"""The pytest-benchmark files, run as their users run them; no assertion is about time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from needed_samples import needs_samples
from places import ROOT

from isthmus.benchmarks.gate import compare_files
from isthmus.benchmarks.harness.fingerprint import fingerprint
from isthmus.benchmarks.work import workloads
from isthmus.reports import read
from isthmus.system.threads import affinity, available_threads

OWN = ("numpy", "cpu", "onnxruntime-cpu", "gpu", "openvino-by-hand", "onnxruntime-by-hand")


needs_quota = pytest.mark.skipif(
    affinity() > available_threads(), reason="the quota is below the processors: needs taskset"
)


def _pytest(*arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    # Inside a worker of pytest-xdist, a pytest started here would switch its benchmarks off.
    env = {name: value for name, value in os.environ.items() if "PYTEST_XDIST" not in name}
    finished = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.mark.parametrize(
    ("name", "some"), [("bench_models", workloads.QUICK), ("bench_catalogue", ["resnet-50-b8"])]
)
def test_every_workload_runs_on_every_variant_of_this_environment(
    name: str, some: list[str]
) -> None:
    lines = _pytest("--collect-only", f"studies/{name}.py").splitlines()
    found = {line.partition("::")[2] for line in lines}
    assert {f"test_model[{work}-{variant}]" for work in some for variant in OWN} <= found


def test_the_suite_does_not_collect_them() -> None:
    lines = _pytest("--collect-only", "studies", "tests/system/test_threads.py").splitlines()
    assert not [line for line in lines if line.startswith("studies")]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "result.json"
    names = ("mobilenet-v2-numpy", "mobilenet-v2-onnxruntime-cpu")
    chosen = [f"studies/bench_models.py::test_model[{name}]" for name in names]
    _pytest(*chosen, "--benchmark-json", str(path))
    return path


@needs_samples
@needs_quota
def test_reports_read_their_json(measured: Path) -> None:
    native, other = read(measured).results
    assert (native.workload, native.variant) == ("mobilenet-v2", "numpy")
    assert other.variant == "onnxruntime-cpu"
    assert other.runtime.startswith("onnxruntime 1.")
    assert other.threads == native.threads == available_threads()
    assert (other.batch, other.sequence, other.precision) == (1, None, "f32")
    assert other.operations == pytest.approx(0.6e9, rel=0.06)
    assert other.peak_memory_bytes is other.compile_seconds is None
    assert native.parity_max_rel_error is None
    assert other.parity_max_rel_error is not None
    assert 0 < other.parity_max_rel_error < 1e-4


@needs_samples
@needs_quota
def test_a_round_is_one_call_and_there_are_five_at_least(measured: Path) -> None:
    entries: list[dict[str, Any]] = json.loads(measured.read_text())["benchmarks"]
    for entry in entries:
        assert entry["stats"]["iterations"] == 1
        assert len(entry["stats"]["data"]) >= 5
        assert entry["options"]["disable_gc"]
        assert entry["extra_info"]["warm_up"]["calls"] > 0


@needs_samples
@needs_quota
def test_the_gate_compares_them_and_knows_the_machine(measured: Path) -> None:
    document = json.loads(measured.read_text())
    assert document["machine_info"]["isthmus"]["fingerprint"] == fingerprint()
    outcome = compare_files(measured, measured)
    ratios = [one.ratio for one in outcome.verdicts if one.metric == "latency_p50_ms"]
    assert ratios == [1, 1]
    assert any("copy" in line for line in outcome.warnings)
