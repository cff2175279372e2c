"""The rows of who runs a workload, and where their interpreters are looked for."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from places import ROOT

from isthmus.benchmarks.harness import environments, variants
from isthmus.benchmarks.harness.processes import opener_name
from isthmus.benchmarks.harness.variants import FULL, OWN_OPENER, VARIANTS, Variant
from isthmus.errors import BackendMissing, UsageError
from isthmus.system import machine


def made(folder: Path, name: str) -> Path:
    """A folder that looks like an environment."""
    python = folder / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return python


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No environments but those made in this folder."""
    monkeypatch.setenv("ISTHMUS_PEERS", str(tmp_path))
    monkeypatch.setattr(environments, "_CHECKOUT", tmp_path / "no checkout")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_quick_run_needs_nothing_but_isthmus() -> None:
    names = [variant.name for variant in variants.find([])]
    by_hand = ["openvino-by-hand", "onnxruntime-by-hand"]
    assert names == ["numpy", "cpu", "onnxruntime-cpu", *by_hand]


def test_full_run_has_every_peer() -> None:
    peers = {v.name for v in VARIANTS if v.opener != OWN_OPENER}
    assert peers <= set(FULL)
    assert "gpu" not in FULL
    assert [variant.name for variant in variants.find(list(FULL))] == list(FULL)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_what_a_row_names_exists(variant: Variant) -> None:
    assert find_spec(opener_name(variant))
    pins = ROOT / "benchmarks" / "peers" / f"{variant.home}.txt"
    assert variant.home == environments.OWN or pins.exists()


def test_full_run_takes_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "gpus", list)
    assert [variant.name for variant in variants.full()] == list(FULL)
    monkeypatch.setattr(machine, "gpus", lambda: ["NVIDIA H100, 81559 MiB, 580.95"])
    assert [variant.name for variant in variants.full()] == [*FULL, "gpu"]


def test_names_differ() -> None:
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "peers").glob("*.txt")))
def test_every_peer_is_pinned(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    assert lines
    assert [line for line in lines if line.count("==") != 1] == []


def test_unknown_variant_is_an_error() -> None:
    with pytest.raises(UsageError, match="no variant 'tensorflow'; there are numpy, cpu"):
        variants.find(["cpu", "tensorflow"])


def test_own_interpreter() -> None:
    assert environments.interpreter("own") == Path(sys.executable)


def test_peer_without_environment_is_missing(nowhere: Path) -> None:
    with pytest.raises(BackendMissing, match=r"no environment 'torch'.*make peers"):
        environments.interpreter("torch")


def test_chosen_folder_comes_first(nowhere: Path) -> None:
    beside = made(nowhere / ".peers", "jax")
    assert environments.interpreter("jax") == beside
    chosen = made(nowhere, "jax")
    assert environments.interpreter("jax") == chosen


def test_by_hand_runs_in_our_own_environment_where_it_has_none(nowhere: Path) -> None:
    (variant,) = variants.find(["openvino-by-hand"])
    assert variant.environment == "own"
    assert environments.interpreter(variant.environment) == Path(sys.executable)
    made(nowhere, "openvino")
    assert variant.environment == "openvino"
