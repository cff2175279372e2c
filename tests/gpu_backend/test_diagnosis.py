"""What doctor finds out about ONNX Runtime and CUDA, and the commands that mend what is missing."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnxruntime

from isthmus.cli import main
from isthmus.gpu_backend import GpuBackend, diagnosis
from isthmus.gpu_backend.session import LIBRARIES
from isthmus.system import nvidia

FINE = dict.fromkeys(LIBRARIES, True)
GPU = {"onnxruntime-gpu": "1.31.1"}


def test_what_is_here() -> None:
    told = dict(GpuBackend().diagnosis().found)
    assert told["a session on cpu loads"] == "CPUExecutionProvider"
    assert onnxruntime.__version__ in told["packages"]
    assert set(LIBRARIES) <= set(told)
    if nvidia.query(["name"]):
        return
    assert told["driver"] == "none that nvidia-smi knows"
    assert told["a session on cuda loads"].startswith("nothing: ")
    assert GpuBackend().diagnosis().problems == ()


@pytest.mark.parametrize(
    ("driver", "packages", "libraries", "problem", "remedy"),
    [
        ("570.86", GPU, FINE, "the driver is 570.86", "install NVIDIA driver 580 or newer"),
        ("580.65", {}, FINE, "onnxruntime-gpu is not installed", "pip install 'isthmus[gpu]'"),
        ("580.65", {"onnxruntime": "1.32.0"}, FINE, "onnxruntime-gpu is not installed",
         "pip uninstall -y onnxruntime && pip install 'isthmus[gpu]'"),
        ("580.65", GPU, {**FINE, "libcublasLt.so.13": False}, "cuBLAS 13 (libcublasLt.so.13) does",
         "pip install 'nvidia-cublas~=13.0'"),
        ("580.65", GPU, {**FINE, "libcudnn.so.9": False}, "cuDNN 9 (libcudnn.so.9) does not load",
         "pip install 'nvidia-cudnn-cu13~=9.0'"),
        ("580.65", GPU, FINE, "no session loads CUDA", "pip install --force-reinstall"),
    ],
)  # fmt: skip
def test_each_problem_has_its_command(
    driver: str, packages: dict[str, str], libraries: dict[str, bool], problem: str, remedy: str
) -> None:
    ((said, command),) = diagnosis._problems([driver], packages, libraries)
    assert said.startswith(problem) and command.startswith(remedy)


def test_a_machine_without_a_gpu_has_no_problem() -> None:
    assert diagnosis._problems([], {}, dict.fromkeys(LIBRARIES, False)) == []


def test_doctor_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    runtimes = json.loads(capsys.readouterr().out)["runtimes"]
    assert runtimes["gpu"]["a session on cpu loads"] == "CPUExecutionProvider"
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "the runtime of backend gpu" in shown and "libcudnn.so.9" in shown
