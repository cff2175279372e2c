"""The check of a machine with a GPU: one line without one, and its arithmetic on the processor."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from places import ROOT

import isthmus as im
from isthmus.system import nvidia
from studies import gpu_check

pytest.importorskip("onnxruntime")


@pytest.mark.skipif(bool(nvidia.query(["name"])), reason="this machine has a GPU")
def test_without_a_gpu_it_is_one_line_and_a_code(tmp_path: Any) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "studies.gpu_check", str(tmp_path / "result.json")],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert ended.returncode == 5 and ended.stdout == ""
    assert ended.stderr == "no GPU that nvidia-smi knows; nothing of this check was measured\n"
    assert list(tmp_path.iterdir()) == []


def on_the_processor(name: str, batch: int, precision: str, **levers: Any) -> im.Executable:
    net = gpu_check.model(name)
    specs = gpu_check.specs(name, batch)
    return im.compile(net, specs, backend="gpu", device="cpu", precision=precision)


def test_parity_is_of_every_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_check, "on_gpu", on_the_processor)
    rows = gpu_check.parity("mobilenet-v2")
    assert [row["what"].split()[-1] for row in rows] == ["f32", "f16"]
    assert all(row["ok"] and 0 < row["error"] < row["limit"] for row in rows)
    assert rows[0]["error"] < rows[1]["error"]


def test_a_failure_is_told_and_time_that_is_over() -> None:
    def fails() -> Any:
        raise RuntimeError("CUDA\nfailed")

    clock = gpu_check.Clock(1)
    (row,) = gpu_check.guarded("speed", clock, fails)
    assert gpu_check.told(row) == "speed: problem CUDA failed FAILED"
    (row,) = gpu_check.guarded("speed", gpu_check.Clock(0), fails)
    assert gpu_check.told(row) == "speed: not_measured the minutes are over"
